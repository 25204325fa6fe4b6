//! The reader of Stripe's events. An input is a delivery's body.

use serde_json::Value;
use streamly::billing::event::{Change, Content, Names};
use streamly::billing::{Event, InvalidEvent, Plans, Snapshot};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The last second of the year 9999.
const SECONDS_MAX: i64 = 253_402_300_799;

const PLANS: &str = r#"[
  {"slug": "basic", "name": "Basic", "price_id": "price_basic", "tier": "basic", "amount_minor": 900, "currency": "eur",
   "interval": "month"},
  {"slug": "premium", "name": "Premium", "price_id": "price_premium", "tier": "premium", "amount_minor": 1900,
   "currency": "eur", "interval": "month"}
]"#;

/// Whether it is an event is what the rule below says of the JSON; the same event written otherwise reads the same; and all
/// that is read can be stored, and stands in the text.
pub fn check(data: &[u8]) -> bool {
    let plans: Plans = PLANS.parse().expect("valid plans");
    let read = Event::read(data, &plans);
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        assert_eq!(read, Err(InvalidEvent::Json));
        return false;
    };
    assert_eq!(read.clone().err(), (!has_envelope(&value)).then_some(InvalidEvent::Envelope));
    let compact = value.to_string();
    let pretty = serde_json::to_string_pretty(&value).expect("a JSON value can be written");
    for written in [compact, pretty] {
        assert_eq!(Event::read(written.as_bytes(), &plans).map(derived), read.clone().map(derived));
    }
    let Ok(event) = read else { return false };
    assert_eq!((Some(&*event.id), Some(&*event.event_type)), (value["id"].as_str(), value["type"].as_str()));
    assert!((0..=SECONDS_MAX).contains(&event.created), "{}", event.created);
    event.names.users.iter().for_each(|user| {
        assert!(value.to_string().to_lowercase().contains(&user.to_string()), "{user} is not in the text");
    });
    names_can_be_stored(&event.names);
    if let Content::Subscription(change) = &event.content {
        tells_the_object(change, &value);
    }
    true
}

/// The event without what is kept as it came: a float may be written with another last digit.
fn derived(mut event: Event) -> Event {
    if let Content::Subscription(change) = &mut event.content {
        (change.object, change.previous) = (Value::Null, Value::Null);
    }
    event
}

/// The rule of the envelope: id, type, time and mode, each of its type and of a length that can be stored.
fn has_envelope(value: &Value) -> bool {
    let usable = |name: &str| value[name].as_str().is_some_and(is_storable);
    let created = if value["object"] == "v2.core.event" {
        let text = value["created"].as_str().filter(|text| is_storable(text));
        text.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok())
            .is_some_and(|at| (0..=SECONDS_MAX).contains(&at.unix_timestamp()))
    } else {
        value["created"].as_i64().is_some_and(|seconds| (0..=SECONDS_MAX).contains(&seconds))
    };
    value.is_object() && usable("id") && usable("type") && created && value["livemode"].is_boolean()
}

fn is_storable(text: &str) -> bool {
    (1..=255).contains(&text.chars().count()) && !text.contains('\0')
}

#[track_caller]
fn all_storable<'a>(texts: impl IntoIterator<Item = &'a Option<String>>) {
    for text in texts.into_iter().flatten() {
        assert!(is_storable(text), "{text:?}");
    }
}

fn names_can_be_stored(names: &Names) {
    let Names { object, customer, subscription, invoice, payment_intent, currency, .. } = names;
    all_storable([object, customer, subscription, invoice, payment_intent, currency]);
}

/// A snapshot says of its subscription what the object says, and nothing that a row cannot hold.
fn tells_the_object(change: &Change, event: &Value) {
    let (snapshot, object) = (&change.snapshot, &event["data"]["object"]);
    assert_eq!(&change.object, object);
    assert_eq!(change.previous, event["data"]["previous_attributes"]);
    assert_eq!(
        (Some(&*snapshot.id), Some(&*snapshot.status)),
        (object["id"].as_str(), object["status"].as_str())
    );
    assert_eq!(snapshot.cancel_at_period_end, object["cancel_at_period_end"] == Value::Bool(true));
    assert_eq!(snapshot.pause_behavior.is_some(), object["pause_collection"].is_object());
    let Snapshot { customer, price_id, currency, pause_behavior, latest_invoice_id, .. } = snapshot;
    all_storable([customer, price_id, currency, pause_behavior, latest_invoice_id]);
    all_storable([&Some(snapshot.id.clone()), &Some(snapshot.status.clone())]);
    let times = [
        snapshot.current_period_start,
        snapshot.current_period_end,
        snapshot.trial_end,
        snapshot.cancel_at,
        snapshot.canceled_at,
        snapshot.ended_at,
        snapshot.pause_resumes_at,
    ];
    // Beyond, the access rule's leeway or the reader of a row would overflow.
    assert!(
        times.into_iter().flatten().all(|time| (0..=SECONDS_MAX).contains(&time.unix_timestamp())),
        "{times:?}"
    );
    let direct =
        [("trial_end", times[2]), ("cancel_at", times[3]), ("canceled_at", times[4]), ("ended_at", times[5])];
    for (name, read) in direct {
        let said = object[name].as_i64().filter(|seconds| (0..=SECONDS_MAX).contains(seconds));
        assert_eq!(read.map(OffsetDateTime::unix_timestamp), said, "{name}");
    }
}
