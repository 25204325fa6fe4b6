//! `/v1/events`.

use super::Call;
use crate::stripe::error::Refusal;
use crate::stripe::objects::Event;
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::Value;

/// The most types that one question names.
const TYPES_MAX: usize = 20;

pub(super) fn get(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    Ok(state.events.find(call.id())?.render())
}

pub(super) fn list(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let types = parameters.texts("types");
    if types.len() > TYPES_MAX {
        return Err(Refusal::invalid("Invalid types: at most 20 can be named"));
    }
    if !types.is_empty() && parameters.text("type").is_some() {
        return Err(Refusal::invalid("You may only specify one of these parameters: type, types."));
    }
    let kind = parameters.text("type");
    let delivered = parameters.boolean("delivery_success")?;
    let wanted = |event: &Event| {
        let of_kind = kind.is_none_or(|kind| match kind.strip_suffix('*') {
            Some(beginning) => event.kind.starts_with(beginning),
            None => event.kind == kind,
        });
        let pending = event.wanted && !event.is_delivered();
        of_kind
            && (types.is_empty() || types.contains(&event.kind.as_str()))
            && delivered.is_none_or(|delivered| delivered != pending)
    };
    state.events.page("/v1/events", parameters, wanted)
}
