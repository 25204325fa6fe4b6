//! Whose an event is: by the subscription, by the customer, by our own id, or nobody's.

use serde_json::{Value, json};
use testkit::Person;

use crate::events::{CREATED, UPDATED, customer, event, session, subscription, with};
use crate::world::{DAY, World};

async fn check(world: &World, event: &Value, expected: &str) {
    assert_eq!(world.deliver(event).await, (200, expected.to_owned()), "{event}");
}

/// A subscription of an unknown customer whose metadata names someone.
fn foreign(world: &World, user_id: &str) -> Value {
    let changes = json!({"id": "sub_2", "customer": "cus_2", "metadata": {"user_id": user_id}});
    with(subscription("active", world.now + DAY), &changes)
}

#[tokio::test]
async fn an_event_of_nobody_is_kept_and_changes_nothing() {
    let world = World::new().await;
    let unknown = foreign(&world, "");
    check(&world, &event("evt_1", CREATED, world.now, &unknown), "unmatched").await;
    let no_row = foreign(&world, "0190a6f2-7c3e-7b11-8a52-3f1d2c4b5a69");
    check(&world, &event("evt_2", CREATED, world.now, &no_row), "unmatched").await;
    let no_id = foreign(&world, "robert'); drop table users");
    check(&world, &event("evt_3", CREATED, world.now, &no_id), "unmatched").await;
    assert_eq!(world.rows().await, (3, 0));
    let entry = world.entry("evt_2").await;
    assert_eq!((&entry["outcome"], &entry["user_id"]), (&json!("unmatched"), &Value::Null));
    assert!(entry["payload"].as_str().is_some_and(|payload| payload.contains("sub_2")));
    assert_eq!(entry["stripe_customer_id"], "cus_2");
}

#[tokio::test]
async fn our_own_id_makes_a_first_customer() {
    let world = World::new().await;
    let other = Person::new(&world.owner).await;
    let own = foreign(&world, &other.id.to_string());
    world.apply(&event("evt_1", CREATED, world.now, &own)).await;
    let user = world.user(&other).await;
    assert_eq!((&user["stripe_customer_id"], &user["stripe_livemode"]), (&json!("cus_2"), &json!(false)));
    assert_eq!(world.stored("sub_2").await["user_id"], other.id.to_string());
    assert_eq!(world.entry("evt_1").await["user_id"], other.id.to_string());
    // From now on the customer says it.
    let silent = with(foreign(&world, ""), &json!({"id": "sub_3"}));
    world.apply(&event("evt_2", CREATED, world.now, &silent)).await;
    assert_eq!(world.stored("sub_3").await["user_id"], other.id.to_string());
}

#[tokio::test]
async fn sources_that_disagree_are_not_decided() {
    let world = World::new().await;
    let other = Person::new(&world.owner).await;
    world.apply(&event("evt_1", CREATED, world.now, &subscription("active", world.now + DAY))).await;
    let before = world.stored("sub_1").await;
    let metadata = json!({"metadata": {"user_id": other.id.to_string()}});
    let disputed = with(subscription("unpaid", world.now + DAY), &metadata);
    check(&world, &event("evt_2", UPDATED, world.now + 1, &disputed), "conflict").await;
    let sold = with(session("paid"), &json!({"client_reference_id": other.id.to_string()}));
    check(&world, &event("evt_3", "checkout.session.completed", world.now + 1, &sold), "conflict").await;
    assert_eq!(world.stored("sub_1").await, before);
    let entry = world.entry("evt_2").await;
    assert_eq!((&entry["outcome"], &entry["user_id"]), (&json!("conflict"), &Value::Null));
    assert!(entry["payload"].is_string());
    assert_eq!(world.user(&other).await["stripe_customer_id"], Value::Null);
    // Someone who is another customer already does not become a second one.
    let claimed = foreign(&world, &world.person.id.to_string());
    check(&world, &event("evt_4", CREATED, world.now, &claimed), "conflict").await;
    assert_eq!(world.stored("sub_2").await, Value::Null);
}

#[tokio::test]
async fn a_deleted_customer_is_not_given_to_anyone() {
    let world = World::new().await;
    let gone = with(customer(), &json!({"id": "cus_2"}));
    check(&world, &event("evt_1", "customer.deleted", world.now, &gone), "unmatched").await;
    let other = Person::new(&world.owner).await;
    let late = foreign(&world, &other.id.to_string());
    check(&world, &event("evt_2", CREATED, world.now, &late), "unmatched").await;
    assert_eq!(world.user(&other).await["stripe_customer_id"], Value::Null);
    assert_eq!(world.stored("sub_2").await, Value::Null);
}

#[tokio::test]
async fn a_completed_session_makes_the_customer_and_is_no_longer_open() {
    let world = World::new().await;
    let other = Person::new(&world.owner).await;
    let open = "update users set open_checkout_session = 'cs_1' where id = $1";
    world.run(open, &[&other.id.uuid()]).await;
    let changes =
        json!({"customer": "cus_2", "subscription": "sub_2", "client_reference_id": other.id.to_string()});
    let completed =
        event("evt_1", "checkout.session.completed", world.now, &with(session("unpaid"), &changes));
    world.apply(&completed).await;
    let user = world.user(&other).await;
    assert_eq!(
        (&user["stripe_customer_id"], &user["open_checkout_session"]),
        (&json!("cus_2"), &Value::Null)
    );
    let stored = world.stored("sub_2").await;
    assert_eq!((&stored["status"], &stored["needs_sync"]), (&json!("incomplete"), &json!(true)));
    assert_eq!(stored["checkout_session_id"], "cs_1");
}

#[tokio::test]
async fn only_the_same_open_session_is_forgotten() {
    let world = World::new().await;
    world.run("update users set open_checkout_session = 'cs_2'", &[]).await;
    world.apply(&event("evt_1", "checkout.session.expired", world.now, &session("unpaid"))).await;
    assert_eq!(world.user(&world.person).await["open_checkout_session"], "cs_2");
    let expired = with(session("unpaid"), &json!({"id": "cs_2", "subscription": null}));
    world.apply(&event("evt_2", "checkout.session.expired", world.now, &expired)).await;
    assert_eq!(world.user(&world.person).await["open_checkout_session"], Value::Null);
    assert_eq!(world.rows().await, (2, 0));
}
