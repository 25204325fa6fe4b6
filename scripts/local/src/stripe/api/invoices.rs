//! `/v1/invoices`.

use super::Call;
use crate::stripe::error::Refusal;
use crate::stripe::objects::Invoice;
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::Value;

pub(super) fn get(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    Ok(state.invoices.find(call.id())?.render())
}

pub(super) fn list(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let (customer, subscription) = (parameters.text("customer"), parameters.text("subscription"));
    let status = parameters.text("status");
    let wanted = |invoice: &Invoice| {
        customer.is_none_or(|customer| invoice.customer == customer)
            && subscription.is_none_or(|subscription| invoice.subscription == subscription)
            && status.is_none_or(|status| invoice.status.name() == status)
    };
    state.invoices.page("/v1/invoices", parameters, wanted)
}
