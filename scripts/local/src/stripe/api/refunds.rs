//! `/v1/refunds`.

use super::Call;
use super::customers::change_metadata;
use crate::stripe::error::Refusal;
use crate::stripe::objects::Refund;
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::Value;

const REASONS: &[&str] = &["duplicate", "fraudulent", "requested_by_customer"];

pub(super) fn create(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    parameters.one_of("reason", REASONS)?;
    let intent = match (parameters.text("payment_intent"), parameters.text("charge")) {
        (Some(id), _) => state.payment_intents.named(id, "payment_intent")?.id.clone(),
        (None, Some(charge)) => {
            let intent = state.charge(charge).ok_or_else(|| Refusal::no_such("charge", charge, "charge"))?;
            intent.id.clone()
        }
        (None, None) => return Err(Refusal::missing("payment_intent")),
    };
    let id = state.refund(&intent, parameters.integer("amount")?)?;
    let refund = state.refunds.find_mut(&id)?;
    refund.reason = parameters.text("reason").map(str::to_owned);
    refund.metadata = parameters.map("metadata");
    Ok(refund.render())
}

pub(super) fn get(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    Ok(state.refunds.find(call.id())?.render())
}

pub(super) fn update(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let refund = state.refunds.find_mut(call.id())?;
    let before = refund.render();
    change_metadata(&mut refund.metadata, &call.parameters);
    let shown = refund.render();
    state.emit_update("charge.refund.updated", &before, shown.clone());
    state.emit_update("refund.updated", &before, shown.clone());
    Ok(shown)
}

pub(super) fn list(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let (intent, charge) = (call.parameters.text("payment_intent"), call.parameters.text("charge"));
    let wanted = |refund: &Refund| {
        intent.is_none_or(|intent| refund.payment_intent == intent)
            && charge.is_none_or(|charge| refund.charge == charge)
    };
    state.refunds.page("/v1/refunds", &call.parameters, wanted)
}
