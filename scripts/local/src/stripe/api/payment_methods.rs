//! `/v1/payment_methods`: those on file, and Stripe's ready-made test cards, each of which becomes one when it is used.

use super::Call;
use crate::stripe::error::Refusal;
use crate::stripe::ids;
use crate::stripe::objects::{Card, Metadata, PaymentMethod};
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::Value;

/// The id of the payment method that this id or ready-made name stands for.
pub(super) fn usable(state: &mut State, id: &str) -> Result<String, Refusal> {
    let Some(card) = Card::by_token(id) else {
        return Ok(state.payment_methods.named(id, "payment_method")?.id.clone());
    };
    if card == Card::Declined {
        return Err(Refusal::declined());
    }
    let method = PaymentMethod {
        id: ids::new("pm_"),
        created: state.now(),
        customer: None,
        email: None,
        card: Some(card),
        metadata: Metadata::new(),
    };
    let id = method.id.clone();
    state.payment_methods.insert(method);
    Ok(id)
}

/// Makes it the customer's.
pub(super) fn bind(state: &mut State, id: &str, customer: &str) {
    if let Some(method) = state.payment_methods.get_mut(id) {
        method.customer = Some(customer.to_owned());
        let shown = method.render();
        state.emit("payment_method.attached", shown);
    }
}

pub(super) fn attach(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let customer = call.parameters.required("customer")?;
    let customer = state.customers.named(customer, "customer")?.id.clone();
    let id = usable(state, call.id())?;
    let owner = state.payment_methods.find(&id)?.customer.as_ref();
    if owner.is_some_and(|owner| *owner != customer) {
        return Err(Refusal::wrong_state("The payment method is already attached to another customer."));
    }
    bind(state, &id, &customer);
    Ok(state.payment_methods.find(&id)?.render())
}

pub(super) fn get(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    Ok(state.payment_methods.find(call.id())?.render())
}
