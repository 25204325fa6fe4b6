//! The billing portal at a portal session's `url`: cancel now or later, resume, switch the plan, pay what is
//! open, change the card.

use super::html::{alert, document, escape, money, notice, respond};
use crate::stripe::calendar;
use crate::stripe::error::Refusal;
use crate::stripe::objects::{Card, Invoice, InvoiceStatus, PortalSession, Price, Subscription};
use crate::stripe::state::{Shared, State};
use axum::Router;
use axum::extract::{Form, Path, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use std::fmt::Write;
use std::sync::Arc;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new().route("/p/session/{id}", get(show).post(submit)).with_state(shared)
}

/// What a form sends.
#[derive(Deserialize)]
struct Submitted {
    subscription: String,
    /// `cancel-at-period-end`, `cancel-at`, `cancel-now`, `resume`, `switch`, `pay` or `card`: the button.
    action: String,
    /// The card that replaces the one on file.
    #[serde(default)]
    card_number: String,
    /// The price to switch to.
    price: Option<String>,
}

async fn show(Extract(shared): Extract<Arc<Shared>>, Path(id): Path<String>) -> Response {
    page(&shared, &id, None)
}

async fn submit(
    Extract(shared): Extract<Arc<Shared>>,
    Path(id): Path<String>,
    Form(submitted): Form<Submitted>,
) -> Response {
    match shared.act(|state| act(state, &id, &submitted)) {
        // The page again, so that a reload asks for it rather than repeats the change.
        Ok(()) => Redirect::to(&format!("/p/session/{id}")).into_response(),
        Err(refusal) => page(&shared, &id, Some(refusal.message())),
    }
}

fn act(state: &mut State, id: &str, submitted: &Submitted) -> Result<(), Refusal> {
    let customer = &state.portal_sessions.find(id)?.customer;
    let subscription = state.subscriptions.find(&submitted.subscription)?;
    // The page shows a customer their own subscriptions; the form must not reach those of others.
    if subscription.customer != *customer || subscription.is_over() {
        return Err(Refusal::wrong_state("This subscription cannot be changed."));
    }
    let (end, now) = (subscription.period_end(), state.now());
    let target = submitted.subscription.as_str();
    match submitted.action.as_str() {
        "cancel-at-period-end" => state.schedule_end(target, Some(end), true),
        "cancel-at" => state.schedule_end(target, Some(end), false),
        "cancel-now" => state.cancel_subscription(target, "cancellation_requested"),
        "resume" => state.schedule_end(target, None, false),
        "switch" => {
            let wanted = submitted.price.as_deref().unwrap_or_default();
            let price = state.prices.named(wanted, "price")?.clone();
            if price.recurring.is_none() || !price.active {
                return Err(Refusal::wrong_state("This price cannot be subscribed to."));
            }
            state.change_subscription(target, |subscription| {
                if let Some(item) = subscription.items.first_mut() {
                    item.change_price(price, now);
                }
            });
        }
        "pay" => pay_open_invoices(state, target)?,
        "card" => {
            let customer = subscription.customer.clone();
            let card = Card::by_number(&submitted.card_number);
            let card = card.ok_or_else(|| Refusal::invalid("This is none of the test cards."))?;
            if card == Card::Declined {
                return Err(Refusal::declined());
            }
            let method = state.add_payment_method(None, Some(card));
            state.attach(&method, &customer);
            state.make_default(&method, &customer);
        }
        _ => return Err(Refusal::invalid("Choose one of the buttons.")),
    }
    Ok(())
}

/// The invoices of a subscription that wait for money, oldest first: the open ones, and the latest draft of an unpaid one.
fn open_invoices(state: &State, subscription: &Subscription) -> Vec<String> {
    let of_it = |invoice: &&Invoice| invoice.subscription_id() == Some(subscription.id.as_str());
    let is_waiting = |invoice: &&Invoice| {
        let is_latest = subscription.latest_invoice.as_ref() == Some(&invoice.id);
        invoice.status == InvoiceStatus::Open
            || (invoice.status == InvoiceStatus::Draft && is_latest && subscription.status == "unpaid")
    };
    let waiting = state.invoices.iter().filter(of_it).filter(is_waiting);
    waiting.map(|invoice| invoice.id.clone()).collect()
}

/// The portal takes a card that pays, whatever failed before, and keeps it for the renewals.
fn pay_open_invoices(state: &mut State, subscription: &str) -> Result<(), Refusal> {
    let subscription = state.subscriptions.find(subscription)?;
    let customer = subscription.customer.clone();
    let open = open_invoices(state, subscription);
    if open.is_empty() {
        return Err(Refusal::wrong_state("There is no open invoice."));
    }
    let method = state.add_payment_method(None, Some(Card::Pays));
    state.attach(&method, &customer);
    state.make_default(&method, &customer);
    for invoice in open {
        state.pay_invoice(&invoice, &method)?;
    }
    Ok(())
}

fn page(shared: &Shared, id: &str, message: Option<&str>) -> Response {
    let (status, html) = shared.act(|state| match state.portal_sessions.find(id) {
        Ok(session) => {
            let status = if message.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            (status, html_of(state, session, message))
        }
        Err(_) => {
            (StatusCode::NOT_FOUND, notice("There is no such page", "The link is wrong or incomplete."))
        }
    });
    respond(status, html)
}

fn html_of(state: &State, session: &PortalSession, message: Option<&str>) -> String {
    let theirs =
        state.subscriptions.iter().rev().filter(|subscription| subscription.customer == session.customer);
    let mut sections = String::new();
    for subscription in theirs {
        sections.push_str(&section(state, subscription));
    }
    if sections.is_empty() {
        sections.push_str("<p>There is no subscription yet.</p>");
    }
    let back = session.return_url.as_ref();
    let back = back.map(|url| format!("<p><a href=\"{}\">Back to the shop</a></p>", escape(url)));
    let body = format!(
        "<span class=\"badge\">stand-in, no real money</span><h1>Your billing</h1>{}{sections}{}",
        alert(message),
        back.unwrap_or_default()
    );
    document("Billing", &body)
}

fn section(state: &State, subscription: &Subscription) -> String {
    let name = |price: &Price| {
        let product = state.products.get(&price.product);
        let name = product.map_or(price.id.as_str(), |product| product.name.as_str());
        format!("{}, {}", escape(name), money(price.unit_amount, &price.currency))
    };
    let present = subscription.items.first().map(|item| &item.price);
    let title = present.map(name).unwrap_or_default();
    let state_of_it = match subscription.cancel_at {
        _ if subscription.is_over() => escape(&subscription.status),
        Some(end) => format!("{}, ends {}", escape(&subscription.status), calendar::http_date(end)),
        None => format!(
            "{}, until {}",
            escape(&subscription.status),
            calendar::http_date(subscription.period_end())
        ),
    };
    let mut forms = String::new();
    if !subscription.is_over() {
        let others = state.prices.iter().filter(|price| price.active && price.recurring.is_some());
        let options = others
            .filter(|price| present.is_none_or(|present| present.id != price.id))
            .map(|price| format!("<option value=\"{}\">{}</option>", escape(&price.id), name(price)));
        forms = buttons(
            subscription,
            &options.collect::<String>(),
            !open_invoices(state, subscription).is_empty(),
        );
    }
    format!("<section><h2>{title}</h2><p class=\"hint\">{state_of_it}</p>{forms}</section>")
}

fn buttons(subscription: &Subscription, options: &str, is_open: bool) -> String {
    let id = escape(&subscription.id);
    let mut buttons =
        format!("<form method=\"post\"><input type=\"hidden\" name=\"subscription\" value=\"{id}\">");
    let mut button = |action: &str, text: &str| {
        write!(buttons, "<button name=\"action\" value=\"{action}\">{text}</button>")
            .expect("writing to a string does not fail");
    };
    if is_open {
        button("pay", "Pay the open invoice");
    }
    if subscription.cancel_at.is_some() {
        button("resume", "Resume");
    } else {
        button("cancel-at-period-end", "Cancel at the period's end");
        button("cancel-at", "Cancel at that date (as <code>cancel_at</code>)");
    }
    button("cancel-now", "Cancel now");
    if !options.is_empty() {
        write!(
            buttons,
            "<label for=\"price-{id}\">Another plan</label><select id=\"price-{id}\" name=\"price\">{options}</select>\
             <button name=\"action\" value=\"switch\">Switch</button>"
        )
        .expect("writing to a string does not fail");
    }
    write!(
        buttons,
        "<label for=\"card-{id}\">Another card</label><input id=\"card-{id}\" name=\"card_number\" inputmode=\"numeric\" \
         placeholder=\"4242 4242 4242 4242\"><button name=\"action\" value=\"card\">Change the card</button></form>"
    )
    .expect("writing to a string does not fail");
    buttons
}
