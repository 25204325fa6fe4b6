//! An event: a change, with the object as it was just after it.

use crate::stripe::store::Object;
use crate::stripe::version::ApiVersion;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How a webhook endpoint answered one attempt.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::stripe) struct Answer {
    /// The signature's time.
    pub(in crate::stripe) signed_at: i64,
    /// The status, or none when no answer came.
    pub(in crate::stripe) status: Option<u16>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(in crate::stripe) struct Event {
    pub(in crate::stripe) id: String,
    pub(in crate::stripe) created: i64,
    pub(in crate::stripe) kind: String,
    pub(in crate::stripe) object: Value,
    /// The object before an update, from which the previous attributes follow in every version's shape.
    pub(in crate::stripe) before: Option<Value>,
    /// The members of the object that only the earliest version shows.
    pub(in crate::stripe) earlier: Map<String, Value>,
    /// How many events came about before it.
    pub(in crate::stripe) place: usize,
    /// The API request that caused it, with its idempotency key.
    pub(in crate::stripe) request: Option<(String, Option<String>)>,
    /// Whether the endpoint subscribes to this type.
    pub(in crate::stripe) wanted: bool,
    /// Whether it was taken by someone who delivers it on their own.
    pub(in crate::stripe) taken: bool,
    pub(in crate::stripe) answers: Vec<Answer>,
    /// Whether no attempt follows any more, unless someone asks for one.
    pub(in crate::stripe) given_up: bool,
}

impl Event {
    /// Whether an attempt was answered with success.
    pub(in crate::stripe) fn is_delivered(&self) -> bool {
        self.answers.iter().any(|answer| answer.status.is_some_and(|status| (200..300).contains(&status)))
    }

    /// Whether the endpoint wants it and has neither accepted it nor given it out.
    pub(in crate::stripe) fn is_waiting(&self) -> bool {
        self.wanted && !self.taken && !self.is_delivered()
    }

    /// The bytes of every attempt: indented, as Stripe sends them, and the same at each retry.
    pub(in crate::stripe) fn payload(&self, version: ApiVersion) -> Vec<u8> {
        serde_json::to_vec_pretty(&self.shape(version, 1)).expect("a JSON value can be written")
    }

    /// The same of the thin event, which only names the object that changed.
    pub(in crate::stripe) fn thin_payload(&self, names_snapshot: bool) -> Vec<u8> {
        let created = OffsetDateTime::from_unix_timestamp(self.created).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let created = created.format(&Rfc3339).expect("a year of four digits can be written");
        let kind = self.object["object"].as_str().unwrap_or_default();
        let id = self.object["id"].as_str().unwrap_or_default();
        let folder = if kind == "checkout.session" { "checkout/session" } else { kind };
        let mut event = json!({
            "id": format!("evt_65{}", self.id.trim_start_matches("evt_")),
            "object": "v2.core.event",
            "changes": null,
            "context": null,
            "created": created.replace('Z', ".000Z"),
            "livemode": false,
            "reason": self.request.as_ref().map(|(id, key)| {
                json!({ "request": { "id": id, "idempotency_key": key }, "type": "request" })
            }),
            "related_object": { "id": id, "type": kind, "url": format!("/v1/{folder}s/{id}") },
            "type": format!("v1.{}", self.kind),
        });
        if names_snapshot {
            event["snapshot_event"] = json!(self.id);
        }
        serde_json::to_vec(&event).expect("a JSON value can be written")
    }

    fn shape(&self, version: ApiVersion, pending_webhooks: u8) -> Value {
        let version = version.of_type(&self.kind);
        let object = version.shape(&self.object, &self.earlier);
        let mut data = json!({ "object": object });
        if let Some(before) = &self.before {
            data["previous_attributes"] =
                Value::Object(previous(&version.shape(before, &self.earlier), &object));
        }
        let (request, key) = self.request.as_ref().map_or((None, None), |(id, key)| (Some(id), key.as_ref()));
        json!({
            "id": self.id,
            "object": "event",
            "api_version": version.name(),
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
        self.shape(ApiVersion::Endive, u8::from(self.wanted && !self.is_delivered()))
    }
}

/// What of `old` differs in `new`: objects by member, arrays and values whole.
fn previous(old: &Value, new: &Value) -> Map<String, Value> {
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
