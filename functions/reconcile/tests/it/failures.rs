//! A failure changes no status, is tried again later, and never counts as settled.

use serde_json::{Value, json};

use crate::program::ended;
use crate::world::{World, subscription};

/// The row without what a failure may change.
async fn telling(world: &World, id: &str) -> Value {
    let mut stored = world.stored(id).await;
    for name in ["sync_attempts", "sync_after"] {
        stored.as_object_mut().expect("a row").remove(name);
    }
    stored
}

/// What the other rows' questions come to when this befalls the first row's.
async fn check(befall: impl FnOnce(&World)) {
    let world = World::new().await;
    world.marked("sub_1").await;
    world.marked("sub_2").await;
    world.stripe.knows(&subscription("sub_2", "unpaid", world.now));
    befall(&world);
    let before = telling(&world, "sub_1").await;
    let summary = world.reconcile("marked").await;
    assert_eq!((summary.settled, summary.failed, summary.marked), (1, 1, 1), "{summary:?}");
    assert!(summary.verdict().is_err() && summary.oldest_s >= 7_000, "{summary:?}");
    assert_eq!(telling(&world, "sub_1").await, before);
    assert_eq!(world.stored("sub_1").await["sync_attempts"], 1);
    assert_eq!(world.stored("sub_2").await["status"], "unpaid");
    // Not at once again: nothing is due, so nothing is left undone.
    world.stripe.asked();
    assert_eq!(world.settle("marked").await.requests, 0);
}

const PATH: &str = "GET /v1/subscriptions/sub_1";
const REDIRECT: &[u8] = b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn whatever_fails_leaves_the_row_as_it_is_and_others_go_on() {
    check(|_| ()).await;
    for status in [400, 402, 404, 429, 500, 503] {
        check(|world| world.stripe.answers(PATH, status, json!({"error": {"type": "api_error"}}))).await;
    }
    check(|world| world.stripe.answers(PATH, 200, json!({"object": "subscription"}))).await;
    check(|world| world.stripe.answers(PATH, 200, subscription("sub_2", "canceled", world.now))).await;
    check(|world| world.stripe.answers(PATH, 200, json!([]))).await;
    check(|world| world.stripe.sends(PATH, b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"id\":")).await;
    check(|world| world.stripe.sends(PATH, b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>")).await;
    check(|world| world.stripe.sends(PATH, REDIRECT)).await;
}

#[tokio::test]
async fn a_refused_key_ends_the_pass_and_puts_nothing_off() {
    for status in [401, 403] {
        let world = World::new().await;
        world.marked("sub_1").await;
        world.marked("sub_2").await;
        world.stripe.answers(PATH, status, json!({"error": {"type": "invalid_request_error"}}));
        let summary = world.reconcile("marked").await;
        assert_eq!((summary.requests, summary.failed), (1, 1), "{status}");
        assert!(summary.verdict().is_err());
        assert_eq!(world.stored("sub_1").await["sync_attempts"], 0);
        let (code, stdout, _) = ended(&world, &["marked"]).await;
        let alerts = stdout.matches("\"alert\":\"stripe-unauthorized\"").count();
        assert_eq!((code, alerts), (Some(1), 1), "{stdout}");
        // What needs no answer of Stripe's is done all the same.
        let all = world.reconcile("marked replay").await;
        assert_eq!((all.requests, all.failed), (1, 1));
    }
}

#[tokio::test]
async fn the_waits_double_up_to_an_hour() {
    let world = World::new().await;
    world.marked("sub_1").await;
    for expected in [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600] {
        world.run_sql("update subscriptions set sync_after = now() - interval '1 second'", &[]).await;
        assert_eq!(world.reconcile("marked").await.failed, 1);
        let wait = "select round(extract(epoch from sync_after - now()))::bigint from subscriptions";
        let wait: i64 = world.owner.query_one(wait, &[]).await.expect("the row is readable").get(0);
        assert!((expected - 5..=expected).contains(&wait), "{wait} for {expected}");
    }
    world.run_sql("update subscriptions set sync_after = null", &[]).await;
    world.stripe.knows(&subscription("sub_1", "active", world.now));
    world.settle("marked").await;
    assert_eq!(world.stored("sub_1").await["sync_attempts"], 0);
}

#[tokio::test]
async fn without_a_database_the_run_ends_and_says_so() {
    let world = World::new().await;
    world.marked("sub_1").await;
    let mut parts = world.parts(&[]);
    let gone = "postgres://nobody@127.0.0.1:1/x?sslmode=disable".parse().expect("an address");
    parts.pool = streamly::db::Pool::new(gone, None, streamly::db::PoolSize::default());
    let arguments = reconcile::Arguments::read(&[]).expect("arguments");
    let summary = reconcile::run(parts, &arguments, std::future::pending()).await;
    assert!(summary.verdict().is_err());
    assert_eq!(summary.settled, 0);
}

#[tokio::test]
async fn a_signal_ends_the_run_between_two_items() {
    let world = World::new().await;
    for id in ["sub_1", "sub_2", "sub_3"] {
        world.marked(id).await;
        world.stripe.knows(&subscription(id, "unpaid", world.now));
    }
    let arguments = reconcile::Arguments::read(&[]).expect("arguments");
    let summary = reconcile::run(world.parts(&[]), &arguments, std::future::ready(())).await;
    assert!(summary.interrupted && summary.verdict().is_err());
    assert_eq!((summary.failed, summary.marked.cast_unsigned()), (0, 3 - summary.settled));
    // Nothing was put off: the next run goes on.
    assert_eq!(world.settle("marked").await.marked, 0);
}
