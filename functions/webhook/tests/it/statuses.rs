//! What is stored of each status, and what it opens.

use serde_json::{Value, json};

use crate::events::{CREATED, DELETED, UPDATED, event, invoice, session, subscription, with};
use crate::world::{DAY, World};

/// Delivers `sub_1` with this status and these changes, as the `second`-th second's event.
async fn tell(world: &World, second: i64, status: &str, changes: &Value) {
    let object = with(subscription(status, world.now + DAY), changes);
    world.apply(&event(&format!("evt_{second}"), UPDATED, world.now + second, &object)).await;
}

#[tokio::test]
async fn every_status_is_kept_as_it_stands_and_opens_what_it_should() {
    let opened = [
        ("trialing", true),
        ("active", true),
        ("past_due", true),
        ("incomplete", false),
        ("unpaid", false),
        ("paused", false),
        ("canceled", false),
        ("incomplete_expired", false),
        ("brand_new_status", false),
    ];
    for (status, access) in opened {
        let world = World::new().await;
        tell(&world, 1, status, &json!({})).await;
        let stored = world.stored("sub_1").await;
        assert_eq!(stored["status"], status);
        assert_eq!((&stored["plan"], &stored["price_id"]), (&json!("basic"), &json!("price_basic")));
        assert_eq!(world.has_access().await, access, "{status}");
        let unknown = status == "brand_new_status";
        assert_eq!(stored["needs_sync"], unknown, "{status}");
        assert_eq!(stored["sync_reason"], if unknown { json!("unknown-status") } else { Value::Null });
    }
}

#[tokio::test]
async fn a_payment_is_due_since_it_was_first_due() {
    let world = World::new().await;
    let since = async || world.stored("sub_1").await["past_due_since"].clone();
    tell(&world, 1, "active", &json!({})).await;
    assert_eq!(since().await, Value::Null);
    tell(&world, 2, "past_due", &json!({})).await;
    let first = since().await;
    assert!(first.is_string());
    tell(&world, 3, "past_due", &json!({"latest_invoice": "in_2"})).await;
    assert_eq!(since().await, first);
    tell(&world, 4, "active", &json!({})).await;
    assert_eq!(since().await, Value::Null);
    tell(&world, 5, "past_due", &json!({})).await;
    assert!(since().await.is_string());
    assert_ne!(since().await, first);
}

#[tokio::test]
async fn a_due_payment_opens_for_seven_days() {
    let world = World::new().await;
    let due = |age: i64| {
        event(&format!("evt_{age}"), UPDATED, world.now - age, &subscription("past_due", world.now))
    };
    world.apply(&due(7 * DAY + 60)).await;
    assert!(!world.has_access().await);
    world.run("delete from subscriptions", &[]).await;
    world.apply(&due(7 * DAY - 60)).await;
    assert!(world.has_access().await);
}

#[tokio::test]
async fn an_end_keeps_the_row_and_its_history() {
    let world = World::new().await;
    tell(&world, 1, "active", &json!({})).await;
    let over = json!({"ended_at": world.now, "canceled_at": world.now, "cancel_at_period_end": true});
    let object = with(subscription("canceled", world.now), &over);
    world.apply(&event("evt_end", DELETED, world.now + 2, &object)).await;
    let stored = world.stored("sub_1").await;
    assert_eq!((&stored["status"], &stored["last_event_id"]), (&json!("canceled"), &json!("evt_end")));
    assert!(stored["ended_at"].is_string() && stored["canceled_at"].is_string());
    assert_eq!(world.rows().await, (2, 1));
    assert!(!world.has_access().await);
}

#[tokio::test]
async fn a_pause_closes_and_a_resumption_opens() {
    let world = World::new().await;
    tell(&world, 1, "active", &json!({})).await;
    for (second, kind) in [(2, "payment_failed"), (4, "user_requested"), (6, "brand_new")] {
        tell(&world, second, "paused", &json!({"status_details": {"paused": {"type": kind}}})).await;
        assert!(!world.has_access().await, "{kind}");
        tell(&world, second + 1, "active", &json!({})).await;
        assert!(world.has_access().await, "{kind}");
    }
    let pause =
        json!({"pause_collection": {"behavior": "mark_uncollectible", "resumes_at": world.now + DAY}});
    tell(&world, 8, "active", &pause).await;
    let stored = world.stored("sub_1").await;
    assert_eq!(stored["pause_behavior"], "mark_uncollectible");
    assert!(stored["pause_resumes_at"].is_string());
    assert!(!world.has_access().await);
    tell(&world, 9, "active", &json!({"pause_collection": {}})).await;
    assert_eq!(world.stored("sub_1").await["pause_behavior"], "unknown");
    assert!(!world.has_access().await);
    tell(&world, 10, "active", &json!({})).await;
    assert!(world.has_access().await);
}

#[tokio::test]
async fn of_two_subscriptions_the_living_one_counts() {
    let world = World::new().await;
    tell(&world, 1, "active", &json!({})).await;
    let second = with(subscription("active", world.now + DAY), &json!({"id": "sub_2"}));
    world.apply(&event("evt_b", CREATED, world.now, &second)).await;
    tell(&world, 2, "canceled", &json!({"ended_at": world.now})).await;
    assert!(world.has_access().await);
    assert_eq!(world.rows().await.1, 2);
}

#[tokio::test]
async fn a_payment_that_comes_later_opens_later() {
    for (status, kind, opened) in [
        ("active", "checkout.session.async_payment_succeeded", true),
        ("incomplete_expired", "checkout.session.async_payment_failed", false),
    ] {
        let world = World::new().await;
        world.apply(&event("evt_a", "checkout.session.completed", world.now, &session("unpaid"))).await;
        tell(&world, 1, "incomplete", &json!({})).await;
        assert!(!world.has_access().await);
        world.apply(&event("evt_b", kind, world.now + 2, &session("paid"))).await;
        assert!(!world.has_access().await, "a session says nothing of access");
        tell(&world, 3, status, &json!({})).await;
        assert_eq!(world.has_access().await, opened, "{kind}");
    }
}

#[tokio::test]
async fn an_invoice_of_nothing_grants_nothing() {
    let world = World::new().await;
    tell(&world, 1, "unpaid", &json!({})).await;
    let before = world.stored("sub_1").await;
    world.apply(&event("evt_a", "invoice.paid", world.now + 2, &invoice(0, 0))).await;
    world.apply(&event("evt_b", "invoice.payment_failed", world.now + 3, &invoice(0, 900))).await;
    world.apply(&event("evt_c", "invoice.payment_failed", world.now + 4, &invoice(0, 900))).await;
    world.apply(&event("evt_d", "invoice.payment_action_required", world.now + 4, &invoice(0, 900))).await;
    assert_eq!(world.stored("sub_1").await, before);
    assert!(!world.has_access().await);
    let amount = async |id: &str| world.entry(id).await["amount"].clone();
    assert_eq!((amount("evt_a").await, amount("evt_b").await), (json!(0), json!(900)));
}

#[tokio::test]
async fn a_price_that_left_the_plans_keeps_the_plan_it_had() {
    let world = World::new().await;
    let priced =
        |price: &str| json!({"items": {"data": [{"price": price, "current_period_end": world.now + DAY}]}});
    tell(&world, 1, "active", &priced("price_basic")).await;
    world.run("update subscriptions set plan = 'gold', price_id = 'price_gold'", &[]).await;
    tell(&world, 2, "active", &priced("price_gold")).await;
    assert_eq!(world.stored("sub_1").await["plan"], "gold");
    tell(&world, 3, "active", &priced("price_elsewhere")).await;
    let stored = world.stored("sub_1").await;
    assert_eq!((&stored["plan"], &stored["price_id"]), (&Value::Null, &json!("price_elsewhere")));
    assert_eq!(stored["needs_sync"], false);
    tell(&world, 4, "active", &priced("price_premium")).await;
    assert_eq!(world.stored("sub_1").await["plan"], "premium");
    tell(&world, 5, "active", &json!({"items": {"data": [{"current_period_end": world.now + DAY}]}})).await;
    let stored = world.stored("sub_1").await;
    assert_eq!((&stored["plan"], &stored["sync_reason"]), (&Value::Null, &json!("no-price")));
}
