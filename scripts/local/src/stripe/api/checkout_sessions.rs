//! `/v1/checkout/sessions`.

use super::Call;
use crate::stripe::error::Refusal;
use crate::stripe::form::Parameters;
use crate::stripe::ids;
use crate::stripe::objects::{LineItem, MissingMethod, Mode, PaymentStatus, Session, SessionStatus};
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::{Value, json};

const MINUTE_SECONDS: i64 = 60;
const DAY_SECONDS: i64 = 24 * 60 * MINUTE_SECONDS;
const TRIAL_DAYS_MAX: i64 = 730;
/// How far off the end of a trial must be when the payer is still to come.
const CHECKOUT_TRIAL_SECONDS_MIN: i64 = 2 * DAY_SECONDS;
const REFERENCE_LENGTH_MAX: usize = 200;

pub(super) fn create(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let mode = match parameters.required("mode")? {
        "subscription" => Mode::Subscription,
        "payment" => Mode::Payment,
        _ => {
            return Err(Refusal::invalid(
                "Invalid mode: this stand-in for Stripe has payment and subscription",
            ));
        }
    };
    if mode == Mode::Payment && parameters.has("subscription_data") {
        return Err(Refusal::invalid("You can not pass `subscription_data` in `payment` mode."));
    }
    if parameters.text("ui_mode").is_some_and(|mode| mode != "hosted_page") {
        return Err(Refusal::invalid("This stand-in for Stripe has the hosted page only."));
    }
    let line_items = line_items_of(state, parameters, mode)?;
    let success_url = url(parameters, "success_url")?.ok_or_else(|| Refusal::missing("success_url"))?;
    let cancel_url = url(parameters, "cancel_url")?;
    let (customer, email) = customer_of(state, parameters)?;
    let now = state.now();
    let reference = parameters.text("client_reference_id");
    if reference.is_some_and(|reference| reference.len() > REFERENCE_LENGTH_MAX) {
        return Err(Refusal::invalid("Invalid string: client_reference_id is at most 200 characters long"));
    }
    let (trial_days, trial_end) = trial_of(parameters, "subscription_data.")?;
    if trial_end.is_some_and(|end| end < now + CHECKOUT_TRIAL_SECONDS_MIN) {
        return Err(Refusal::invalid("The `trial_end` date has to be at least 2 days in the future."));
    }
    let id = ids::new("cs_test_");
    let session = Session {
        created: now,
        expires_at: expiry(parameters, now)?,
        mode,
        status: SessionStatus::Open,
        payment_status: PaymentStatus::Unpaid,
        customer,
        customer_email: parameters.text("customer_email").map(str::to_owned),
        payer_email: email,
        client_reference_id: reference.map(str::to_owned),
        metadata: parameters.map("metadata"),
        subscription_metadata: parameters.map("subscription_data.metadata"),
        trial_days,
        trial_end,
        missing_method: missing_method(parameters, "subscription_data.trial_settings")?,
        allow_promotion_codes: parameters.boolean("allow_promotion_codes")?,
        automatic_tax: parameters.boolean("automatic_tax.enabled")?.unwrap_or(false),
        line_items,
        success_url,
        cancel_url,
        subscription: None,
        invoice: None,
        payment_intent: None,
        failed: false,
        url: Session::page(&state.base_url, &id),
        id,
    };
    let shown = session.render();
    state.sessions.insert(session);
    Ok(shown)
}

/// The days of a trial, which are between one and two years' worth, or its end; the parameters begin like this.
pub(super) fn trial_of(parameters: &Parameters, below: &str) -> Result<(Option<i64>, Option<i64>), Refusal> {
    let days = parameters.integer(&format!("{below}trial_period_days"))?;
    let end = parameters.integer(&format!("{below}trial_end"))?;
    if days.is_some() && end.is_some() {
        let message = "You may only specify one of these parameters: trial_end, trial_period_days.";
        return Err(Refusal::invalid(message));
    }
    if days.is_some_and(|days| !(1..=TRIAL_DAYS_MAX).contains(&days)) {
        return Err(Refusal::invalid("The trial must be between 1 and 730 days long."));
    }
    Ok((days, end))
}

/// What the end of a trial means without a payment method.
pub(super) fn missing_method(parameters: &Parameters, below: &str) -> Result<MissingMethod, Refusal> {
    let Some(sent) = parameters.text(&format!("{below}.end_behavior.missing_payment_method")) else {
        return Ok(MissingMethod::default());
    };
    MissingMethod::by_name(sent).ok_or_else(|| Refusal::invalid("Invalid missing_payment_method"))
}

fn line_items_of(state: &State, parameters: &Parameters, mode: Mode) -> Result<Vec<LineItem>, Refusal> {
    let sent = parameters.list("line_items");
    if sent.is_empty() {
        return Err(Refusal::missing("line_items"));
    }
    let item = |(index, sent): (usize, &Parameters)| {
        let name = |member: &str| format!("line_items[{index}][{member}]");
        let id = sent.text("price").ok_or_else(|| Refusal::missing(&name("price")))?;
        let price = state.prices.named(id, &name("price"))?;
        if !price.active {
            return Err(Refusal::wrong_state(format!("The price specified is inactive: {id}")));
        }
        match (mode, &price.recurring) {
            (Mode::Subscription, None) => {
                let message = "You must provide at least one recurring price in `subscription` mode.";
                return Err(Refusal::wrong_state(message));
            }
            (Mode::Payment, Some(_)) => {
                let message = "You specified `payment` mode but passed a recurring price.";
                return Err(Refusal::wrong_state(message));
            }
            _ => {}
        }
        let quantity = sent.integer("quantity")?.ok_or_else(|| Refusal::missing(&name("quantity")))?;
        if quantity < 1 {
            return Err(Refusal::invalid(format!("Invalid {}: it must be at least 1", name("quantity"))));
        }
        let product = state.products.get(&price.product);
        let shown = product.map_or_else(|| price.id.clone(), |product| product.name.clone());
        Ok(LineItem { id: ids::new("li_"), name: shown, price: price.clone(), quantity })
    };
    sent.into_iter().enumerate().map(item).collect()
}

/// The customer, if one is named, and the e-mail address that the page shows.
fn customer_of(state: &State, parameters: &Parameters) -> Result<(Option<String>, Option<String>), Refusal> {
    let email = parameters.text("customer_email");
    let Some(id) = parameters.text("customer") else { return Ok((None, email.map(str::to_owned))) };
    if email.is_some() {
        return Err(Refusal::invalid(
            "You may only specify one of these parameters: customer, customer_email.",
        ));
    }
    let customer = state.customers.named(id, "customer")?;
    if customer.deleted {
        return Err(Refusal::no_such("customer", id, "customer"));
    }
    Ok((Some(id.to_owned()), customer.email.clone()))
}

/// An address that was sent, which must be a whole one.
pub(super) fn url(parameters: &Parameters, name: &str) -> Result<Option<String>, Refusal> {
    let Some(url) = parameters.text(name) else { return Ok(None) };
    let whole = url.starts_with("https://") || url.starts_with("http://");
    if whole && url.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(Some(url.to_owned()))
    } else {
        Err(Refusal::malformed(name, "url_invalid", url))
    }
}

fn expiry(parameters: &Parameters, now: i64) -> Result<i64, Refusal> {
    let expires_at = parameters.integer("expires_at")?.unwrap_or(now + DAY_SECONDS);
    if expires_at < now + 30 * MINUTE_SECONDS || expires_at > now + DAY_SECONDS {
        let message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from creation.";
        return Err(Refusal::invalid(message));
    }
    Ok(expires_at)
}

pub(super) fn get(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    Ok(state.sessions.find(call.id())?.render())
}

pub(super) fn list(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let (customer, subscription) = (parameters.text("customer"), parameters.text("subscription"));
    parameters.one_of("status", &["open", "complete", "expired"])?;
    let (status, email) = (parameters.text("status"), parameters.text("customer_details.email"));
    let wanted = |session: &Session| {
        customer.is_none_or(|_| session.customer.as_deref() == customer)
            && subscription.is_none_or(|_| session.subscription.as_deref() == subscription)
            && status.is_none_or(|status| session.status.name() == status)
            && email.is_none_or(|_| session.payer_email.as_deref() == email)
    };
    state.sessions.page("/v1/checkout/sessions", parameters, wanted)
}

pub(super) fn expire(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let status = state.sessions.find(call.id())?.status;
    if status != SessionStatus::Open {
        return Err(Refusal::wrong_state(format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of \
             `{}`.",
            status.name()
        )));
    }
    state.expire_session(call.id());
    get(state, call)
}

pub(super) fn line_items(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let session = state.sessions.find(call.id())?;
    let data: Vec<Value> = session.line_items.iter().map(LineItem::render).collect();
    let url = format!("/v1/checkout/sessions/{}/line_items", session.id);
    Ok(json!({ "object": "list", "data": data, "has_more": false, "url": url }))
}
