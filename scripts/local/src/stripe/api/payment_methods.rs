//! `/v1/payment_methods`: those on file, and Stripe's ready-made test cards, each of which becomes one when it is used.

use super::Call;
use super::customers::{change_metadata, change_text};
use crate::stripe::error::Refusal;
use crate::stripe::objects::{Card, PaymentMethod, settling_of};
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::Value;

/// Refuses a payment method that this customer, or a new one, cannot pay with.
pub(super) fn check(state: &State, id: &str, customer: Option<&str>, param: &str) -> Result<(), Refusal> {
    match Card::by_token(id) {
        Some(Card::Declined) => Err(Refusal::declined()),
        Some(_) => Ok(()),
        None => match state.payment_methods.named(id, param)?.customer.as_deref() {
            Some(owner) if customer != Some(owner) => {
                Err(Refusal::wrong_state("The payment method is already attached to another customer."))
            }
            _ => Ok(()),
        },
    }
}

/// The payment method that this id or ready-made name stands for, made the customer's.
pub(super) fn on_file(state: &mut State, id: &str, customer: &str, param: &str) -> Result<String, Refusal> {
    check(state, id, Some(customer), param)?;
    let method = match Card::by_token(id) {
        None => id.to_owned(),
        Some(card) => match with_card(state, customer, card) {
            Some(method) => method,
            None => state.add_payment_method(None, Some(card)),
        },
    };
    state.attach(&method, customer);
    Ok(method)
}

/// The customer's latest payment method of this card.
fn with_card(state: &State, customer: &str, card: Card) -> Option<String> {
    let mut methods = state.payment_methods.iter().rev();
    let method = methods.find(|one| one.customer.as_deref() == Some(customer) && one.card == Some(card))?;
    Some(method.id.clone())
}

pub(super) fn create(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let iban = parameters.text("sepa_debit.iban");
    let card = match parameters.required("type")? {
        "card" => Some(card_of(call)?),
        "sepa_debit" => None,
        _ => return Err(Refusal::invalid("Invalid type: this stand-in for Stripe has card and sepa_debit")),
    };
    let id = state.add_payment_method(parameters.text("billing_details.email").map(str::to_owned), card);
    let method = state.payment_methods.find_mut(&id)?;
    method.settles = iban.and_then(settling_of);
    method.metadata = parameters.map("metadata");
    Ok(method.render())
}

fn card_of(call: &Call) -> Result<Card, Refusal> {
    let (token, number) = (call.parameters.text("card.token"), call.parameters.text("card.number"));
    let card = token.and_then(Card::by_token).or_else(|| number.and_then(Card::by_number));
    card.ok_or_else(|| Refusal::invalid("This stand-in for Stripe knows its test cards only."))
}

pub(super) fn attach(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let customer = call.parameters.required("customer")?;
    let customer = state.customers.named(customer, "customer")?.id.clone();
    let id = on_file(state, call.id(), &customer, "payment_method")?;
    Ok(state.payment_methods.find(&id)?.render())
}

pub(super) fn detach(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    if state.payment_methods.find(call.id())?.customer.is_none() {
        let message =
            "The payment method you provided is not attached to a customer so detachment is impossible.";
        return Err(Refusal::wrong_state(message));
    }
    state.detach(call.id());
    get(state, call)
}

pub(super) fn update(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let method = state.payment_methods.find_mut(call.id())?;
    let before = method.render();
    change_text(&mut method.email, &call.parameters, "billing_details.email");
    change_metadata(&mut method.metadata, &call.parameters);
    let shown = method.render();
    state.emit_update("payment_method.updated", &before, shown.clone());
    Ok(shown)
}

pub(super) fn get(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    Ok(state.payment_methods.find(call.id())?.render())
}

pub(super) fn list(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let (customer, kind) = (call.parameters.text("customer"), call.parameters.text("type"));
    let wanted = |method: &PaymentMethod| {
        customer.is_none_or(|_| method.customer.as_deref() == customer)
            && kind.is_none_or(|kind| method.kind() == kind)
    };
    state.payment_methods.page("/v1/payment_methods", &call.parameters, wanted)
}
