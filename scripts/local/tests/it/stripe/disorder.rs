//! Deliveries that go wrong on purpose, and events that the test delivers itself.

use super::{Delivery, Endpoint, PRICE, Stand, WEBHOOK_SECRET, options};
use local::stripe::{ApiVersion, Deliveries, Options, Order, PendingEvent, Thin};
use serde_json::{Value, json};
use std::collections::HashMap;

const PAY: &str = "action=pay&card_number=4242424242424242";

/// A stand-in that delivers nothing of its own accord.
async fn silent() -> Stand {
    let deliveries = Deliveries { on: false, ..Deliveries::default() };
    Stand::with(Options { deliveries, ..options() }).await
}

async fn buy(stand: &Stand) -> String {
    let session = stand.session("").await;
    assert_eq!(stand.press(&session, PAY).await.status(), 303);
    session
}

fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("an event is JSON")
}

#[track_caller]
fn of_kind<'a>(events: &'a [PendingEvent], kind: &str) -> &'a PendingEvent {
    events.iter().find(|event| event.kind() == kind).unwrap_or_else(|| panic!("no {kind} in {events:?}"))
}

#[tokio::test]
async fn pending_events_are_given_out_once_and_stay_undelivered_until_an_answer_is_noted() {
    let stand = silent().await;
    buy(&stand).await;
    let pending = stand.stripe.take_pending();
    let kinds: Vec<_> = pending.iter().map(PendingEvent::kind).collect();
    let expected = [
        "customer.subscription.created",
        "invoice.paid",
        "invoice_payment.paid",
        "checkout.session.completed",
    ];
    assert_eq!(kinds, expected, "as they came about");
    assert!(stand.stripe.take_pending().is_empty(), "each once");
    stand.stripe.note_answer(pending[0].id(), 200);
    stand.stripe.note_answer(pending[1].id(), 503);
    let listed = stand.get("/v1/events?delivery_success=false&limit=100").await.json();
    let listed: Vec<_> = listed["data"].as_array().expect("a list").iter().map(|e| e["id"].clone()).collect();
    assert!(!listed.contains(&json!(pending[0].id())), "accepted");
    assert!(listed.contains(&json!(pending[1].id())), "refused");
    buy(&stand).await;
    assert_eq!(stand.stripe.take_pending().len(), 4, "what came about since");
}

#[tokio::test]
async fn a_pending_event_has_the_bytes_of_its_delivery_and_a_signature() {
    let stand = silent().await;
    buy(&stand).await;
    let event = &stand.stripe.take_pending()[0];
    let body = event.body(ApiVersion::Endive);
    assert_eq!(body, event.body(ApiVersion::Endive), "the same bytes every time");
    let header = stand.stripe.sign(&body);
    stand.stripe.set_webhook_secret(format!("whsec_new,{WEBHOOK_SECRET}"));
    let both = stand.stripe.sign(&body);
    assert_eq!((header.matches("v1=").count(), both.matches("v1=").count()), (1, 2));
    let shown = stand.stripe.object(event.object_id()).expect("the subscription is there");
    assert_eq!(read(&body)["data"]["object"]["id"], shown["id"]);
    let taken = stand.control("/_fake/events/take", "").await.json();
    assert_eq!(taken, json!([]), "the control call gives out from the same store");
}

#[tokio::test]
async fn each_version_has_the_members_where_it_has_them() {
    let stand = silent().await;
    let session = buy(&stand).await;
    let subscription =
        stand.get(&format!("/v1/checkout/sessions/{session}")).await.json()["subscription"].clone();
    let pending = stand.stripe.take_pending();
    let (created, paid) =
        (of_kind(&pending, "customer.subscription.created"), of_kind(&pending, "invoice.paid"));
    let completed = of_kind(&pending, "checkout.session.completed");
    for version in ApiVersion::ALL {
        let acacia = version == ApiVersion::Acacia;
        let event = read(&created.body(version));
        assert_eq!(event["api_version"], json!(version.name()));
        let object = &event["data"]["object"];
        assert_eq!(object["current_period_end"].is_i64(), acacia, "{version:?}");
        assert_eq!(object["items"]["data"][0]["current_period_end"].is_i64(), !acacia, "{version:?}");
        assert_eq!(object["items"]["data"][0]["price"]["id"], json!(PRICE), "{version:?}");
        assert_eq!(object["plan"]["id"] == json!(PRICE), acacia, "{version:?}");
        assert_eq!(object.get("billing_mode").is_some(), version >= ApiVersion::Clover, "{version:?}");
        assert_eq!(object.get("status_details").is_some(), version == ApiVersion::Endive, "{version:?}");
        let invoice = &read(&paid.body(version))["data"]["object"];
        let of_parent = &invoice["parent"]["subscription_details"]["subscription"];
        assert_eq!(invoice["subscription"] == subscription, acacia, "{version:?}");
        assert_eq!(*of_parent == subscription, !acacia, "{version:?}");
        assert_eq!(invoice["paid"] == json!(true), acacia, "{version:?}");
        assert_eq!(invoice["payment_intent"].is_string(), acacia, "{version:?}");
        let line = &invoice["lines"]["data"][0];
        assert_eq!(line["price"]["id"] == json!(PRICE), acacia, "{version:?}");
        assert_eq!(line["pricing"]["price_details"]["price"] == json!(PRICE), !acacia, "{version:?}");
        let session = &read(&completed.body(version))["data"]["object"];
        let hosted = if version < ApiVersion::Dahlia { "hosted" } else { "hosted_page" };
        assert_eq!(session["ui_mode"], json!(hosted), "{version:?}");
    }
    let bond = of_kind(&pending, "invoice_payment.paid");
    assert_eq!(read(&bond.body(ApiVersion::Acacia))["api_version"], json!(ApiVersion::Basil.name()));
}

#[tokio::test]
async fn previous_attributes_have_the_shape_of_their_version() {
    let stand = silent().await;
    let price = "currency=usd&unit_amount=9900&recurring[interval]=year&product_data[name]=Gold";
    let price = stand.post("/v1/prices", price).await.json()["id"].as_str().expect("an id").to_owned();
    buy(&stand).await;
    let pending = stand.stripe.take_pending();
    let id = of_kind(&pending, "customer.subscription.created").object_id().to_owned();
    let subscription = stand.stripe.object(&id).expect("it is there");
    let item = subscription["items"]["data"][0]["id"].as_str().expect("an id");
    let form = format!("items[0][id]={item}&items[0][price]={price}");
    assert_eq!(stand.post(&format!("/v1/subscriptions/{id}"), &form).await.status(), 200);
    let pending = stand.stripe.take_pending();
    let updated = of_kind(&pending, "customer.subscription.updated");
    let previous = |version| read(&updated.body(version))["data"]["previous_attributes"].clone();
    let (old, new) = (previous(ApiVersion::Acacia), previous(ApiVersion::Endive));
    let end = &subscription["items"]["data"][0]["current_period_end"];
    assert_eq!((&old["current_period_end"], &old["plan"]["id"]), (end, &json!(PRICE)));
    assert_eq!(
        (&new["items"]["data"][0]["current_period_end"], &new["current_period_end"]),
        (end, &Value::Null)
    );
}

#[tokio::test]
async fn a_thin_event_names_the_object_and_may_name_the_snapshot() {
    let stand = silent().await;
    buy(&stand).await;
    let pending = stand.stripe.take_pending();
    let event = of_kind(&pending, "customer.subscription.created");
    let thin = read(&event.thin_body(true));
    assert_eq!((&thin["object"], &thin["snapshot_event"]), (&json!("v2.core.event"), &json!(event.id())));
    assert_eq!(thin["type"], json!("v1.customer.subscription.created"));
    assert_eq!(thin["related_object"]["id"], json!(event.object_id()));
    assert_eq!(thin["related_object"]["url"], json!(format!("/v1/subscriptions/{}", event.object_id())));
    let created = thin["created"].as_str().expect("a text");
    assert_eq!(created.get(19..), Some(".000Z"), "{created}");
    assert!(thin.get("data").is_none() && thin["id"] != json!(event.id()));
    assert!(read(&event.thin_body(false)).get("snapshot_event").is_none());
}

#[tokio::test]
async fn what_the_seed_loses_is_listed_and_can_be_sent_again() {
    let mut endpoint = Endpoint::start(&[]).await;
    let stand = Stand::start().await;
    stand.stripe.deliver_to(&endpoint.url());
    let answer = stand.control("/_fake/webhooks", r#"{ "seed": 3, "lost_percent": 100 }"#).await;
    assert_eq!((answer.status(), &answer.json()["lost_percent"]), (200, &json!(100)));
    buy(&stand).await;
    let resent = stand.control("/_fake/events/resend", "").await.json();
    assert_eq!(resent["resent"].as_array().map(Vec::len), Some(4), "all four were lost");
    endpoint.take(4).await;
    assert!(endpoint.deliveries.try_recv().is_err(), "none came before");
    assert_eq!(stand.control("/_fake/webhooks", r#"{ "lots_percent": 1 }"#).await.status(), 422);
}

/// The types in the order in which one life's events arrive under this plan.
async fn arrivals(plan: &Deliveries, count: usize) -> Vec<String> {
    let mut endpoint = Endpoint::start(&[]).await;
    let stand = Stand::with(Options { deliveries: plan.clone(), ..options() }).await;
    stand.stripe.deliver_to(&endpoint.url());
    buy(&stand).await;
    endpoint.take(count).await.iter().map(Delivery::kind).collect()
}

#[tokio::test]
async fn the_same_seed_brings_the_same_disorder() {
    let shuffled = |seed| Deliveries { seed, order: Order::Shuffled, ..Deliveries::default() };
    let mut orders = Vec::new();
    for seed in 0..5 {
        let order = arrivals(&shuffled(seed), 4).await;
        assert_eq!(order, arrivals(&shuffled(seed), 4).await, "seed {seed}");
        orders.push(order);
    }
    orders.dedup();
    assert!(orders.len() > 1, "seeds differ: {orders:?}");
}

#[tokio::test]
async fn copies_thin_ones_and_mixed_versions_come_as_planned() {
    let mut endpoint = Endpoint::start(&[]).await;
    let deliveries = Deliveries {
        doubled_percent: 100,
        thin: Thin::Beside,
        delay_milliseconds_max: 5,
        versions: vec![ApiVersion::Acacia, ApiVersion::Endive],
        ..Deliveries::default()
    };
    let stand = Stand::with(Options { deliveries, ..options() }).await;
    stand.stripe.deliver_to(&endpoint.url());
    buy(&stand).await;
    let mut counts: HashMap<(String, String), usize> = HashMap::new();
    for delivery in endpoint.take(16).await {
        let event = delivery.event();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        *counts.entry((text(&event["object"]), text(&event["id"]))).or_default() += 1;
    }
    assert!(counts.values().all(|count| *count == 2), "each twice: {counts:?}");
    let thin = counts.keys().filter(|(object, _)| object == "v2.core.event").count();
    assert_eq!((counts.len(), thin), (8, 4));
}

#[tokio::test]
async fn thin_events_alone_are_delivered_in_place_of_the_snapshots() {
    let mut endpoint = Endpoint::start(&[]).await;
    let deliveries = Deliveries { thin: Thin::Instead, ..Deliveries::default() };
    let stand = Stand::with(Options { deliveries, ..options() }).await;
    stand.stripe.deliver_to(&endpoint.url());
    buy(&stand).await;
    for delivery in endpoint.take(4).await {
        let event = delivery.event();
        assert_eq!((&event["object"], event.get("snapshot_event")), (&json!("v2.core.event"), None));
    }
}
