//! What was nobody's is done again, and old texts go.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::world::{UPDATED, World, event, subscription};

/// An event of a customer whom nobody is yet.
fn of_a_stranger(world: &World) -> Value {
    let mut object = subscription("sub_1", "active", world.now);
    object["customer"] = json!("cus_9");
    event("evt_1", UPDATED, world.now, &object)
}

async fn become_them(world: &World) {
    world.run_sql("update users set stripe_customer_id = 'cus_9'", &[]).await;
}

#[tokio::test]
async fn an_event_finds_its_person_when_there_is_one() {
    let world = World::new().await;
    world.unmatched(&of_a_stranger(&world)).await;
    let summary = world.settle("replay").await;
    assert_eq!((summary.replayed, summary.matched), (1, 0));
    let entry = world.entry("evt_1").await;
    assert_eq!((&entry["outcome"], &entry["replays"]), (&json!("unmatched"), &json!(1)));
    // Not at once again.
    become_them(&world).await;
    assert_eq!(world.settle("replay").await.replayed, 0);
    world.run_sql("update payment_logs set processed_at = now() - interval '5 minutes'", &[]).await;
    let summary = world.settle("replay").await;
    assert_eq!((summary.replayed, summary.matched), (1, 1));
    let entry = world.entry("evt_1").await;
    assert_eq!((&entry["outcome"], &entry["replays"]), (&json!("applied"), &json!(2)));
    assert_eq!(entry["user_id"], world.person.id.to_string());
    assert_eq!(world.stored("sub_1").await["status"], "active");
    assert_eq!(world.settle("replay").await.replayed, 0);
}

/// A row that a replay marks is settled in the same pass.
async fn check_marks(event: &Value, row: &str) {
    let world = World::new().await;
    world.unmatched(event).await;
    if !row.is_empty() {
        world.row("sub_1", row).await;
    }
    let mut told = subscription("sub_1", "past_due", world.now);
    told["customer"] = json!("cus_1");
    world.stripe.knows(&told);
    let summary = world.settle("replay").await;
    assert_eq!((summary.replayed, summary.matched, summary.marked), (1, 1, 0), "{event}");
    let stored = world.stored("sub_1").await;
    assert_eq!((&stored["status"], &stored["needs_sync"]), (&json!("past_due"), &json!(false)), "{event}");
}

#[tokio::test]
async fn what_a_replay_marks_is_asked_of_stripe_in_the_same_run() {
    let now = World::new().await.now;
    // Nobody can tell which of two of one second is the newer.
    let tie = event("evt_1", UPDATED, now, &subscription("sub_1", "active", now));
    let row = "status = 'unpaid', last_event_id = 'evt_0', last_event_type = 'customer.subscription.updated',
               last_event_created = ";
    check_marks(&tie, &format!("{row}{now}")).await;
    // An invoice names a subscription of which no event told.
    let invoice = json!({"id": "in_1", "object": "invoice", "customer": "cus_1", "status": "paid",
        "parent": {"subscription_details": {"subscription": "sub_1"}}});
    check_marks(&event("evt_1", "invoice.paid", now, &invoice), "").await;
    // A customer's end says nothing of how its subscriptions stood.
    let customer = json!({"id": "cus_1", "object": "customer"});
    check_marks(&event("evt_1", "customer.deleted", now, &customer), "status = 'active'").await;
}

/// Whether an event of this past is done again.
async fn check(changes: &str, expected: u64) {
    let world = World::new().await;
    world.unmatched(&of_a_stranger(&world)).await;
    world.run_sql(&format!("update payment_logs set {changes}"), &[]).await;
    assert_eq!(world.settle("replay").await.replayed, expected, "{changes}");
}

#[tokio::test]
async fn the_gaps_between_replays_grow_for_thirty_days() {
    check("replays = 1, processed_at = now() - interval '4 minutes'", 0).await;
    check("replays = 2, processed_at = now() - interval '9 minutes'", 0).await;
    check("replays = 2, processed_at = now() - interval '10 minutes'", 1).await;
    check("replays = 50, processed_at = now() - interval '23 hours'", 0).await;
    check("replays = 50, processed_at = now() - interval '24 hours'", 1).await;
    check("received_at = now() - interval '29 days'", 1).await;
    check("received_at = now() - interval '30 days 1 second'", 0).await;
    check("outcome = 'conflict'", 0).await;
    check("payload = null", 0).await;
    check("livemode = true", 0).await;
}

#[tokio::test]
async fn replays_at_once_count_once() {
    let world = World::new().await;
    world.unmatched(&of_a_stranger(&world)).await;
    become_them(&world).await;
    let mut jobs = JoinSet::new();
    for _ in 0..8 {
        let parts = world.parts(&[]);
        jobs.spawn(async move {
            let arguments = reconcile::Arguments::read(&["replay".to_owned()]).expect("arguments");
            reconcile::run(parts, &arguments, std::future::pending()).await
        });
    }
    let summaries = jobs.join_all().await;
    assert!(summaries.iter().all(|summary| summary.verdict().is_ok()), "{summaries:?}");
    assert_eq!(summaries.iter().map(|summary| summary.matched).sum::<u64>(), 1);
    assert_eq!(world.entry("evt_1").await["replays"], 1);
}

#[tokio::test]
async fn a_thin_event_is_asked_about_by_its_objects_id() {
    let world = World::new().await;
    let thin = json!({"id": "evt_1", "object": "v2.core.event", "type": "v1.customer.subscription.updated",
        "created": "2026-11-25T12:00:00.000Z", "livemode": false,
        "related_object": {"id": "sub_1", "type": "subscription", "url": "https://elsewhere.example/v1/x"}});
    world.unmatched(&thin).await;
    let mut object = subscription("sub_1", "past_due", world.now);
    object["metadata"]["user_id"] = json!(world.person.id.to_string());
    world.stripe.knows(&object);
    let summary = world.settle("replay").await;
    assert_eq!((summary.adopted, summary.matched), (1, 1));
    assert!(world.stripe.asked().iter().all(|asked| asked == "GET /v1/subscriptions/sub_1"));
    assert_eq!(world.entry("evt_1").await["outcome"], "poke");
    let stored = world.stored("sub_1").await;
    assert_eq!((&stored["status"], &stored["needs_sync"]), (&json!("past_due"), &json!(false)));
}

#[tokio::test]
async fn texts_go_after_ninety_days_and_ids_stay() {
    let world = World::new().await;
    let insert = "
        insert into payment_logs (stripe_event_id, event_type, event_created, livemode, outcome, payload, received_at)
        select 'evt_' || n, 'invoice.paid', n, false, 'applied', '{}', now() - make_interval(days => 91)
          from generate_series(1, 2500) n";
    world.run_sql(insert, &[]).await;
    let young = event("evt_young", UPDATED, world.now, &subscription("sub_1", "active", world.now));
    world.unmatched(&young).await;
    world.run_sql("update payment_logs set received_at = now() - interval '89 days' where stripe_event_id = 'evt_young'", &[]).await;
    assert_eq!(world.settle("replay").await.cleared, 2_500);
    let entry = world.entry("evt_1").await;
    assert_eq!((&entry["payload"], &entry["event_created"]), (&Value::Null, &json!(1)));
    assert_ne!(world.entry("evt_young").await["payload"], Value::Null);
    assert_eq!(world.settle("replay").await.cleared, 0);
}
