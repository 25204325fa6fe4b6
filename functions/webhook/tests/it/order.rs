//! In whatever order events come, the newest telling stands, or the row says that it has to be asked for.

use serde_json::{Value, json};

use crate::events::{
    CREATED, DELETED, UPDATED, changed, customer, event, invoice, session, subscription, with,
};
use crate::world::{DAY, World};

/// Delivers events in this order; each entry with the outcome that it has.
async fn check(world: &World, deliveries: &[(&Value, &str)]) {
    for (event, expected) in deliveries {
        assert_eq!(world.deliver(event).await, (200, (*expected).to_owned()), "{event}");
    }
}

/// The status of `sub_1`, and whether it has to be asked of Stripe.
async fn state(world: &World) -> (Value, Value, Value) {
    let stored = world.stored("sub_1").await;
    (stored["status"].clone(), stored["needs_sync"].clone(), stored["sync_reason"].clone())
}

#[tokio::test]
async fn a_creation_that_comes_late_changes_nothing() {
    for apart in [0, 1] {
        let world = World::new().await;
        let end = world.now + DAY;
        let created = event("evt_created", CREATED, world.now - apart, &subscription("incomplete", end));
        let updated = event("evt_updated", UPDATED, world.now, &subscription("active", end));
        check(&world, &[(&updated, "applied"), (&created, "stale")]).await;
        assert_eq!(state(&world).await, (json!("active"), json!(false), Value::Null));
        assert_eq!(world.entry("evt_created").await["outcome"], "stale");
        assert!(world.has_access().await);
    }
}

#[tokio::test]
async fn nothing_revives_what_was_deleted() {
    let world = World::new().await;
    let end = world.now + DAY;
    let over = with(subscription("canceled", end), &json!({"ended_at": world.now, "canceled_at": world.now}));
    let deleted = event("evt_deleted", DELETED, world.now, &over);
    let late = event("evt_late", UPDATED, world.now + 5, &subscription("active", end));
    let completed = event("evt_session", "checkout.session.completed", world.now, &session("paid"));
    let paid = event("evt_invoice", "invoice.paid", world.now, &invoice(900, 900));
    check(&world, &[(&deleted, "applied"), (&late, "stale"), (&completed, "applied"), (&paid, "applied")])
        .await;
    assert_eq!(state(&world).await, (json!("canceled"), json!(false), Value::Null));
    let stored = world.stored("sub_1").await;
    assert!(stored["ended_at"].is_string(), "{stored}");
    assert_eq!(stored["checkout_session_id"], "cs_1");
    assert!(!world.has_access().await);
}

#[tokio::test]
async fn an_end_that_is_dated_before_the_last_event_ends_the_row() {
    let world = World::new().await;
    let end = world.now + DAY;
    let active = event("evt_1", UPDATED, world.now, &subscription("active", end));
    let over = with(subscription("canceled", end), &json!({"ended_at": world.now, "canceled_at": world.now}));
    let deleted = event("evt_2", DELETED, world.now - 5, &over);
    check(&world, &[(&active, "applied"), (&deleted, "applied"), (&active, "duplicate")]).await;
    assert_eq!(state(&world).await, (json!("canceled"), json!(false), Value::Null));
    assert!(!world.has_access().await);
}

#[tokio::test]
async fn an_invoice_that_comes_first_opens_nothing() {
    let world = World::new().await;
    world.apply(&event("evt_1", "invoice.paid", world.now, &invoice(900, 900))).await;
    assert_eq!(state(&world).await, (json!("incomplete"), json!(true), json!("no-snapshot")));
    assert_eq!(world.stored("sub_1").await["last_event_created"], 0);
    assert!(!world.has_access().await);
    world.apply(&event("evt_2", CREATED, world.now - 9, &subscription("active", world.now + DAY))).await;
    // Only an answer of Stripe's takes the mark away.
    assert_eq!(state(&world).await, (json!("active"), json!(true), json!("no-snapshot")));
    assert!(world.has_access().await);
}

#[tokio::test]
async fn a_session_links_the_subscription_whichever_comes_first() {
    let world = World::new().await;
    let created = event("evt_1", CREATED, world.now, &subscription("active", world.now + DAY));
    let completed = event("evt_2", "checkout.session.completed", world.now, &session("paid"));
    check(&world, &[(&created, "applied"), (&completed, "applied")]).await;
    let stored = world.stored("sub_1").await;
    assert_eq!((&stored["checkout_session_id"], &stored["status"]), (&json!("cs_1"), &json!("active")));
    assert_eq!(stored["needs_sync"], false);
    assert_eq!(world.rows().await, (2, 1));

    let world = World::new().await;
    check(&world, &[(&completed, "applied"), (&created, "applied")]).await;
    let stored = world.stored("sub_1").await;
    assert_eq!((&stored["checkout_session_id"], &stored["status"]), (&json!("cs_1"), &json!("active")));
    assert_eq!(stored["needs_sync"], true);
    assert_eq!(world.rows().await, (2, 1));
}

#[tokio::test]
async fn within_a_second_the_previous_attributes_decide() {
    let (first, second) = ("past_due", "unpaid");
    for reversed in [false, true] {
        let world = World::new().await;
        let end = world.now + DAY;
        let earlier = event("evt_1", UPDATED, world.now, &subscription(first, end));
        let earlier = changed(earlier, &json!({"status": "active"}));
        let later = event("evt_2", UPDATED, world.now, &subscription(second, end));
        let later = changed(later, &json!({"status": first}));
        let order = if reversed {
            [(&later, "applied"), (&earlier, "stale")]
        } else {
            [(&earlier, "applied"), (&later, "applied")]
        };
        check(&world, &order).await;
        assert_eq!(state(&world).await, (json!(second), json!(false), Value::Null), "reversed: {reversed}");
    }
}

#[tokio::test]
async fn values_that_come_back_within_a_second_end_marked_in_every_order() {
    let statuses = ["active", "past_due", "unpaid"];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let world = World::new().await;
        let end = world.now + DAY;
        for at in order {
            let told = subscription(statuses[(at + 1) % 3], end);
            let told = event(&format!("evt_{at}"), UPDATED, world.now, &told);
            let (status, _) = world.deliver(&changed(told, &json!({"status": statuses[at]}))).await;
            assert_eq!(status, 200);
        }
        assert_eq!(world.stored("sub_1").await["needs_sync"], json!(true), "{order:?}");
        assert_eq!(world.rows().await, (3, 1), "{order:?}");
    }
}

#[tokio::test]
async fn what_nobody_can_order_is_stored_and_marked() {
    let world = World::new().await;
    let end = world.now + DAY;
    let one = event("evt_1", UPDATED, world.now, &subscription("past_due", end));
    let other = event("evt_2", UPDATED, world.now, &subscription("active", end));
    check(&world, &[(&one, "applied"), (&other, "applied")]).await;
    assert_eq!(state(&world).await, (json!("active"), json!(true), json!("tie")));
    // The same telling under another id decides nothing and changes nothing.
    let again = event("evt_3", UPDATED, world.now, &subscription("active", end));
    check(&world, &[(&again, "stale")]).await;
}

#[tokio::test]
async fn what_seems_to_come_before_what_stands_is_stale_and_marks_it_where_nobody_can_tell() {
    for (previous, marked) in [(json!({"status": "trialing"}), false), (Value::Null, true)] {
        let world = World::new().await;
        let end = world.now + DAY;
        let stands = event("evt_1", UPDATED, world.now, &subscription("active", end));
        let before = event("evt_2", UPDATED, world.now, &subscription("past_due", end));
        check(&world, &[(&changed(stands, &json!({"status": "past_due"})), "applied")]).await;
        let stored = world.stored("sub_1").await;
        check(&world, &[(&changed(before, &previous), "stale")]).await;
        let reason = if marked { json!("tie") } else { Value::Null };
        assert_eq!(state(&world).await, (json!("active"), json!(marked), reason), "{previous}");
        // A mark counts as newer than an answer that was asked for before it.
        assert_eq!(world.stored("sub_1").await["updated_at"] != stored["updated_at"], marked, "{previous}");
    }
}

#[tokio::test]
async fn without_the_last_events_text_a_tie_is_marked() {
    let world = World::new().await;
    let end = world.now + DAY;
    world.apply(&event("evt_1", UPDATED, world.now, &subscription("past_due", end))).await;
    world.run("update payment_logs set payload = null", &[]).await;
    let following = event("evt_2", UPDATED, world.now, &subscription("unpaid", end));
    world.apply(&changed(following, &json!({"status": "past_due"}))).await;
    assert_eq!(state(&world).await, (json!("unpaid"), json!(true), json!("tie")));
}

#[tokio::test]
async fn an_event_of_last_month_is_stale() {
    let world = World::new().await;
    world.apply(&event("evt_1", UPDATED, world.now, &subscription("active", world.now + DAY))).await;
    let before = world.stored("sub_1").await;
    let old = event("evt_2", UPDATED, world.now - 30 * DAY, &subscription("unpaid", world.now));
    check(&world, &[(&old, "stale")]).await;
    assert_eq!(world.stored("sub_1").await, before);
}

#[tokio::test]
async fn a_deleted_customers_subscriptions_end_in_any_order() {
    let world = World::new().await;
    let end = world.now + DAY;
    world.run("update users set open_checkout_session = 'cs_9'", &[]).await;
    let active = event("evt_1", UPDATED, world.now + 60, &subscription("active", end));
    let deleted = event("evt_2", "customer.deleted", world.now, &customer());
    let late = event("evt_3", UPDATED, world.now + 120, &subscription("active", end));
    check(&world, &[(&active, "applied"), (&deleted, "applied"), (&late, "stale")]).await;
    let stored = world.stored("sub_1").await;
    assert_eq!(stored["status"], "canceled");
    assert!(stored["ended_at"].is_string());
    assert_eq!(stored["last_event_type"], "customer.deleted");
    // When it was cancelled, and for which price, only Stripe knows.
    assert_eq!((&stored["needs_sync"], &stored["sync_reason"]), (&json!(true), &json!("customer-deleted")));
    let user = world.user(&world.person).await;
    let forgotten = [&user["stripe_customer_id"], &user["stripe_livemode"], &user["open_checkout_session"]];
    assert_eq!(forgotten, [&Value::Null; 3]);
    assert!(!world.has_access().await);
    let again = event("evt_4", "customer.deleted", world.now, &with(customer(), &json!({"id": "cus_2"})));
    check(&world, &[(&again, "unmatched")]).await;
}
