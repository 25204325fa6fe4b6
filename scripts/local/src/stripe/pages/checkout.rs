//! The hosted checkout page at a session's `url`: one HTML form that needs no script. It is served and answered at the
//! same address, so that a person, a browser test and a terminal all pay in the same way.

use super::authentication::question;
use super::html::{alert, document, escape, money, notice, respond};
use crate::stripe::calendar;
use crate::stripe::control::refused;
use crate::stripe::error::Refusal;
use crate::stripe::life::Means;
use crate::stripe::objects::{Card, LineItem, Mode, Owner, PaymentState, Session, SessionStatus};
use crate::stripe::state::Shared;
use axum::extract::{Form, Path, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::sync::Arc;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new().route("/c/pay/{id}", get(show).post(submit)).with_state(shared)
}

/// What the form sends.
#[derive(Deserialize)]
struct Submitted {
    /// `pay`, `decline`, `delayed` or `leave`: the button; `authenticate` or `refuse` where the bank asks.
    action: String,
    #[serde(default)]
    card_number: String,
    email: Option<String>,
}

/// What a payer may do.
enum Action {
    Pay(Means),
    /// The bank asks the owner of this card first.
    Ask,
    Leave,
}

impl Submitted {
    fn action(&self) -> Result<Action, &'static str> {
        match self.action.as_str() {
            "pay" => match Card::by_number(&self.card_number) {
                Some(card) if card.charged(Owner::Present) == PaymentState::AwaitsAction => Ok(Action::Ask),
                Some(card) => Ok(Action::Pay(Means::Card(card))),
                None => Err("Your card number is invalid: use one of the test cards below."),
            },
            "authenticate" => match Card::by_number(&self.card_number) {
                Some(card) => Ok(Action::Pay(Means::Authenticated(card))),
                None => Err("Your card number is invalid: use one of the test cards below."),
            },
            "refuse" => {
                Err("We are unable to authenticate your payment method. Choose another one and try again.")
            }
            "decline" => Ok(Action::Pay(Means::Card(Card::Declined))),
            "delayed" => Ok(Action::Pay(Means::Delayed)),
            "leave" => Ok(Action::Leave),
            _ => Err("Choose one of the buttons."),
        }
    }
}

async fn show(Extract(shared): Extract<Arc<Shared>>, Path(id): Path<String>) -> Response {
    page(&shared, &id, None)
}

async fn submit(
    Extract(shared): Extract<Arc<Shared>>,
    Path(id): Path<String>,
    Form(submitted): Form<Submitted>,
) -> Response {
    match submitted.action() {
        Err(message) => page(&shared, &id, Some(message)),
        Ok(Action::Leave) => leave(&shared, &id),
        Ok(Action::Ask) => ask(&shared, &id, &submitted),
        Ok(Action::Pay(means)) => match pay(&shared, &id, &means, submitted.email.as_deref()).await {
            Ok(address) => Redirect::to(&address).into_response(),
            Err(refusal) => page(&shared, &id, Some(refusal.message())),
        },
    }
}

/// Pays, waits for the webhook endpoint as Checkout does, and gives the address to go on to.
async fn pay(shared: &Arc<Shared>, id: &str, means: &Means, email: Option<&str>) -> Result<String, Refusal> {
    // A payer who closes the page has paid all the same: the wait alone ends with the connection.
    let completed = shared.act(|state| state.pay_session(id, means, email))?;
    shared.first_answer(&completed).await;
    Ok(shared.lock().sessions.find(id)?.return_address())
}

/// The bank's question, which keeps what the payer has written; nothing is paid before it is answered.
fn ask(shared: &Shared, id: &str, submitted: &Submitted) -> Response {
    let is_open =
        shared.act(|state| state.sessions.get(id).is_some_and(|one| one.status == SessionStatus::Open));
    if !is_open {
        return page(shared, id, None);
    }
    let hidden = |name: &str, value: &str| {
        format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value))
    };
    let mut kept = hidden("card_number", &submitted.card_number);
    kept.push_str(&submitted.email.as_deref().map(|email| hidden("email", email)).unwrap_or_default());
    respond(StatusCode::OK, question(&kept))
}

fn leave(shared: &Shared, id: &str) -> Response {
    let address = match shared.lock().sessions.find(id) {
        Ok(session) => session.cancel_url.clone(),
        Err(refusal) => return refused(&refusal),
    };
    match address {
        Some(address) => Redirect::to(&address).into_response(),
        None => page(shared, id, Some("This session has no address to go back to; you can close the page.")),
    }
}

fn page(shared: &Shared, id: &str, message: Option<&str>) -> Response {
    let (status, html) = shared.act(|state| match state.sessions.find(id) {
        Ok(session) => (status_of(session, message), html_of(session, message)),
        Err(_) => {
            (StatusCode::NOT_FOUND, notice("There is no such page", "The link is wrong or incomplete."))
        }
    });
    respond(status, html)
}

fn status_of(session: &Session, message: Option<&str>) -> StatusCode {
    match session.status {
        SessionStatus::Open if message.is_some() => StatusCode::PAYMENT_REQUIRED,
        SessionStatus::Open => StatusCode::OK,
        SessionStatus::Complete | SessionStatus::Expired => StatusCode::GONE,
    }
}

/// The page of this session, with what the payer is to know first.
fn html_of(session: &Session, message: Option<&str>) -> String {
    match session.status {
        SessionStatus::Open => form(session, message),
        SessionStatus::Complete => notice("You have paid already", "This checkout session is complete."),
        SessionStatus::Expired => {
            notice("This page has expired", "Go back to the shop and begin again; nothing was paid.")
        }
    }
}

fn form(session: &Session, message: Option<&str>) -> String {
    let mut items = String::new();
    for item in &session.line_items {
        write!(items, "<li><span>{}</span><span>{}</span></li>", escape(&item.name), per_period(item))
            .expect("writing to a string does not fail");
    }
    let free = match (session.trial_days, session.trial_end) {
        (Some(days), _) => Some(format!("{days} days free")),
        (None, end) => end.map(|end| format!("Free until {}", calendar::http_date(end))),
    };
    let trial = free.map(|free| {
        let later = money(session.price_of_a_period(), session.currency());
        format!("<p class=\"hint\">{free}, then {later} a period.</p>")
    });
    let email = match &session.payer_email {
        Some(email) => format!("<p class=\"hint\">Paying as {}</p>", escape(email)),
        None => "<label for=\"email\">Email</label>\
                 <input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"email\">"
            .to_owned(),
    };
    let body = format!(
        "<span class=\"badge\">stand-in, no real money</span><h1>{heading}</h1>\
         <p class=\"total\">{total}</p>{trial}<ul>{items}</ul>{alert}\
         <form method=\"post\">{email}\
         <label for=\"card_number\">Card number</label>\
         <input id=\"card_number\" name=\"card_number\" inputmode=\"numeric\" autocomplete=\"off\" \
         value=\"4242 4242 4242 4242\" aria-describedby=\"cards\">\
         <p class=\"hint\" id=\"cards\"><code>4242 4242 4242 4242</code> pays, <code>4000 0000 0000 0002</code> is \
         declined, <code>4000 0000 0000 0341</code> is declined when it is charged, <code>4000 0025 0000 3155</code> is \
         authenticated once, <code>4000 0027 6000 3184</code> at every charge, <code>4000 0000 0000 0259</code> is \
         disputed.</p>\
         <button class=\"go\" name=\"action\" value=\"pay\">Pay</button>\
         <button name=\"action\" value=\"delayed\">Pay with a delayed method</button>\
         <button name=\"action\" value=\"decline\">Decline</button>\
         <button name=\"action\" value=\"leave\">Leave</button></form>",
        heading = if session.mode == Mode::Subscription { "Subscribe" } else { "Pay" },
        total = money(session.total(), session.currency()),
        trial = trial.unwrap_or_default(),
        alert = alert(message),
    );
    document("Checkout", &body)
}

fn per_period(item: &LineItem) -> String {
    let amount = money(item.amount(), &item.price.currency);
    match item.price.recurring.as_ref() {
        Some(every) if every.count == 1 => format!("{amount} a {}", escape(&every.interval)),
        Some(every) => format!("{amount} every {} {}s", every.count, escape(&every.interval)),
        None => amount,
    }
}

/// The same payment for those who have no form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::stripe) struct Paying {
    #[serde(default = "paying_card")]
    card_number: String,
    #[serde(default)]
    delayed: bool,
    /// Whether the owner of the card says yes where the bank asks.
    #[serde(default)]
    authenticated: bool,
    email: Option<String>,
}

fn paying_card() -> String {
    "4242424242424242".to_owned()
}

/// Where the payer goes on.
#[derive(Serialize)]
struct Paid {
    redirect: String,
}

pub(in crate::stripe) async fn pay_by_json(
    Extract(shared): Extract<Arc<Shared>>,
    Path(id): Path<String>,
    Json(paying): Json<Paying>,
) -> Response {
    let means = match (paying.delayed, Card::by_number(&paying.card_number)) {
        (true, _) => Means::Delayed,
        (false, Some(card)) if paying.authenticated => Means::Authenticated(card),
        (false, Some(card)) => Means::Card(card),
        (false, None) => return refused(&Refusal::invalid("Your card number is invalid.")),
    };
    match pay(&shared, &id, &means, paying.email.as_deref()).await {
        Ok(redirect) => Json(Paid { redirect }).into_response(),
        Err(refusal) => refused(&refusal),
    }
}
