//! Which of two tellings of one subscription is the newer. Stripe delivers in no order, numbers nothing and counts time in
//! whole seconds, so within a second only what the events themselves say can decide; where they do not, the row is marked,
//! and the subscription is asked of Stripe.
//!
//! Within a second the last telling is the one that no other follows: the event that follows it names, as previous
//! attributes, what it says. So whatever stands after an event of a second that has several, it goes unmarked only if
//! none of those heard so far could follow it. Two events that seem to be in order are not enough: values that come back
//! within the second, a to b to c to a, would pass for an order that they are not.

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
    /// The last event itself, where its text is still there.
    pub last: Option<Heard<'a>>,
    /// Every event of the subscription that was heard of in that second and stands in its rank, the one in hand included
    /// or not.
    pub heard: &'a [Heard<'a>],
}

/// An event that was heard of, whatever came of it.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'a> {
    /// What it tells.
    pub snapshot: &'a Snapshot,
    /// Its object.
    pub object: &'a Value,
    /// Its previous attributes.
    pub previous: &'a Value,
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
    /// It seems to tell what was, but nobody can tell: keep what is stored, and ask Stripe.
    StaleAsTie,
    /// It is the newer.
    Apply,
    /// Nobody can tell: store it, and ask Stripe.
    ApplyAsTie,
}

/// The type that a row has after an answer of Stripe's, in place of an event's. The row's second is the last that had begun
/// for certain when Stripe read what it answered.
pub const RECONCILE: &str = "reconcile";

/// How many seconds after the row's second an answer may have been read: an attempt lasts 4 seconds at most, and dates have
/// whole seconds. What came about meanwhile may be in it or not.
pub const ANSWER_S_MAX: i64 = 5;

const CREATED: &str = "customer.subscription.created";

/// Decides.
pub fn judge(stored: &Stored<'_>, event: &Incoming<'_>) -> Verdict {
    let (was, is) = (stored.telling.snapshot, event.telling.snapshot);
    match (is_terminal(&was.status), is_terminal(&is.status)) {
        (true, false) => return Verdict::Stale,
        // Nothing comes after an end, so it is the newer, however the machines that dated the two agree about the time.
        (false, true) => return Verdict::Apply,
        _ => {}
    }
    if stored.event_type == Some(RECONCILE) && !is_terminal(&is.status) {
        if event.event_type == CREATED {
            // What Stripe answers about exists.
            return Verdict::Stale;
        }
        if (1..=ANSWER_S_MAX).contains(&(event.created.saturating_sub(stored.created))) {
            // While Stripe answered: before it read, or after.
            return if tells_the_same(stored, event) { Verdict::Stale } else { Verdict::ApplyAsTie };
        }
    }
    let order = (event.created, rank(Some(event.event_type))).cmp(&(stored.created, rank(stored.event_type)));
    match order {
        std::cmp::Ordering::Less => Verdict::Stale,
        std::cmp::Ordering::Greater => Verdict::Apply,
        std::cmp::Ordering::Equal => tie(stored, event),
    }
}

/// Whether two types stand side by side in one second.
pub fn is_of_one_rank(one: &str, other: &str) -> bool {
    rank(Some(one)) == rank(Some(other))
}

/// Where a type stands among those of one second.
fn rank(event_type: Option<&str>) -> u8 {
    match event_type {
        None => 0,
        Some(CREATED) => 1,
        Some("customer.subscription.deleted" | "customer.deleted") => 3,
        Some(_) => 2,
    }
}

fn tells_the_same(stored: &Stored<'_>, event: &Incoming<'_>) -> bool {
    stored.telling.snapshot == event.telling.snapshot && stored.telling.plan == event.telling.plan
}

/// Two of one second and one rank: the newer one's previous attributes are the older one's object.
fn tie(stored: &Stored<'_>, event: &Incoming<'_>) -> Verdict {
    let (was, is) = (stored.telling.snapshot, event.telling.snapshot);
    if tells_the_same(stored, event) {
        return if is_followed(was, stored.heard) { Verdict::StaleAsTie } else { Verdict::Stale };
    }
    let follows = |previous: &Value, object: &Value| !is_empty(previous) && agrees(previous, object);
    let after = stored.last.is_some_and(|last| follows(event.previous, last.object));
    let before = stored.last.is_some_and(|last| follows(last.previous, event.object));
    match (after, before) {
        (true, false) if !is_followed(is, stored.heard) => Verdict::Apply,
        (false, true) if is_followed(was, stored.heard) => Verdict::StaleAsTie,
        (false, true) => Verdict::Stale,
        _ => Verdict::ApplyAsTie,
    }
}

/// Whether any of these could have come after what stands: its previous attributes are those of an event that tells the
/// same as what stands, or it has none.
fn is_followed(stands: &Snapshot, heard: &[Heard<'_>]) -> bool {
    let (same, others): (Vec<&Heard<'_>>, Vec<&Heard<'_>>) =
        heard.iter().partition(|heard| heard.snapshot == stands);
    others
        .iter()
        .any(|other| is_empty(other.previous) || same.iter().any(|same| agrees(other.previous, same.object)))
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
