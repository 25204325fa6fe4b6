//! Webhooks, as the endpoint receives them.

use super::{Endpoint, Stand, WEBHOOK_SECRET, options};
use axum::http::StatusCode;
use ring::hmac;
use serde_json::{Value, json};
use std::collections::HashSet;
use streamly::clock::Clock;

const PAY: &str = "action=pay&card_number=4242424242424242";

/// The parts of a signature header: its time and its `v1` values.
fn parts(header: &str) -> (i64, Vec<String>) {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.split_once('=').expect("a part has a name") {
            ("t", value) => time = value.parse().ok(),
            ("v1", value) => signatures.push(value.to_owned()),
            (name, _) => panic!("unknown scheme {name}"),
        }
    }
    (time.expect("a time"), signatures)
}

/// What the signature must be, computed apart from the stand-in.
fn expected(secret: &str, time: i64, body: &[u8]) -> String {
    let signed = [time.to_string().as_bytes(), b".", body].concat();
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), &signed);
    mac.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

#[tokio::test]
async fn each_delivery_is_signed_over_its_raw_bytes_at_the_real_time() {
    let clock = Clock::fixed(1_700_000_000);
    let mut endpoint = Endpoint::start(&[]).await;
    let stand = Stand::with(local::stripe::Options { clock, ..options() }).await;
    stand.stripe.deliver_to(&endpoint.url());
    let session = stand.session("").await;
    let before = Clock::system().unix_seconds();
    stand.press(&session, PAY).await;
    for delivery in endpoint.take(4).await {
        let (time, signatures) = parts(delivery.signature());
        assert_eq!(signatures, [expected(WEBHOOK_SECRET, time, &delivery.body)]);
        assert!((before..=before + 60).contains(&time), "the real time, not the stand-in's: {time}");
        assert_eq!(delivery.event()["created"], json!(1_700_000_000));
        assert_eq!(delivery.event()["api_version"], json!("2026-09-30.endive"));
        assert_eq!(delivery.headers["content-type"], "application/json; charset=utf-8");
    }
}

#[tokio::test]
async fn during_a_roll_each_secret_signs() {
    let mut endpoint = Endpoint::start(&[]).await;
    let secret = "whsec_new,whsec_old".to_owned();
    let stand = Stand::with(local::stripe::Options { webhook_secret: secret, ..options() }).await;
    stand.stripe.deliver_to(&endpoint.url());
    let session = stand.session("").await;
    stand.post(&format!("/v1/checkout/sessions/{session}/expire"), "").await;
    let delivery = endpoint.next().await;
    let (time, signatures) = parts(delivery.signature());
    let both = ["whsec_new", "whsec_old"].map(|secret| expected(secret, time, &delivery.body));
    assert_eq!(signatures, both);
}

#[tokio::test]
async fn a_failed_delivery_is_sent_again_until_it_is_accepted() {
    let failures = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::BAD_REQUEST, StatusCode::MOVED_PERMANENTLY];
    let (stand, mut endpoint) = Stand::delivering(&failures).await;
    let session = stand.session("").await;
    stand.post(&format!("/v1/checkout/sessions/{session}/expire"), "").await;
    let attempts = endpoint.take(4).await;
    for attempt in &attempts {
        let (time, signatures) = parts(attempt.signature());
        assert_eq!(attempt.body, attempts[0].body, "the bytes stay the same");
        assert_eq!(signatures, [expected(WEBHOOK_SECRET, time, &attempt.body)]);
    }
    let id = attempts[0].event()["id"].as_str().expect("an id").to_owned();
    loop {
        let pending = stand.get("/v1/events?delivery_success=false").await.json();
        if pending["data"] == json!([]) {
            break;
        }
    }
    let events = stand.get("/_fake/events").await.json();
    let event =
        events.as_array().expect("a list").iter().find(|event| event["id"] == json!(id)).expect("listed");
    let statuses: Vec<&Value> =
        event["answers"].as_array().expect("a list").iter().map(|answer| &answer["status"]).collect();
    assert_eq!(statuses, [&json!(503), &json!(400), &json!(301), &json!(200)]);
    assert_eq!(stand.get(&format!("/v1/events/{id}")).await.json()["pending_webhooks"], json!(0));
}

#[tokio::test]
async fn only_the_types_that_the_endpoint_wants_are_sent() {
    let mut endpoint = Endpoint::start(&[]).await;
    let events = vec!["invoice.created".to_owned()];
    let stand = Stand::with(local::stripe::Options { events, ..options() }).await;
    stand.stripe.deliver_to(&endpoint.url());
    let session = stand.session("").await;
    stand.press(&session, PAY).await;
    assert_eq!(endpoint.next().await.kind(), "invoice.created");
    assert!(endpoint.deliveries.try_recv().is_err(), "nothing else is sent");
    let all = stand.get("/v1/events?limit=100").await.json();
    assert!(all["data"].as_array().expect("a list").len() > 5, "the others exist all the same");
}

#[tokio::test]
async fn what_is_lost_while_webhooks_are_off_can_be_sent_later() {
    let (stand, mut endpoint) = Stand::delivering(&[]).await;
    assert_eq!(stand.control("/_fake/webhooks", r#"{ "on": false }"#).await.status(), 200);
    let session = stand.session("").await;
    assert_eq!(stand.press(&session, PAY).await.status(), 303, "nobody waits for an endpoint that is off");
    let lost = stand.get("/v1/events?delivery_success=false&types[]=checkout.session.completed").await.json();
    let id = lost["data"][0]["id"].as_str().expect("the event is listed as undelivered").to_owned();
    stand.control("/_fake/webhooks", r#"{ "on": true }"#).await;
    assert!(endpoint.deliveries.try_recv().is_err());
    stand.control(&format!("/_fake/events/{id}/resend"), "").await;
    assert_eq!(endpoint.next().await.event()["id"], json!(id));
    let resent = stand.control("/_fake/events/resend", "").await.json();
    let rest = resent["resent"].as_array().expect("a list").len();
    let kinds: HashSet<String> = endpoint.take(rest).await.iter().map(super::Delivery::kind).collect();
    assert!(kinds.contains("customer.subscription.created") && kinds.contains("invoice.paid"), "{kinds:?}");
}

#[tokio::test]
async fn deliveries_are_doubled_and_reversed_on_demand() {
    let (stand, mut endpoint) = Stand::delivering(&[]).await;
    stand.control("/_fake/webhooks", r#"{ "copies": 2, "order": "backward" }"#).await;
    let session = stand.session("").await;
    stand.press(&session, PAY).await;
    let kinds: Vec<String> = endpoint.take(8).await.iter().map(super::Delivery::kind).collect();
    let expected = [
        "checkout.session.completed",
        "invoice_payment.paid",
        "invoice.paid",
        "customer.subscription.created",
    ];
    let expected: Vec<&str> = expected.into_iter().flat_map(|kind| [kind, kind]).collect();
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn deliveries_end_with_the_stand_in() {
    let refusing = vec![StatusCode::SERVICE_UNAVAILABLE; 10_000];
    let (stand, mut endpoint) = Stand::delivering(&refusing).await;
    let session = stand.session("").await;
    stand.post(&format!("/v1/checkout/sessions/{session}/expire"), "").await;
    endpoint.take(2).await;
    stand.stripe.stop().await;
    // What was under way when it ended may have arrived; a delivery of our own then closes the row.
    let last = http::Request::post(endpoint.url()).body(bytes::Bytes::from(r#"{ "type": "last" }"#));
    local::client::send(last.expect("a request")).await.expect("the endpoint still runs");
    endpoint.next_of("last").await;
    assert!(endpoint.deliveries.try_recv().is_err(), "the retries go on");
}
