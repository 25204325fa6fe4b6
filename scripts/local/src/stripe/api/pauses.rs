//! `/v1/subscriptions/{id}/pause` and `/resume`.

use super::Call;
use crate::stripe::error::Refusal;
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::Value;

pub(super) fn pause(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    if call.parameters.text("type").is_some_and(|kind| kind != "subscription") {
        return Err(Refusal::invalid("Invalid type: must be subscription"));
    }
    let status = state.subscriptions.find(call.id())?.status.clone();
    if !["trialing", "active", "past_due"].contains(&status.as_str()) {
        return Err(Refusal::wrong_state(format!("A subscription that is {status} cannot be paused.")));
    }
    state.pause_subscription(call.id(), "pause_requested");
    Ok(state.subscriptions.find(call.id())?.render())
}

pub(super) fn resume(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let new_period = match parameters.text("billing_cycle_anchor.type") {
        None | Some("now") => true,
        Some("unchanged") => false,
        Some(_) => return Err(Refusal::invalid("Invalid billing_cycle_anchor[type]")),
    };
    let after_payment = match parameters.text("payment_behavior") {
        None | Some("resume_on_payment_attempt") => false,
        Some("resume_on_payment_success") => true,
        Some(_) => return Err(Refusal::invalid("Invalid payment_behavior")),
    };
    if state.subscriptions.find(call.id())?.status != "paused" {
        return Err(Refusal::wrong_state("Only a paused subscription can be resumed."));
    }
    state.resume_subscription(call.id(), new_period, after_payment);
    Ok(state.subscriptions.find(call.id())?.render())
}
