//! What was never heard of is found.

use serde_json::{Value, json};

use crate::provider::{page, price_object};
use crate::world::{DAY, DELETED, UPDATED, World, event, subscription};

#[tokio::test]
async fn an_event_that_no_endpoint_took_counts_once() {
    let world = World::new().await;
    world.row("sub_1", "").await;
    let unpaid = subscription("sub_1", "unpaid", world.now);
    world.stripe.lists("events", &[event("evt_1", UPDATED, world.now, &unpaid)]);
    world.stripe.lists("subscriptions", &[unpaid]);
    let summary = world.settle("missed").await;
    assert_eq!((summary.events, summary.listed, summary.unlisted, summary.prices), (1, 1, 0, 0));
    assert_eq!(world.entry("evt_1").await["outcome"], "applied");
    let stored = world.stored("sub_1").await;
    assert_eq!((&stored["status"], &stored["needs_sync"]), (&json!("unpaid"), &json!(false)));
    let asked = world.stripe.asked();
    assert!(
        asked[0].contains("delivery_success=false") && asked[0].contains("types%5B%5D=invoice.paid"),
        "{asked:?}"
    );
    assert!(asked[1].contains("status=all"), "{asked:?}");
    assert_eq!(world.settle("missed").await.events, 0);
    let count: i64 =
        world.owner.query_one("select count(*) from payment_logs", &[]).await.expect("rows").get(0);
    assert_eq!(count, 1);
}

#[tokio::test]
async fn pages_are_followed_to_their_end() {
    let world = World::new().await;
    let (one, other) =
        (subscription("sub_1", "active", world.now), subscription("sub_2", "unpaid", world.now));
    world.row("sub_1", "status = 'past_due'").await;
    world.row("sub_2", "").await;
    world.stripe.answers("GET /v1/subscriptions?status=all&limit=50", 200, page(&[one], true));
    let second = "GET /v1/subscriptions?status=all&limit=50&starting_after=sub_1";
    world.stripe.answers(second, 200, page(&[other], false));
    let summary = world.settle("missed").await;
    assert_eq!((summary.listed, summary.settled, summary.unlisted), (2, 2, 0));
    assert_eq!(world.stored("sub_1").await["status"], "active");
    assert_eq!(world.stored("sub_2").await["status"], "unpaid");
}

#[tokio::test]
async fn a_row_that_stripe_does_not_list_is_marked_and_keeps_its_status() {
    let world = World::new().await;
    world.row("sub_1", "").await;
    world.row("sub_2", "status = 'canceled'").await;
    assert_eq!(world.settle("missed").await.unlisted, 1);
    let stored = world.stored("sub_1").await;
    let found = [&stored["status"], &stored["needs_sync"], &stored["sync_reason"]];
    assert_eq!(found, [&json!("active"), &json!(true), &json!("unlisted")]);
    assert_eq!(world.stored("sub_2").await["needs_sync"], false);
}

/// A subscription that has ended: cancelled a day ago, over now.
fn ended(world: &World) -> Value {
    let mut object = subscription("sub_1", "canceled", world.now);
    (object["canceled_at"], object["ended_at"]) = (json!(world.now - DAY), json!(world.now));
    object
}

/// Whether a row of an ended subscription is as Stripe lists it and unmarked after the pass, and how many rows were written.
async fn check_ended(changes: &str, expected: u64) {
    let world = World::new().await;
    let (cancelled, over) = (world.now - DAY, world.now);
    let as_listed = format!(
        "status = 'canceled', quantity = 1, currency = 'eur', latest_invoice_id = 'in_1',
         current_period_start = to_timestamp({}), current_period_end = to_timestamp({}),
         canceled_at = to_timestamp({cancelled}), ended_at = to_timestamp({over})",
        over - 10 * DAY,
        over + 20 * DAY,
    );
    world.row("sub_1", &as_listed).await;
    if !changes.is_empty() {
        world.run_sql(&format!("update subscriptions set {changes}"), &[]).await;
    }
    world.stripe.lists("subscriptions", &[ended(&world)]);
    let summary = world.settle("missed").await;
    assert_eq!((summary.settled, summary.marked), (expected, 0), "{changes}");
    let stored = world.stored("sub_1").await;
    assert_eq!((&stored["status"], &stored["needs_sync"]), (&json!("canceled"), &json!(false)), "{changes}");
    let found = "select extract(epoch from canceled_at)::bigint from subscriptions";
    let found = world.owner.query_one(found, &[]).await.expect("the row is readable");
    assert_eq!(found.get::<_, Option<i64>>(0), Some(cancelled), "{changes}");
}

#[tokio::test]
async fn an_ended_row_is_left_alone_only_if_it_is_as_listed_and_unmarked() {
    check_ended("", 0).await;
    check_ended("needs_sync = true, sync_reason = 'tie'", 1).await;
    check_ended("canceled_at = null", 1).await;
    check_ended("canceled_at = null, needs_sync = true", 1).await;
}

#[tokio::test]
async fn the_end_of_a_subscription_that_its_customers_end_overtook_is_stored_whole() {
    let world = World::new().await;
    // As the customer's deletion leaves a row, in the second in which the subscription's own end was lost.
    let left = "status = 'canceled', ended_at = now(), last_event_id = 'evt_customer',
                last_event_type = 'customer.deleted', last_event_created = ";
    world.row("sub_1", &format!("{left}{}", world.now)).await;
    world.stripe.lists("events", &[event("evt_1", DELETED, world.now, &ended(&world))]);
    world.stripe.lists("subscriptions", &[ended(&world)]);
    assert_eq!(world.settle("missed").await.marked, 0);
    let stored = world.stored("sub_1").await;
    assert_eq!((&stored["needs_sync"], &stored["sync_reason"]), (&json!(false), &Value::Null));
    assert!(stored["canceled_at"].is_string(), "{stored}");
}

#[tokio::test]
async fn half_a_list_marks_nothing() {
    let world = World::new().await;
    world.row("sub_1", "").await;
    let first = page(&[subscription("sub_9", "canceled", world.now)], true);
    world.stripe.answers("GET /v1/subscriptions?status=all&limit=50", 200, first);
    let second = "GET /v1/subscriptions?status=all&limit=50&starting_after=sub_9";
    world.stripe.answers(second, 500, json!({}));
    let summary = world.reconcile("missed").await;
    assert!(summary.verdict().is_err());
    assert_eq!(summary.unlisted, 0);
    assert_eq!(world.stored("sub_1").await["needs_sync"], false);
}

#[tokio::test]
async fn a_subscription_that_nobody_told_of_finds_its_person() {
    let world = World::new().await;
    let mut by_metadata = subscription("sub_2", "active", world.now);
    by_metadata["customer"] = json!("cus_2");
    let other = testkit::Person::new(&world.owner).await;
    by_metadata["metadata"]["user_id"] = json!(other.id.to_string());
    let by_customer = subscription("sub_1", "trialing", world.now);
    let mut strange = subscription("sub_3", "active", world.now);
    strange["customer"] = json!("cus_3");
    let mut disputed = subscription("sub_4", "active", world.now);
    disputed["metadata"]["user_id"] = json!(other.id.to_string());
    let all = [by_customer, by_metadata, strange, disputed];
    world.stripe.lists("subscriptions", &all);
    for object in &all {
        world.stripe.knows(object);
    }
    let summary = world.settle("missed").await;
    assert_eq!((summary.listed, summary.adopted, summary.strangers, summary.settled), (4, 2, 2, 2));
    for (id, status, person) in [("sub_1", "trialing", &world.person), ("sub_2", "active", &other)] {
        let stored = world.stored(id).await;
        assert_eq!(stored["user_id"], person.id.to_string());
        assert_eq!((&stored["status"], &stored["needs_sync"]), (&json!(status), &json!(false)));
    }
    assert_eq!(world.stored("sub_3").await, Value::Null);
    assert_eq!(world.stored("sub_4").await, Value::Null);
    let customer = "select stripe_customer_id from users where id = $1";
    let row = world.owner.query_one(customer, &[&other.id.uuid()]).await.expect("the row is readable");
    assert_eq!(row.get::<_, Option<String>>(0).as_deref(), Some("cus_2"));
}

#[tokio::test]
async fn a_price_that_is_not_what_the_plan_says_is_told() {
    let path = "GET /v1/prices/price_basic";
    let mut cases = vec![
        (price_object(900, "month"), 0),
        (price_object(901, "month"), 1),
        (price_object(900, "year"), 1),
    ];
    for (name, value) in [("active", json!(false)), ("currency", json!("usd")), ("recurring", Value::Null)] {
        let mut price = price_object(900, "month");
        price[name] = value;
        cases.push((price, 1));
    }
    let world = World::new().await;
    for (price, expected) in cases {
        world.stripe.answers(path, 200, price.clone());
        assert_eq!(world.settle("missed").await.prices, expected, "{price}");
    }
    world.stripe.answers(path, 404, json!({}));
    assert!(world.reconcile("missed").await.verdict().is_err());
}
