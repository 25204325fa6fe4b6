//! Which of two tellings of one subscription is the newer. Stripe delivers in no order, numbers nothing and counts time in
//! whole seconds, so within a second only what the events themselves say can decide; where they do not, the later arrival
//! is stored and marked, and the subscription is asked of Stripe.

use serde_json::Value;

use super::Snapshot;
use super::access::is_terminal;

/// One telling, with what derives from it.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    /// The subscription.
    pub snapshot: &'a Snapshot,
    /// The plan that follows.
    pub plan: Option<&'a str>,
}

/// The stored row, as the event that was applied last left it.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    /// What is stored.
    pub telling: Telling<'a>,
    /// The second of the last event.
    pub created: i64,
    /// Its type; none where no snapshot was applied yet.
    pub event_type: Option<&'a str>,
    /// The last event's own object and previous attributes, where they are still there.
    pub last: Option<(&'a Value, &'a Value)>,
}

/// The event in hand.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// What it tells.
    pub telling: Telling<'a>,
    /// Its second.
    pub created: i64,
    /// Its type.
    pub event_type: &'a str,
    /// Its object.
    pub object: &'a Value,
    /// Its previous attributes.
    pub previous: &'a Value,
}

/// What to do with the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It tells what was, or what is stored already.
    Stale,
    /// It is the newer.
    Apply,
    /// Nobody can tell: store it, and ask Stripe.
    ApplyAsTie,
}

/// Decides.
pub fn judge(stored: &Stored<'_>, event: &Incoming<'_>) -> Verdict {
    let (was, is) = (stored.telling.snapshot, event.telling.snapshot);
    if is_terminal(&was.status) && !is_terminal(&is.status) {
        return Verdict::Stale;
    }
    let order = (event.created, rank(Some(event.event_type))).cmp(&(stored.created, rank(stored.event_type)));
    match order {
        std::cmp::Ordering::Less => Verdict::Stale,
        std::cmp::Ordering::Greater => Verdict::Apply,
        std::cmp::Ordering::Equal => tie(stored, event),
    }
}

/// Where a type stands among those of one second.
fn rank(event_type: Option<&str>) -> u8 {
    match event_type {
        None => 0,
        Some("customer.subscription.created") => 1,
        Some("customer.subscription.deleted" | "customer.deleted") => 3,
        Some(_) => 2,
    }
}

/// Two of one second and one rank: the newer one's previous attributes are the older one's object.
fn tie(stored: &Stored<'_>, event: &Incoming<'_>) -> Verdict {
    let same = stored.telling.snapshot == event.telling.snapshot && stored.telling.plan == event.telling.plan;
    if same {
        return Verdict::Stale;
    }
    let follows = |previous: &Value, object: &Value| !is_empty(previous) && agrees(previous, object);
    let after = stored.last.is_some_and(|(object, _)| follows(event.previous, object));
    let before = stored.last.is_some_and(|(_, previous)| follows(previous, event.object));
    match (after, before) {
        (true, false) => Verdict::Apply,
        (false, true) => Verdict::Stale,
        _ => Verdict::ApplyAsTie,
    }
}

fn is_empty(previous: &Value) -> bool {
    previous.as_object().is_none_or(serde_json::Map::is_empty)
}

/// Whether the object is as these attributes say: objects on the named members, arrays entry by entry. A member that is
/// not there is null, as Stripe writes what a map did not hold before.
fn agrees(attributes: &Value, object: &Value) -> bool {
    match (attributes, object) {
        (Value::Object(attributes), Value::Object(object)) => {
            attributes.iter().all(|(name, value)| agrees(value, object.get(name).unwrap_or(&Value::Null)))
        }
        (Value::Array(attributes), Value::Array(object)) => {
            attributes.len() == object.len()
                && attributes.iter().zip(object).all(|(value, entry)| agrees(value, entry))
        }
        (attribute, value) => attribute == value,
    }
}

#[cfg(test)]
mod tests;
