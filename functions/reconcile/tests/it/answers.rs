//! An answer says how a subscription stood when Stripe read it, which was before its date.

use serde_json::json;
use std::time::Duration;
use streamly::billing::stripe::{Deadline, Fetched};
use streamly::billing::sync::{Answered, Settled};
use streamly::billing::{Event, apply};
use streamly::db::syncs;
use tokio::time::Instant;

use crate::provider::DATE;
use crate::world::{UPDATED, World, event, subscription};

/// What becomes of an event so many seconds after the date of an answer that took so many milliseconds: the status, and
/// whether the row is marked.
async fn check(waited_ms: u64, seconds_after: i64, expected: (&str, bool)) {
    let world = World::new().await;
    world.row("sub_1", "").await;
    let reconcile::Parts { pool, rules, .. } = world.parts(&[]);
    let object = subscription("sub_1", "past_due", world.now);
    let fetched = Fetched { object, date: DATE.1, waited: Duration::from_millis(waited_ms) };
    let asked_at = syncs::clock(&world.owner).await.expect("a clock");
    let answered = Answered::read(&fetched, &rules).expect("a subscription");
    let settled = answered.settle(&pool, &rules, asked_at).await.expect("it is stored");
    assert_eq!(settled, Settled::Stored(Vec::new()));
    let told = event("evt_1", UPDATED, DATE.1 + seconds_after, &subscription("sub_1", "unpaid", world.now));
    let text = told.to_string();
    let told = Event::read(text.as_bytes(), &rules.plans).expect("an event");
    apply(&pool, &rules, &told, &text).await.expect("it is applied");
    let stored = world.stored("sub_1").await;
    let found = (stored["status"].as_str().expect("a status"), stored["needs_sync"] == json!(true));
    assert_eq!(found, expected, "{seconds_after} s after the date, {waited_ms} ms waited");
}

#[tokio::test]
async fn what_came_about_while_stripe_answered_is_stored_and_marked() {
    check(200, -2, ("past_due", false)).await;
    check(200, -1, ("unpaid", true)).await;
    check(200, 0, ("unpaid", true)).await;
    check(999, -2, ("past_due", false)).await;
    check(1_000, -3, ("past_due", false)).await;
    check(1_000, -2, ("unpaid", true)).await;
    check(3_900, -5, ("past_due", false)).await;
    check(3_900, -4, ("unpaid", true)).await;
    check(3_900, 0, ("unpaid", true)).await;
    check(4_100, 0, ("unpaid", true)).await;
    check(4_100, 1, ("unpaid", false)).await;
}

#[tokio::test]
async fn an_answer_that_took_too_long_is_not_stored() {
    let world = World::new().await;
    world.marked("sub_1").await;
    let before = world.everything().await;
    let reconcile::Parts { pool, rules, .. } = world.parts(&[]);
    let object = subscription("sub_1", "past_due", world.now);
    let fetched = Fetched { object, date: DATE.1, waited: Duration::from_secs(5) };
    let asked_at = syncs::clock(&world.owner).await.expect("a clock");
    let answered = Answered::read(&fetched, &rules).expect("a subscription");
    assert_eq!(answered.settle(&pool, &rules, asked_at).await.expect("it is read"), Settled::Newer);
    assert_eq!(world.everything().await, before);
}

#[tokio::test]
async fn the_wait_is_measured_from_before_the_question() {
    let world = World::new().await;
    world.stripe.knows(&subscription("sub_1", "active", world.now));
    let (stripe, release) = (world.parts(&[]).stripe, world.stripe.hold());
    let deadline = Deadline::after(Duration::from_secs(10));
    let answer = tokio::spawn(async move { stripe.subscription("sub_1", deadline).await });
    while world.stripe.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    let asked = Instant::now();
    // Some work, so that the wait is longer than what goes before and after it.
    for _ in 0..20 {
        world.everything().await;
    }
    let held = asked.elapsed();
    release.send_replace(true);
    let fetched = answer.await.expect("no panic").expect("an answer");
    assert!(fetched.waited >= held, "{:?} for {held:?}", fetched.waited);
    assert_eq!(fetched.date, DATE.1);
}

#[tokio::test]
async fn an_answer_without_a_date_settles_nothing() {
    let world = World::new().await;
    world.marked("sub_1").await;
    let body = subscription("sub_1", "unpaid", world.now).to_string();
    let bare = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    world.stripe.sends("GET /v1/subscriptions/sub_1", bare.as_bytes());
    let summary = world.reconcile("marked").await;
    assert_eq!((summary.settled, summary.failed), (0, 1));
    assert_eq!(world.stored("sub_1").await["status"], "active");
}
