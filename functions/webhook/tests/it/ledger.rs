//! Every verified event is stored once, with what it names and what came of it.

use serde_json::{Value, json};

use crate::events::{UPDATED, era, event, session, subscription, with};
use crate::world::{DAY, World};

/// Delivers an event that changes nothing: its outcome, its detail, and whether its text is kept.
async fn check(world: &World, event: &Value, detail: &str, keeps_payload: bool) {
    assert_eq!(world.deliver(event).await, (200, "ignored".to_owned()), "{event}");
    let entry = world.entry(event["id"].as_str().expect("an id")).await;
    assert_eq!((&entry["outcome"], &entry["detail"]), (&json!("ignored"), &json!(detail)), "{event}");
    assert_eq!(entry["payload"].is_string(), keeps_payload, "{event}");
    assert!(entry["processed_at"].is_string());
    assert_eq!(world.deliver(event).await, (200, "duplicate".to_owned()), "{event}");
}

#[tokio::test]
async fn what_does_not_matter_is_counted_once_and_ignored() {
    let world = World::new().await;
    let now = world.now;
    world.apply(&event("evt_0", UPDATED, now, &subscription("active", now + DAY))).await;
    let before = world.stored("sub_1").await;
    let live =
        with(event("evt_1", UPDATED, now + 1, &subscription("unpaid", now)), &json!({"livemode": true}));
    check(&world, &live, "livemode", false).await;
    let account = json!({"account": "acct_1"});
    let connected = with(event("evt_2", UPDATED, now + 1, &subscription("unpaid", now)), &account);
    check(&world, &connected, "connect", false).await;
    check(&world, &event("evt_3", "invoice.created", now, &json!({"id": "in_1"})), "type", false).await;
    check(&world, &event("evt_4", "charge.succeeded", now, &json!(null)), "type", false).await;
    check(&world, &event("evt_5", "brand.new.type", now, &json!([])), "type", false).await;
    for (id, mode) in [("evt_6", json!("payment")), ("evt_7", json!("setup")), ("evt_8", json!(null))] {
        let session = with(session("paid"), &json!({"mode": mode}));
        check(&world, &event(id, "checkout.session.completed", now, &session), "mode", true).await;
    }
    let objects = [
        ("evt_9", json!(null)),
        ("evt_10", json!({"id": "in_1", "object": "invoice", "status": "paid"})),
        ("evt_11", json!({"object": "subscription", "status": "active"})),
        ("evt_12", json!({"id": "sub_1", "object": "subscription", "status": null})),
    ];
    for (id, object) in objects {
        check(&world, &event(id, UPDATED, now + 1, &object), "malformed-object", true).await;
    }
    let nobodys = with(
        subscription("active", now),
        &json!({"id": "sub_2", "customer": null,
        "metadata": {"user_id": testkit::Person::new(&world.owner).await.id.to_string()}}),
    );
    check(&world, &event("evt_13", UPDATED, now, &nobodys), "malformed-object", true).await;
    assert_eq!(world.stored("sub_1").await, before);
    assert_eq!(world.rows().await, (14, 1));
}

#[tokio::test]
async fn a_live_deployment_takes_live_events_alone() {
    let world = World::with(&[("STRIPE_LIVEMODE", "true")]).await;
    let test = event("evt_1", UPDATED, world.now, &subscription("active", world.now + DAY));
    check(&world, &test, "livemode", false).await;
    world.apply(&with(test, &json!({"id": "evt_2", "livemode": true}))).await;
    assert_eq!(world.stored("sub_1").await["livemode"], true);
}

#[tokio::test]
async fn money_that_moves_is_noted_and_decides_nothing() {
    let world = World::new().await;
    world.apply(&event("evt_0", UPDATED, world.now, &subscription("active", world.now + DAY))).await;
    let before = world.stored("sub_1").await;
    let user = json!(world.person.id.to_string());
    let noted = async |text: &str, names: [Value; 5]| {
        let event: Value = serde_json::from_str(text).expect("JSON");
        world.apply(&event).await;
        let entry = world.entry(event["id"].as_str().expect("an id")).await;
        let columns = ["user_id", "object_id", "payment_intent_id", "amount", "currency"];
        assert_eq!(columns.map(|name| entry[name].clone()), names, "{text}");
    };
    // Before anything tells whose the payment is, it is nobody's, and noted all the same.
    let paid = [Value::Null, json!("inpay_1"), json!("pi_1"), json!(900), json!("eur")];
    noted(era!("endive_invoice_payment_paid"), paid).await;
    let refunded = [user.clone(), json!("ch_1"), json!("pi_1"), json!(900), json!("eur")];
    noted(era!("endive_charge_refunded"), refunded).await;
    // The dispute names no customer; the charge of the same payment does.
    let disputed = [user.clone(), json!("du_1"), json!("pi_1"), json!(900), json!("eur")];
    noted(era!("endive_dispute_created"), disputed).await;
    assert_eq!(world.stored("sub_1").await, before);
    assert!(world.has_access().await);
}

#[tokio::test]
async fn an_applied_event_is_told_whole() {
    let world = World::new().await;
    let told = event("evt_1", "checkout.session.completed", world.now, &session("paid"));
    world.apply(&told).await;
    let entry = world.entry("evt_1").await;
    let expected = json!({"stripe_event_id": "evt_1", "event_type": "checkout.session.completed",
        "event_created": world.now, "api_version": "2026-09-30.endive", "livemode": false,
        "user_id": world.person.id.to_string(), "object_id": "cs_1", "stripe_customer_id": "cus_1",
        "stripe_subscription_id": "sub_1", "amount": 900, "currency": "eur", "outcome": "applied", "detail": null,
        "replays": 0, "payload": told.to_string()});
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&entry[name], value, "{name}");
    }
    assert!(entry["processed_at"].is_string() && entry["received_at"].is_string());
}
