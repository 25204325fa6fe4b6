//! `/v1/disputes`. A test card begins one; here it is only answered.

use super::Call;
use super::customers::change_metadata;
use crate::stripe::error::Refusal;
use crate::stripe::objects::Dispute;
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::Value;

pub(super) fn get(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    Ok(state.disputes.find(call.id())?.render())
}

pub(super) fn list(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let (intent, charge) = (call.parameters.text("payment_intent"), call.parameters.text("charge"));
    let wanted = |dispute: &Dispute| {
        intent.is_none_or(|intent| dispute.payment_intent == intent)
            && charge.is_none_or(|charge| dispute.charge == charge)
    };
    state.disputes.page("/v1/disputes", &call.parameters, wanted)
}

pub(super) fn update(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let dispute = state.disputes.find_mut(call.id())?;
    let before = dispute.render();
    change_metadata(&mut dispute.metadata, &call.parameters);
    let shown = dispute.render();
    state.emit_update("charge.dispute.updated", &before, shown.clone());
    Ok(shown)
}

/// Accepts the claim.
pub(super) fn close(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let dispute = state.disputes.find_mut(call.id())?;
    if dispute.is_closed {
        return Err(Refusal::wrong_state("This dispute is already closed."));
    }
    dispute.is_closed = true;
    let shown = dispute.render();
    state.emit("charge.dispute.closed", shown.clone());
    Ok(shown)
}
