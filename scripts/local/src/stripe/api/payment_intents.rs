//! `/v1/payment_intents`: payments, made by invoices and sessions or by hand.

use super::Call;
use super::checkout_sessions::url;
use super::customers::{change_metadata, change_text};
use crate::stripe::error::Refusal;
use crate::stripe::life::NewPayment;
use crate::stripe::objects::{Card, PaymentIntent, PaymentState};
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::Value;

const REASONS: &[&str] = &["abandoned", "duplicate", "fraudulent", "requested_by_customer"];

/// The payment method that a parameter names; a test card becomes one, whatever it does when it is charged.
fn method_of(state: &mut State, call: &Call) -> Result<Option<String>, Refusal> {
    let Some(id) = call.parameters.text("payment_method") else { return Ok(None) };
    match Card::by_token(id) {
        Some(card) => Ok(Some(state.add_payment_method(None, Some(card)))),
        None => Ok(Some(state.payment_methods.named(id, "payment_method")?.id.clone())),
    }
}

fn captures_by_hand(call: &Call) -> Result<Option<bool>, Refusal> {
    call.parameters.one_of("capture_method", &["automatic", "automatic_async", "manual"])?;
    Ok(call.parameters.text("capture_method").map(|method| method == "manual"))
}

pub(super) fn create(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let amount = parameters.integer("amount")?.ok_or_else(|| Refusal::missing("amount"))?;
    if amount < 1 {
        return Err(Refusal::malformed("amount", "parameter_invalid_integer", &amount.to_string()));
    }
    let customer = parameters.text("customer");
    let customer =
        customer.map(|id| state.customers.named(id, "customer").map(|one| one.id.clone())).transpose()?;
    let confirm = parameters.boolean("confirm")?.unwrap_or(false);
    let payment = NewPayment {
        amount,
        currency: parameters.required("currency")?.to_lowercase(),
        customer,
        description: parameters.text("description").map(str::to_owned),
        metadata: parameters.map("metadata"),
        manual_capture: captures_by_hand(call)?.unwrap_or(false),
        return_url: url(parameters, "return_url")?,
        payment_method: method_of(state, call)?,
    };
    let id = state.begin_payment(payment);
    if confirm {
        state.confirm_payment(&id)?;
    }
    Ok(state.payment_intents.find(&id)?.render())
}

pub(super) fn get(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    Ok(state.payment_intents.find(call.id())?.render())
}

pub(super) fn list(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let customer = call.parameters.text("customer");
    let wanted = |intent: &PaymentIntent| customer.is_none_or(|_| intent.customer.as_deref() == customer);
    state.payment_intents.page("/v1/payment_intents", &call.parameters, wanted)
}

pub(super) fn update(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let intent = state.payment_intents.find_mut(call.id())?;
    change_text(&mut intent.description, &call.parameters, "description");
    change_metadata(&mut intent.metadata, &call.parameters);
    get(state, call)
}

pub(super) fn confirm(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let by_hand = captures_by_hand(call)?;
    let return_url = url(&call.parameters, "return_url")?;
    state.payment_intents.find(call.id())?;
    let method = method_of(state, call)?;
    let intent = state.payment_intents.find_mut(call.id())?;
    intent.manual_capture = by_hand.unwrap_or(intent.manual_capture);
    intent.return_url = return_url.or(intent.return_url.take());
    intent.payment_method = method.or(intent.payment_method.take());
    state.confirm_payment(call.id())?;
    get(state, call)
}

pub(super) fn capture(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let intent = state.payment_intents.find(call.id())?;
    if intent.state != PaymentState::Capturable {
        return Err(Refusal::wrong_payment_state(intent.status()));
    }
    state.end_payment(call.id(), PaymentState::Succeeded);
    get(state, call)
}

pub(super) fn cancel(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    call.parameters.one_of("cancellation_reason", REASONS)?;
    let now = state.now();
    let intent = state.payment_intents.find_mut(call.id())?;
    if [PaymentState::Succeeded, PaymentState::Canceled, PaymentState::Processing].contains(&intent.state) {
        return Err(Refusal::wrong_payment_state(intent.status()));
    }
    intent.canceled_at = Some(now);
    intent.cancellation_reason = call.parameters.text("cancellation_reason").map(str::to_owned);
    state.end_payment(call.id(), PaymentState::Canceled);
    get(state, call)
}

/// `/v1/charges/{}`: the one charge of a payment.
pub(super) fn charge(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let intent = state.charge(call.id()).ok_or_else(|| Refusal::not_found("charge", call.id()))?;
    Ok(intent.render_charge())
}
