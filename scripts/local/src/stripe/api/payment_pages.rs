//! `/v1/payment_pages`: how Stripe's command line walks through a Checkout session. Stripe documents it nowhere; the
//! members are those that such a walk needs.

use super::Call;
use crate::stripe::error::Refusal;
use crate::stripe::life::Means;
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::{Value, json};

pub(super) fn get(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let session = state.sessions.find(call.id())?;
    Ok(json!({
        "id": session.id,
        "object": "checkout.session",
        "session_id": session.id,
        "status": session.status.name(),
        "total_summary": { "due": session.total(), "subtotal": session.total(), "total": session.total() },
    }))
}

/// Pays with a payment method, once the amount is what the payer was shown.
pub(super) fn confirm(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let session = state.sessions.find(call.id())?;
    let method = call.parameters.required("payment_method")?;
    let expected = call.parameters.integer("expected_amount")?;
    if expected.is_some_and(|expected| expected != session.total()) {
        return Err(Refusal::wrong_state("The amount of this Checkout Session is another one."));
    }
    state.pay_session(call.id(), &Means::OnFile(method.to_owned()), None)?;
    Ok(state.sessions.find(call.id())?.render())
}
