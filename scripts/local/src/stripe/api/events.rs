//! `/v1/events`.

use super::Call;
use crate::stripe::error::Refusal;
use crate::stripe::objects::Event;
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::Value;

/// The most types that one question names.
const TYPES_MAX: usize = 20;

/// How far back events can be asked for.
const KEPT_SECONDS: i64 = 30 * 24 * 60 * 60;

pub(super) fn get(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let oldest = state.now() - KEPT_SECONDS;
    let event = state.events.find(call.id())?;
    if event.created < oldest { Err(Refusal::not_found(Event::KIND, call.id())) } else { Ok(event.render()) }
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
    let oldest = state.now() - KEPT_SECONDS;
    let wanted = |event: &Event| {
        let of_kind = kind.is_none_or(|kind| match kind.strip_suffix('*') {
            Some(beginning) => event.kind.starts_with(beginning),
            None => event.kind == kind,
        });
        let pending = event.wanted && !event.is_delivered();
        event.created >= oldest
            && of_kind
            && (types.is_empty() || types.contains(&event.kind.as_str()))
            && delivered.is_none_or(|delivered| delivered != pending)
    };
    state.events.page("/v1/events", parameters, wanted)
}
