//! Every rule of the guard, both ways round.

use super::{Heard, Incoming, Stored, Telling, Verdict, agrees, is_of_one_rank, judge};
use crate::billing::{Plans, Snapshot};
use proptest::prelude::*;
use serde_json::{Value, json};

const CREATED: &str = "customer.subscription.created";
const UPDATED: &str = "customer.subscription.updated";
const DELETED: &str = "customer.subscription.deleted";

fn plans() -> Plans {
    let plan = json!([{"slug": "basic", "name": "Basic", "price_id": "price_basic", "tier": "basic",
        "amount_minor": 900, "currency": "eur", "interval": "month"}]);
    plan.to_string().parse().expect("valid plans")
}

/// A subscription with this status and this invoice.
fn object(status: &str, invoice: &str) -> Value {
    json!({"id": "sub_1", "object": "subscription", "customer": "cus_1", "status": status, "latest_invoice": invoice,
        "metadata": {"a": "1"}, "items": {"data": [{"price": "price_basic", "quantity": 1}]}})
}

/// One event: its second, its type, its object, what changed.
type Told<'a> = (i64, &'a str, Value, Value);

fn snapshot(object: &Value) -> Snapshot {
    Snapshot::read(object, &plans()).expect("a subscription")
}

/// The verdict, where of the events of the second those that are stored and in hand were heard, and these.
fn verdict_among(
    stored: Option<&Told<'_>>,
    event: &Told<'_>,
    payload_is_there: bool,
    others: &[&Told<'_>],
) -> Verdict {
    let placeholder = object("incomplete", "in_0");
    let was = snapshot(stored.map_or(&placeholder, |(_, _, object, _)| object));
    let is = snapshot(&event.2);
    let last = stored.filter(|_| payload_is_there);
    let told: Vec<&Told<'_>> = others.iter().copied().chain(last).chain([event]).collect();
    let side_by_side = told.into_iter().filter(|told| told.0 == event.0 && is_of_one_rank(told.1, event.1));
    let second: Vec<(Snapshot, &Told<'_>)> = side_by_side.map(|told| (snapshot(&told.2), told)).collect();
    let heard: Vec<Heard<'_>> = second
        .iter()
        .map(|(snapshot, told)| Heard { snapshot, object: &told.2, previous: &told.3 })
        .collect();
    let stored = Stored {
        telling: Telling { snapshot: &was, plan: Some("basic") },
        created: stored.map_or(0, |stored| stored.0),
        event_type: stored.map(|stored| stored.1),
        last: last.map(|last| Heard { snapshot: &was, object: &last.2, previous: &last.3 }),
        heard: &heard,
    };
    let event = Incoming {
        telling: Telling { snapshot: &is, plan: Some("basic") },
        created: event.0,
        event_type: event.1,
        object: &event.2,
        previous: &event.3,
    };
    judge(&stored, &event)
}

fn verdict(stored: Option<&Told<'_>>, event: &Told<'_>, payload_is_there: bool) -> Verdict {
    verdict_among(stored, event, payload_is_there, &[])
}

fn told<'a>(created: i64, event_type: &'a str, status: &str) -> Told<'a> {
    (created, event_type, object(status, "in_1"), Value::Null)
}

#[track_caller]
fn check(stored: &Told<'_>, event: &Told<'_>, expected: Verdict) {
    assert_eq!(verdict(Some(stored), event, true), expected, "{event:?} after {stored:?}");
}

#[test]
fn nothing_but_an_end_follows_an_end() {
    for end in ["canceled", "incomplete_expired"] {
        for status in ["active", "trialing", "past_due", "unpaid", "paused", "incomplete", "brand_new"] {
            check(&told(10, DELETED, end), &told(11, UPDATED, status), Verdict::Stale);
            check(&told(10, UPDATED, end), &told(10, UPDATED, status), Verdict::Stale);
        }
        check(&told(10, UPDATED, end), &told(11, DELETED, "canceled"), Verdict::Apply);
    }
    check(&told(10, UPDATED, "incomplete_expired"), &told(10, DELETED, "canceled"), Verdict::Apply);
    check(&told(10, UPDATED, "canceled"), &told(9, DELETED, "canceled"), Verdict::Stale);
}

#[test]
fn an_end_is_never_too_late_however_it_is_dated() {
    for stored in [CREATED, UPDATED, "reconcile"] {
        for second in [9, 10, 11] {
            check(&told(10, stored, "active"), &told(second, DELETED, "canceled"), Verdict::Apply);
            check(
                &told(10, stored, "incomplete"),
                &told(second, UPDATED, "incomplete_expired"),
                Verdict::Apply,
            );
        }
    }
}

#[test]
fn the_later_second_wins_whatever_the_type() {
    for (earlier, later) in [(CREATED, UPDATED), (UPDATED, CREATED), (DELETED, CREATED), (UPDATED, UPDATED)] {
        check(&told(10, earlier, "active"), &told(11, later, "past_due"), Verdict::Apply);
        check(&told(11, later, "active"), &told(10, earlier, "past_due"), Verdict::Stale);
    }
}

#[test]
fn within_a_second_creation_comes_first_and_deletion_last() {
    check(&told(10, CREATED, "incomplete"), &told(10, UPDATED, "active"), Verdict::Apply);
    check(&told(10, UPDATED, "active"), &told(10, CREATED, "incomplete"), Verdict::Stale);
    check(&told(10, UPDATED, "active"), &told(10, DELETED, "canceled"), Verdict::Apply);
    check(&told(10, CREATED, "incomplete"), &told(10, DELETED, "canceled"), Verdict::Apply);
    check(&told(10, "customer.deleted", "canceled"), &told(10, UPDATED, "canceled"), Verdict::Stale);
    check(&told(10, "reconcile", "active"), &told(10, CREATED, "incomplete"), Verdict::Stale);
    check(&told(10, "reconcile", "active"), &told(10, DELETED, "canceled"), Verdict::Apply);
    check(&told(10, "reconcile", "active"), &told(10, UPDATED, "past_due"), Verdict::ApplyAsTie);
    check(
        &told(10, CREATED, "active"),
        &told(10, "customer.subscription.resumed", "past_due"),
        Verdict::Apply,
    );
}

#[test]
fn what_came_about_while_stripe_answered_may_be_in_the_answer_or_not() {
    let answer = told(10, "reconcile", "active");
    for second in 10..=15 {
        check(&answer, &told(second, UPDATED, "past_due"), Verdict::ApplyAsTie);
        check(&answer, &told(second, UPDATED, "active"), Verdict::Stale);
        check(&answer, &told(second, CREATED, "incomplete"), Verdict::Stale);
        check(&answer, &told(second, DELETED, "canceled"), Verdict::Apply);
    }
    check(&answer, &told(9, UPDATED, "past_due"), Verdict::Stale);
    check(&answer, &told(16, UPDATED, "past_due"), Verdict::Apply);
}

#[test]
fn any_snapshot_follows_a_placeholder() {
    for event in [told(0, CREATED, "active"), told(1, UPDATED, "active"), told(0, DELETED, "canceled")] {
        assert_eq!(verdict(None, &event, true), Verdict::Apply, "{event:?}");
    }
}

#[test]
fn what_is_stored_already_is_stale() {
    check(&told(10, UPDATED, "active"), &told(10, UPDATED, "active"), Verdict::Stale);
    check(&told(10, UPDATED, "active"), &told(10, "customer.subscription.resumed", "active"), Verdict::Stale);
    let unlike_only_elsewhere = (10, UPDATED, json!({"x": 1}), Value::Null);
    let mut object = object("active", "in_1");
    object["x"] = unlike_only_elsewhere.2["x"].clone();
    check(&told(10, UPDATED, "active"), &(10, UPDATED, object, json!({"x": 2})), Verdict::Stale);
}

#[test]
fn within_a_second_the_previous_attributes_tell_the_order() {
    let first = (10, UPDATED, object("past_due", "in_1"), json!({"status": "active"}));
    let second = (10, UPDATED, object("active", "in_1"), json!({"status": "past_due"}));
    // The first says it came from active and the second that it came from past_due: each could follow the other.
    check(&first, &second, Verdict::ApplyAsTie);
    let first = (10, UPDATED, object("past_due", "in_1"), json!({"status": "active"}));
    let second = (10, UPDATED, object("unpaid", "in_1"), json!({"status": "past_due"}));
    check(&first, &second, Verdict::Apply);
    check(&second, &first, Verdict::Stale);
    let nested =
        (10, UPDATED, object("active", "in_2"), json!({"latest_invoice": "in_1", "metadata": {"b": null}}));
    let before = (10, UPDATED, object("active", "in_1"), json!({"status": "trialing"}));
    check(&before, &nested, Verdict::Apply);
    check(&nested, &before, Verdict::Stale);
    // One that says nothing of what was before it may stand anywhere.
    check(&told(10, UPDATED, "active"), &nested, Verdict::ApplyAsTie);
    check(&nested, &told(10, UPDATED, "active"), Verdict::StaleAsTie);
    let unrelated = (10, UPDATED, object("unpaid", "in_1"), json!({"status": "trialing"}));
    check(&told(10, UPDATED, "active"), &unrelated, Verdict::ApplyAsTie);
}

#[test]
fn without_previous_attributes_or_the_last_event_nobody_can_tell() {
    check(&told(10, UPDATED, "active"), &told(10, UPDATED, "past_due"), Verdict::ApplyAsTie);
    let empty = (10, UPDATED, object("past_due", "in_1"), json!({}));
    check(&told(10, UPDATED, "active"), &empty, Verdict::ApplyAsTie);
    let before = (10, UPDATED, object("active", "in_1"), json!({"status": "trialing"}));
    let following = (10, UPDATED, object("past_due", "in_1"), json!({"status": "active"}));
    assert_eq!(verdict(Some(&before), &following, true), Verdict::Apply);
    assert_eq!(verdict(Some(&before), &following, false), Verdict::ApplyAsTie);
}

#[test]
fn attributes_agree_on_the_named_members_alone() {
    let object = json!({"a": 1, "b": {"c": [1, {"d": 2, "e": 3}], "f": null}, "g": "x"});
    let agreeing = [
        json!({}),
        json!({"a": 1}),
        json!({"b": {}}),
        json!({"b": {"f": null, "missing": null}}),
        json!({"b": {"c": [1, {"d": 2}]}}),
        json!({"a": 1, "g": "x"}),
    ];
    for attributes in &agreeing {
        assert!(agrees(attributes, &object), "{attributes}");
    }
    let differing = [
        json!({"a": 2}),
        json!({"a": "1"}),
        json!({"a": 1, "g": "y"}),
        json!({"b": {"c": [1]}}),
        json!({"b": {"c": [1, {"d": 3}]}}),
        json!({"b": {"c": [{"d": 2}, 1]}}),
        json!({"b": null}),
        json!({"a": {}}),
        json!({"missing": 1}),
    ];
    for attributes in &differing {
        assert!(!agrees(attributes, &object), "{attributes}");
    }
}

#[test]
fn values_that_come_back_within_a_second_are_in_no_order() {
    let step = |from: &str, to: &str| (10, UPDATED, object(to, "in_1"), json!({"status": from}));
    let (first, second, third) =
        (step("active", "past_due"), step("past_due", "unpaid"), step("unpaid", "active"));
    // First, third, second: each seems to be in order with the one that is stored.
    check(&first, &third, Verdict::Stale);
    assert_eq!(verdict_among(Some(&first), &second, true, &[&third]), Verdict::ApplyAsTie);
    // Third, first, second.
    check(&third, &first, Verdict::Apply);
    assert_eq!(verdict_among(Some(&first), &second, true, &[&third]), Verdict::ApplyAsTie);
    // What stays stays marked too.
    assert_eq!(verdict_among(Some(&second), &first, true, &[&third]), Verdict::StaleAsTie);
    let again = step("past_due", "active");
    assert_eq!(verdict_among(Some(&third), &again, true, &[&first, &second]), Verdict::StaleAsTie);
}

/// One life of a subscription, told by an event a step; some steps share a second with the one before, and each changes
/// the status to one of `statuses`, which it may have had before.
fn life(steps: &[(bool, usize)]) -> Vec<Told<'static>> {
    let (mut second, mut was) = (10, 0);
    let mut events = vec![(second, CREATED, object("status_0", "in_1"), Value::Null)];
    for (shares_the_second, is) in steps {
        second += i64::from(!shares_the_second);
        let is = if *is == was { was + 1 } else { *is };
        let previous = json!({"status": format!("status_{was}")});
        events.push((second, UPDATED, object(&format!("status_{is}"), "in_1"), previous));
        was = is;
    }
    events
}

proptest! {
    /// Whatever the order, and however often each is told: what is stored at the end is the newest, or it is marked.
    #[test]
    fn no_order_of_tellings_ends_wrong_without_a_mark(
        steps in proptest::collection::vec((any::<bool>(), 0_usize..4), 1..6),
        picks in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
        seed in any::<[u8; 16]>(),
    ) {
        let events = life(&steps);
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.extend(picks.iter().map(|pick| pick.index(events.len())));
        // A shuffle that is the seed's alone.
        for (at, byte) in (1..order.len()).rev().zip(seed.iter().cycle()) {
            order.swap(at, usize::from(*byte) % (at + 1));
        }
        let (mut stored, mut is_marked): (Option<&Told<'_>>, bool) = (None, false);
        let mut heard: Vec<&Told<'_>> = Vec::new();
        for at in &order {
            let event = &events[*at];
            let verdict = verdict_among(stored, event, true, &heard);
            is_marked |= matches!(verdict, Verdict::StaleAsTie | Verdict::ApplyAsTie);
            if matches!(verdict, Verdict::Apply | Verdict::ApplyAsTie) {
                stored = Some(event);
            }
            heard.push(event);
        }
        let newest = events.last().expect("a life has a start");
        prop_assert!(is_marked || stored.is_some_and(|stored| stored.2 == newest.2), "{:?}", order);
    }

    /// Told in the order in which it came about, and with no value twice, nothing is left to ask.
    #[test]
    fn the_true_order_needs_no_mark(steps in proptest::collection::vec(any::<bool>(), 1..8)) {
        let steps: Vec<(bool, usize)> = steps.into_iter().zip(1..).collect();
        let events = life(&steps);
        let (mut stored, mut heard) = (None, Vec::new());
        for event in &events {
            prop_assert_eq!(verdict_among(stored, event, true, &heard), Verdict::Apply);
            heard.push(event);
            stored = Some(event);
        }
    }
}
