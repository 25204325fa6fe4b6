//! Events of every era, thin ones, and shapes that nobody has seen yet.

use serde_json::{Value, json};

use crate::events::{UPDATED, era, event, subscription, with};
use crate::world::{DAY, World};

#[tokio::test]
async fn every_era_is_applied() {
    let texts = [
        era!("2014_subscription_created"),
        era!("2017_subscription_updated"),
        era!("acacia_subscription_updated"),
        era!("basil_subscription_updated"),
        era!("clover_subscription_updated"),
        era!("dahlia_subscription_updated"),
        era!("endive_subscription_paused"),
    ];
    for text in texts {
        let world = World::new().await;
        let event: Value = serde_json::from_str(text).expect("JSON");
        // As it stands in the file, spaces and all.
        let reply = testkit::ask(&world.webhook, world.signed(text.as_bytes())).await;
        assert_eq!(crate::world::outcome(&reply), (200, "applied".to_owned()), "{text}");
        let stored = world.stored("sub_1").await;
        let object = &event["data"]["object"];
        assert_eq!(stored["status"], object["status"], "{text}");
        assert_eq!(stored["api_version"], event["api_version"], "{text}");
        assert_eq!((&stored["plan"], &stored["quantity"]), (&json!("basic"), &json!(1)), "{text}");
        assert_eq!(stored["current_period_end"], "2026-10-21T14:13:20+00:00", "{text}");
        assert_eq!(stored["needs_sync"], false, "{text}");
        assert_eq!(world.entry(event["id"].as_str().expect("an id")).await["payload"], text);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_asked_for() {
    let world = World::new().await;
    let bare =
        json!({"customer": {"id": "cus_1", "object": "customer"}, "items": null, "brand_new": {"x": [1]}});
    world.apply(&event("evt_1", UPDATED, world.now, &with(subscription("active", 0), &bare))).await;
    let stored = world.stored("sub_1").await;
    assert_eq!((&stored["current_period_end"], &stored["price_id"]), (&Value::Null, &Value::Null));
    assert_eq!((&stored["needs_sync"], &stored["stripe_customer_id"]), (&json!(true), &json!("cus_1")));
    // Without a period the right ends by itself.
    assert!(world.has_access().await);
    world.run("update subscriptions set created_at = now() - interval '73 hours'", &[]).await;
    assert!(!world.has_access().await);
}

#[tokio::test]
async fn a_text_that_the_database_refuses_is_absent() {
    let world = World::new().await;
    let changes = json!({"latest_invoice": "in_\u{0}1", "currency": "e".repeat(256), "quantity": 1e300,
        "cancel_at": i64::MAX, "trial_end": "tomorrow", "metadata": {"note": "a\u{0}b"}});
    let object = with(subscription("active", world.now + DAY), &changes);
    world.apply(&event("evt_1", UPDATED, world.now, &object)).await;
    let stored = world.stored("sub_1").await;
    let absent = [&stored["latest_invoice_id"], &stored["cancel_at"], &stored["trial_end"]];
    assert_eq!(absent, [&Value::Null; 3]);
    assert_eq!((&stored["currency"], &stored["quantity"]), (&json!("eur"), &json!(1)));
    let payload = world.entry("evt_1").await["payload"].clone();
    assert!(payload.as_str().is_some_and(|payload| payload.contains("a\\u0000b")), "{payload}");
}

/// A thin event about a subscription.
fn thin(id: &str, subscription: &str, snapshot_event: &Value) -> Value {
    json!({"id": id, "object": "v2.core.event", "type": "v1.customer.subscription.updated",
        "created": "2026-09-21T14:13:20.123Z", "livemode": false, "snapshot_event": snapshot_event,
        "related_object": {"id": subscription, "type": "subscription", "url": "https://elsewhere.test/"}})
}

#[tokio::test]
async fn a_thin_event_marks_and_changes_nothing_else() {
    let world = World::new().await;
    world.apply(&event("evt_1", UPDATED, world.now, &subscription("active", world.now + DAY))).await;
    let before = world.stored("sub_1").await;
    assert_eq!(world.deliver(&thin("evt_2", "sub_1", &json!("evt_1"))).await, (200, "poke".to_owned()));
    assert_eq!(world.stored("sub_1").await, before, "what it stands beside is stored already");
    assert_eq!(world.deliver(&thin("evt_3", "sub_1", &json!("evt_9"))).await, (200, "poke".to_owned()));
    let mut after = world.stored("sub_1").await;
    assert_eq!((&after["needs_sync"], &after["sync_reason"]), (&json!(true), &json!("thin-event")));
    for member in ["needs_sync", "sync_reason", "updated_at"] {
        after[member] = before[member].clone();
    }
    assert_eq!(after, before);
    let entry = world.entry("evt_3").await;
    assert_eq!(
        (&entry["snapshot_event_id"], &entry["event_created"]),
        (&json!("evt_9"), &json!(1_790_000_000))
    );
    assert_eq!(world.deliver(&thin("evt_4", "sub_9", &Value::Null)).await, (200, "unmatched".to_owned()));
    assert_eq!(world.deliver(&thin("evt_4", "sub_9", &Value::Null)).await, (200, "duplicate".to_owned()));
}
