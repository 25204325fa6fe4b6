//! An event: a change, with the object as it was just after it.

use crate::stripe::API_VERSION;
use crate::stripe::store::Object;
use serde_json::{Map, Value, json};

/// How a webhook endpoint answered one attempt.
#[derive(Clone)]
pub(in crate::stripe) struct Answer {
    /// The signature's time.
    pub(in crate::stripe) signed_at: i64,
    /// The status, or none when no answer came.
    pub(in crate::stripe) status: Option<u16>,
}

pub(in crate::stripe) struct Event {
    pub(in crate::stripe) id: String,
    pub(in crate::stripe) created: i64,
    pub(in crate::stripe) kind: String,
    pub(in crate::stripe) object: Value,
    pub(in crate::stripe) previous_attributes: Option<Map<String, Value>>,
    /// The API request that caused it, with its idempotency key.
    pub(in crate::stripe) request: Option<(String, Option<String>)>,
    /// Whether the endpoint subscribes to this type.
    pub(in crate::stripe) wanted: bool,
    pub(in crate::stripe) answers: Vec<Answer>,
}

impl Event {
    /// Whether an attempt was answered with success.
    pub(in crate::stripe) fn is_delivered(&self) -> bool {
        self.answers.iter().any(|answer| answer.status.is_some_and(|status| (200..300).contains(&status)))
    }

    /// The bytes of every attempt: indented, as Stripe sends them, and the same at each retry.
    pub(in crate::stripe) fn payload(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(&self.shape(1)).expect("a JSON value can be written")
    }

    fn shape(&self, pending_webhooks: u8) -> Value {
        let mut data = json!({ "object": self.object });
        if let Some(previous) = &self.previous_attributes {
            data["previous_attributes"] = json!(previous);
        }
        let (request, key) = self.request.as_ref().map_or((None, None), |(id, key)| (Some(id), key.as_ref()));
        json!({
            "id": self.id,
            "object": "event",
            "api_version": API_VERSION,
            "created": self.created,
            "data": data,
            "livemode": false,
            "pending_webhooks": pending_webhooks,
            "request": { "id": request, "idempotency_key": key },
            "type": self.kind,
        })
    }
}

impl Object for Event {
    const KIND: &'static str = "event";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }

    fn render(&self) -> Value {
        self.shape(u8::from(self.wanted && !self.is_delivered()))
    }
}

/// What of `old` differs in `new`: objects by member, arrays and values whole.
pub(in crate::stripe) fn previous(old: &Value, new: &Value) -> Map<String, Value> {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return Map::new() };
    let mut changed = Map::new();
    for (name, before) in old {
        let after = new.get(name).unwrap_or(&Value::Null);
        if before == after {
            continue;
        }
        let difference = match (before, after) {
            (Value::Object(_), Value::Object(_)) => Value::Object(previous(before, after)),
            _ => before.clone(),
        };
        changed.insert(name.clone(), difference);
    }
    for name in new.keys().filter(|name| !old.contains_key(*name)) {
        changed.insert(name.clone(), Value::Null);
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::previous;
    use serde_json::{Value, json};

    #[track_caller]
    fn check(old: &Value, new: &Value, expected: &Value) {
        assert_eq!(&Value::Object(previous(old, new)), expected);
    }

    #[test]
    fn previous_attributes_name_what_changed_and_nothing_else() {
        check(&json!({"a": 1, "b": 2}), &json!({"a": 1, "b": 3}), &json!({"b": 2}));
        check(&json!({"a": {"x": 1, "y": 2}}), &json!({"a": {"x": 1, "y": 3}}), &json!({"a": {"y": 2}}));
        check(&json!({"a": [1, 2]}), &json!({"a": [1, 3]}), &json!({"a": [1, 2]}));
        check(&json!({"a": null}), &json!({"a": {"x": 1}}), &json!({"a": null}));
        check(&json!({"m": {}}), &json!({"m": {"k": "v"}}), &json!({"m": {"k": null}}));
        check(&json!({"a": 1}), &json!({"a": 1}), &json!({}));
    }
}
