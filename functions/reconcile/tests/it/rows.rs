//! What is marked becomes what Stripe says.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::provider::DATE;
use crate::world::{DAY, World, subscription};

#[tokio::test]
async fn a_marked_row_becomes_what_stripe_says() {
    let world = World::new().await;
    world.marked("sub_1").await;
    world
        .run_sql(
            "update subscriptions set sync_attempts = 3, last_event_id = 'evt_1', last_event_created = 5",
            &[],
        )
        .await;
    let mut object = subscription("sub_1", "past_due", world.now);
    object["items"]["data"][0]["price"]["id"] = json!("price_premium");
    object["cancel_at"] = json!(world.now + DAY);
    world.stripe.knows(&object);
    let summary = world.settle("marked").await;
    assert_eq!((summary.requests, summary.settled, summary.marked, summary.oldest_s), (1, 1, 0, 0));
    let stored = world.stored("sub_1").await;
    let found = ["status", "plan", "price_id", "needs_sync", "sync_reason", "sync_attempts", "sync_after"];
    let expected = json!(["past_due", "premium", "price_premium", false, null, 0, null]);
    assert_eq!(Value::from(found.map(|name| stored[name].clone()).to_vec()), expected);
    let source = ["last_event_id", "last_event_type", "last_event_created", "api_version"];
    let expected = json!([null, "reconcile", DATE.1 - 1, "2026-09-30.endive"]);
    assert_eq!(Value::from(source.map(|name| stored[name].clone()).to_vec()), expected);
    assert_eq!(stored["past_due_since"], "2026-11-25T12:00:00+00:00");
    assert_ne!(stored["synced_at"], Value::Null);
    // Settled is settled.
    world.stripe.asked();
    world.settle("marked").await;
    assert_eq!(world.stripe.asked(), [""; 0]);
}

#[tokio::test]
async fn stripes_answer_counts_for_more_than_an_end() {
    let world = World::new().await;
    world
        .row(
            "sub_1",
            "needs_sync = true, status = 'canceled', ended_at = now(), last_event_created = 9999999999",
        )
        .await;
    world.stripe.knows(&subscription("sub_1", "active", world.now));
    world.settle("marked").await;
    let stored = world.stored("sub_1").await;
    assert_eq!((&stored["status"], &stored["ended_at"]), (&json!("active"), &Value::Null));
    assert_eq!(stored["last_event_created"], 9_999_999_999_i64, "time does not go back");
}

#[tokio::test]
async fn a_price_that_no_plan_names_keeps_the_plan_that_the_row_had() {
    let world = World::new().await;
    world.row("sub_1", "needs_sync = true, price_id = 'price_old', plan = 'gold'").await;
    world.row("sub_2", "needs_sync = true, price_id = 'price_older', plan = 'gold'").await;
    for id in ["sub_1", "sub_2"] {
        let mut object = subscription(id, "active", world.now);
        object["items"]["data"][0]["price"]["id"] = json!("price_old");
        world.stripe.knows(&object);
    }
    world.settle("marked").await;
    assert_eq!(world.stored("sub_1").await["plan"], "gold");
    assert_eq!(world.stored("sub_2").await["plan"], Value::Null);
}

#[tokio::test]
async fn an_event_that_arrived_after_the_question_counts_for_more_than_the_answer() {
    let world = World::new().await;
    world.row("sub_1", "needs_sync = true, updated_at = now() + interval '1 hour'").await;
    world.stripe.knows(&subscription("sub_1", "unpaid", world.now));
    let summary = world.reconcile("marked").await;
    assert!(summary.verdict().is_err());
    assert_eq!((summary.settled, summary.newer, summary.failed), (0, 3, 1));
    let stored = world.stored("sub_1").await;
    assert_eq!((&stored["status"], &stored["needs_sync"]), (&json!("active"), &json!(true)));
}

#[tokio::test]
async fn hundreds_of_rows_are_each_asked_about_once_by_any_number_of_jobs() {
    let world = World::new().await;
    for number in 0..450 {
        let id = format!("sub_{number}");
        world.marked(&id).await;
        world.stripe.knows(&subscription(&id, "active", world.now));
    }
    let mut jobs = JoinSet::new();
    for _ in 0..2 {
        let parts = world.parts(&[("DATABASE_POOL_SIZE", "4")]);
        jobs.spawn(async move {
            let arguments = reconcile::Arguments::read(&["marked".to_owned()]).expect("arguments");
            reconcile::run(parts, &arguments, std::future::pending()).await
        });
    }
    let asked: u64 = jobs.join_all().await.iter().map(|summary| summary.requests).sum();
    assert!((450..=1_350).contains(&asked), "{asked}");
    let left = world.reconcile("marked").await;
    assert_eq!((left.requests, left.marked), (0, 0));
}

#[tokio::test]
async fn requests_keep_their_distance() {
    let world = World::new().await;
    for number in 0..5 {
        let id = format!("sub_{number}");
        world.marked(&id).await;
        world.stripe.knows(&subscription(&id, "active", world.now));
    }
    let gap = std::time::Duration::from_millis(50);
    let parts = reconcile::Parts { gap, ..world.parts(&[]) };
    let arguments = reconcile::Arguments::read(&["marked".to_owned()]).expect("arguments");
    let started = std::time::Instant::now();
    let summary = reconcile::run(parts, &arguments, std::future::pending()).await;
    assert_eq!(summary.settled, 5);
    assert!(started.elapsed() >= gap * 4, "{:?}", started.elapsed());
}
