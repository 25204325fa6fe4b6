//! `/v1/customers`.

use super::Call;
use super::payment_methods::{check, on_file};
use crate::stripe::error::Refusal;
use crate::stripe::form::{Parameters, bracketed};
use crate::stripe::objects::{Customer, Metadata};
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::{Value, json};

const DEFAULT_METHOD: &str = "invoice_settings.default_payment_method";

/// Sets, changes and unsets what `metadata` names: an empty value unsets, an empty `metadata` unsets all.
pub(super) fn change_metadata(metadata: &mut Metadata, parameters: &Parameters) {
    if parameters.sent("metadata") == Some("") {
        metadata.clear();
    }
    for (key, value) in parameters.map("metadata") {
        if value.is_empty() {
            metadata.remove(&key);
        } else {
            metadata.insert(key, value);
        }
    }
}

/// Sets a text that was sent; an empty one unsets it.
pub(super) fn change_text(field: &mut Option<String>, parameters: &Parameters, name: &str) {
    if let Some(value) = parameters.sent(name) {
        *field = Some(value.to_owned()).filter(|value| !value.is_empty());
    }
}

fn change(customer: &mut Customer, parameters: &Parameters) {
    change_text(&mut customer.email, parameters, "email");
    change_text(&mut customer.name, parameters, "name");
    change_text(&mut customer.description, parameters, "description");
    change_text(&mut customer.phone, parameters, "phone");
    if parameters.sent(DEFAULT_METHOD) == Some("") {
        customer.default_payment_method = None;
    }
    change_metadata(&mut customer.metadata, parameters);
}

/// The payment methods that are named become the customer's; gives the default one, if one is named.
fn payment_methods(
    state: &mut State,
    parameters: &Parameters,
    customer: &str,
) -> Result<Option<String>, Refusal> {
    if let Some(method) = parameters.text("payment_method") {
        on_file(state, method, customer, "payment_method")?;
    }
    let default = parameters.text(DEFAULT_METHOD);
    default.map(|method| on_file(state, method, customer, &bracketed(DEFAULT_METHOD))).transpose()
}

pub(super) fn create(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    for param in ["payment_method", DEFAULT_METHOD] {
        if let Some(method) = call.parameters.text(param) {
            check(state, method, None, &bracketed(param))?;
        }
    }
    let id = state.add_customer(None, Metadata::new());
    let default = payment_methods(state, &call.parameters, &id)?;
    let customer = state.customers.find_mut(&id)?;
    change(customer, &call.parameters);
    customer.default_payment_method = default;
    let shown = customer.render();
    state.emit("customer.created", shown.clone());
    Ok(shown)
}

/// The customer that the path names, who must not be deleted.
fn living<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Customer, Refusal> {
    let customer = state.customers.find_mut(id)?;
    if customer.deleted { Err(Refusal::not_found(Customer::KIND, id)) } else { Ok(customer) }
}

pub(super) fn get(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    Ok(state.customers.find(call.id())?.render())
}

pub(super) fn update(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    living(state, call.id())?;
    let default = payment_methods(state, &call.parameters, call.id())?;
    let customer = living(state, call.id())?;
    let before = customer.render();
    change(customer, &call.parameters);
    customer.default_payment_method = default.or(customer.default_payment_method.take());
    let shown = customer.render();
    state.emit_update("customer.updated", &before, shown.clone());
    Ok(shown)
}

pub(super) fn delete(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    living(state, call.id())?;
    state.delete_customer(call.id());
    Ok(json!({ "id": call.id(), "object": "customer", "deleted": true }))
}

pub(super) fn list(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let email = call.parameters.text("email");
    let wanted =
        |customer: &Customer| !customer.deleted && email.is_none_or(|_| customer.email.as_deref() == email);
    state.customers.page("/v1/customers", &call.parameters, wanted)
}
