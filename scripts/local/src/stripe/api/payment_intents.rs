//! `/v1/payment_intents`: the payments that invoices and sessions have made.

use super::Call;
use crate::stripe::error::Refusal;
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::Value;

pub(super) fn get(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    Ok(state.payment_intents.find(call.id())?.render())
}
