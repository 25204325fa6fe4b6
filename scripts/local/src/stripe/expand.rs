//! `expand[]`: ids in an answer are replaced by the objects they name.

use super::error::Refusal;
use super::state::State;
use serde_json::{Value, json};

/// The most levels that are expanded, as at Stripe.
const LEVELS_MAX: usize = 4;

/// Replaces what these dotted paths name.
pub(super) fn expand(state: &State, answer: &mut Value, paths: &[&str]) -> Result<(), Refusal> {
    for path in paths {
        let names: Vec<&str> = path.split('.').collect();
        if names.len() > LEVELS_MAX || !walk(state, answer, &names) {
            return Err(Refusal::invalid(format!("This property cannot be expanded ({path}).")));
        }
    }
    Ok(())
}

fn walk(state: &State, value: &mut Value, names: &[&str]) -> bool {
    let Some((name, rest)) = names.split_first() else { return true };
    if let Value::Array(elements) = value {
        return elements.iter_mut().all(|element| walk(state, element, names));
    }
    if *name == "line_items" && value["object"] == "checkout.session" {
        let session = value["id"].as_str().and_then(|id| state.sessions.get(id));
        let items =
            session.map(|session| session.line_items.iter().map(super::objects::LineItem::render).collect());
        let items: Vec<Value> = items.unwrap_or_default();
        value["line_items"] = json!({ "object": "list", "data": items, "has_more": false });
    }
    let Some(member) = value.get_mut(*name) else { return false };
    if let Some(object) = member.as_str().and_then(|id| state.any(id)) {
        *member = object;
    }
    // An id that is absent now is no fault of the question.
    member.is_null() || walk(state, member, rest)
}
