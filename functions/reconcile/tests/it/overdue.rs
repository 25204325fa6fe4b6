//! What is past its time is asked about, and what belongs to nobody any more is ended.

use serde_json::{Value, json};

use crate::world::{World, subscription};

/// Whether a row like this is asked about.
async fn check(changes: &str, expected: bool) {
    let world = World::new().await;
    world.row("sub_1", changes).await;
    world.stripe.knows(&subscription("sub_1", "active", world.now));
    let summary = world.settle("overdue").await;
    assert_eq!(summary.settled == 1, expected, "{changes}");
}

#[tokio::test]
async fn what_is_past_its_time_is_asked_about() {
    check("", false).await;
    check("current_period_end = now() - interval '1 second'", true).await;
    check("current_period_end = now() + interval '1 minute'", false).await;
    check("current_period_end = now() - interval '1 day', synced_at = now() - interval '59 minutes'", false)
        .await;
    check("current_period_end = now() - interval '1 day', synced_at = now() - interval '61 minutes'", true)
        .await;
    check("current_period_end = now() - interval '1 day', synced_at = null", true).await;
    check("synced_at = now() - interval '25 hours'", true).await;
    check("synced_at = now() - interval '23 hours'", false).await;
    check("synced_at = null", true).await;
    check("synced_at = null, created_at = now() - interval '1 hour'", false).await;
    check("synced_at = null, sync_after = now() + interval '1 minute'", false).await;
    check("synced_at = null, status = 'canceled'", false).await;
    check("synced_at = null, status = 'incomplete_expired'", false).await;
    check("synced_at = null, livemode = true", false).await;
}

#[tokio::test]
async fn a_person_who_deleted_the_account_pays_no_more() {
    let world = World::new().await;
    world.row("sub_1", "").await;
    world.stripe.knows(&subscription("sub_1", "active", world.now));
    let mut over = subscription("sub_1", "canceled", world.now);
    over["ended_at"] = json!(world.now);
    world.stripe.answers("DELETE /v1/subscriptions/sub_1", 200, over);
    assert_eq!(world.settle("overdue").await.ended, 0);
    assert_eq!(world.stripe.asked(), [""; 0]);
    world.run_sql("update users set deleted_at = now()", &[]).await;
    let summary = world.settle("overdue").await;
    assert_eq!((summary.ended, summary.settled), (1, 1));
    assert_eq!(world.stripe.asked(), ["GET /v1/subscriptions/sub_1", "DELETE /v1/subscriptions/sub_1"]);
    let stored = world.stored("sub_1").await;
    assert_eq!(stored["status"], "canceled");
    assert_ne!(stored["ended_at"], Value::Null);
    assert_eq!(world.settle("overdue").await.requests, 0);
}

#[tokio::test]
async fn what_has_ended_at_stripe_is_not_ended_again() {
    let world = World::new().await;
    world.row("sub_1", "").await;
    world.run_sql("update users set deleted_at = now()", &[]).await;
    world.stripe.knows(&subscription("sub_1", "canceled", world.now));
    assert_eq!(world.settle("overdue").await.ended, 0);
    assert_eq!(world.stripe.asked(), ["GET /v1/subscriptions/sub_1"]);
    assert_eq!(world.stored("sub_1").await["status"], "canceled");
}

#[tokio::test]
async fn an_end_that_fails_is_tried_again() {
    let world = World::new().await;
    world.row("sub_1", "").await;
    world.run_sql("update users set deleted_at = now()", &[]).await;
    world.stripe.knows(&subscription("sub_1", "active", world.now));
    let path = "DELETE /v1/subscriptions/sub_1";
    world.stripe.answers(path, 429, json!({"error": {"type": "api_error"}}));
    assert!(world.reconcile("overdue").await.verdict().is_err());
    assert_eq!(world.stored("sub_1").await["status"], "active");
    world.stripe.answers(path, 200, subscription("sub_1", "canceled", world.now));
    world.run_sql("update subscriptions set sync_after = now()", &[]).await;
    world.settle("overdue").await;
    assert_eq!(world.stored("sub_1").await["status"], "canceled");
}
