//! What outlives the stand-in's process.

use super::{Answer, Endpoint, PRICE, Stand, options, session_form};
use crate::Folder;
use http::{Request, header};
use local::stripe::{Deliveries, Options, SeedPrice, Stripe};
use serde_json::json;
use std::time::Duration;

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9/webhook";
const PAY: &str = "action=pay&card_number=4242424242424242";

fn remembering(folder: &Folder) -> Options {
    Options { memory: Some(folder.path().join("stripe.json")), ..options() }
}

async fn lists(stand: &Stand) -> Vec<String> {
    let mut lists = Vec::new();
    for path in ["customers", "subscriptions?status=all", "invoices", "events", "prices", "products"] {
        let sign = if path.contains('?') { '&' } else { '?' };
        lists.push(stand.get(&format!("/v1/{path}{sign}limit=100")).await.text().to_owned());
    }
    lists
}

#[tokio::test]
async fn everything_that_was_known_is_known_after_a_restart_and_the_clock_goes_on() {
    let folder = Folder::new();
    let stand = Stand::with(remembering(&folder)).await;
    let bought = stand.session("").await;
    assert_eq!(stand.press(&bought, PAY).await.status(), 303);
    stand.stripe.advance(Duration::from_hours(40 * 24));
    let open = stand.session("").await;
    let keyed = stand.post_with_key("/v1/customers", "name=Ada", "a key").await.json();
    let (before, then) = (lists(&stand).await, stand.stripe.now());
    assert!(before[3].contains("invoice.paid") && before[1].contains("active"), "there is something to keep");
    stand.stripe.stop().await;

    let stand = Stand::with(remembering(&folder)).await;
    assert_eq!(lists(&stand).await, before);
    assert!((then..then + 60).contains(&stand.stripe.now()), "the clock stays ahead");
    let again = stand.post_with_key("/v1/customers", "name=Ada", "a key").await;
    assert_eq!((again.header("idempotent-replayed"), again.json()), ("true", keyed));
    assert_eq!(stand.post_with_key("/v1/customers", "name=Eve", "a key").await.status(), 400);
    assert_eq!(stand.press(&open, PAY).await.status(), 303, "its page is where the stand-in is now");
    let paid = stand.get(&format!("/v1/checkout/sessions/{open}")).await.json();
    assert_eq!(paid["payment_status"], json!("paid"));
}

#[tokio::test]
async fn what_was_answered_is_known_even_if_the_process_is_killed_right_after_it() {
    let folder = Folder::new();
    let mut made = Vec::new();
    for round in 0..5 {
        let stand = Stand::with(remembering(&folder)).await;
        made.push(stand.customer().await);
        // Dropped rather than stopped: nothing is written any more.
        drop(stand);
        let stand = Stand::with(remembering(&folder)).await;
        let known = stand.get("/v1/customers?limit=100").await.json();
        let known: Vec<_> =
            known["data"].as_array().expect("a list").iter().rev().map(|one| &one["id"]).collect();
        assert_eq!(
            known,
            made.iter().map(|id| json!(id)).collect::<Vec<_>>().iter().collect::<Vec<_>>(),
            "{round}"
        );
    }
}

#[tokio::test]
async fn many_changes_at_once_are_all_kept() {
    let folder = Folder::new();
    let stand = Stand::with(remembering(&folder)).await;
    let made = futures_util::future::join_all((0..40).map(|_| stand.customer())).await;
    drop(stand);
    let stand = Stand::with(remembering(&folder)).await;
    for id in made {
        assert_eq!(stand.get(&format!("/v1/customers/{id}")).await.status(), 200);
    }
}

#[tokio::test]
async fn an_event_that_was_being_sent_is_sent_on_and_one_that_was_lost_is_not() {
    let folder = Folder::new();
    let stand = Stand::with(remembering(&folder)).await;
    stand.stripe.deliver_to(NOWHERE);
    stand.stripe.set_deliveries(Deliveries { on: false, ..Deliveries::default() });
    let lost = stand.customer().await;
    stand.delete(&format!("/v1/customers/{lost}")).await;
    stand.stripe.stop().await;
    let stand = Stand::with(remembering(&folder)).await;
    stand.stripe.set_deliveries(Deliveries::default());
    stand.stripe.deliver_to(NOWHERE);
    let waiting = stand.customer().await;
    stand.delete(&format!("/v1/customers/{waiting}")).await;
    stand.stripe.stop().await;

    let mut endpoint = Endpoint::start(&[]).await;
    let stand = Stand::with(remembering(&folder)).await;
    stand.stripe.deliver_to(&endpoint.url());
    let delivery = endpoint.next_of("customer.deleted").await;
    assert_eq!(delivery.event()["data"]["object"]["id"], json!(waiting));
    let later = stand.customer().await;
    stand.delete(&format!("/v1/customers/{later}")).await;
    let delivery = endpoint.next_of("customer.deleted").await;
    assert_eq!(delivery.event()["data"]["object"]["id"], json!(later), "the lost one stays lost");
    let undelivered = stand.get("/v1/events?delivery_success=false").await.json();
    assert_eq!(undelivered["data"][0]["data"]["object"]["id"], json!(lost), "and is listed as such");
}

#[tokio::test]
async fn a_price_of_a_plan_stays_as_it_was_until_the_plan_says_otherwise() {
    let folder = Folder::new();
    let stand = Stand::with(remembering(&folder)).await;
    let price = stand.get(&format!("/v1/prices/{PRICE}")).await.json();
    stand.stripe.stop().await;
    let stand = Stand::with(remembering(&folder)).await;
    assert_eq!(stand.get(&format!("/v1/prices/{PRICE}")).await.json(), price);
    stand.stripe.stop().await;
    let prices =
        options().prices.into_iter().map(|price| SeedPrice { amount_minor: 1_099, ..price }).collect();
    let stand = Stand::with(Options { prices, ..remembering(&folder) }).await;
    assert_eq!(stand.get(&format!("/v1/prices/{PRICE}")).await.json()["unit_amount"], json!(1_099));
}

#[tokio::test]
async fn a_memory_that_cannot_be_read_is_a_fault_and_is_left_as_it_is() {
    let folder = Folder::new();
    let file = folder.path().join("stripe.json");
    for broken in ["", "\n", "{", "{\n", "[]\n", "{}\n", "{\"stores\": {\"customers\": 1}}\n"] {
        std::fs::write(&file, broken).expect("the folder is ours");
        let fault = Stripe::start(remembering(&folder)).await.err().expect("it is not readable").to_string();
        assert!(fault.contains("stripe.json") && fault.contains("--fresh"), "{fault}");
        assert_eq!(std::fs::read_to_string(&file).expect("it is there"), broken);
    }
}

#[tokio::test]
async fn a_change_is_written_by_itself_and_one_that_was_cut_short_is_none() {
    let folder = Folder::new();
    let file = folder.path().join("stripe.json");
    let length = || std::fs::metadata(&file).expect("it is there").len();
    let stand = Stand::with(remembering(&folder)).await;
    let mut made = Vec::new();
    for _ in 0..30 {
        made.push(stand.customer().await);
    }
    let before = length();
    stand.post(&format!("/v1/customers/{}", made[0]), "name=Ada").await;
    assert!(length() - before < before / 5, "{} of {before} bytes", length() - before);
    stand.stripe.stop().await;

    let whole = std::fs::read_to_string(&file).expect("it is text");
    for cut in [1, 10, 100] {
        let last = whole.trim_end().rfind('\n').expect("several lines") + 1;
        std::fs::write(&file, &whole[..(last + cut).min(whole.len() - 1)]).expect("the folder is ours");
        let stand = Stand::with(remembering(&folder)).await;
        let first = stand.get(&format!("/v1/customers/{}", made[0])).await;
        assert_eq!(first.status(), 200, "{cut}");
        stand.stripe.stop().await;
    }
    let broken = whole.replacen("\n{", "\n!{", 1);
    std::fs::write(&file, broken).expect("the folder is ours");
    assert!(Stripe::start(remembering(&folder)).await.is_err(), "a line between others is never cut short");
}

#[tokio::test]
async fn a_start_makes_the_file_short_again() {
    let folder = Folder::new();
    let file = folder.path().join("stripe.json");
    let stand = Stand::with(remembering(&folder)).await;
    let customer = stand.customer().await;
    for round in 0..50 {
        stand.post(&format!("/v1/customers/{customer}"), &format!("name=n{round}")).await;
    }
    stand.stripe.stop().await;
    let lines = || std::fs::read_to_string(&file).expect("it is text").lines().count();
    assert!(lines() > 50, "{}", lines());
    let stand = Stand::with(remembering(&folder)).await;
    assert_eq!(stand.get(&format!("/v1/customers/{customer}")).await.json()["name"], json!("n49"));
    assert!(lines() < 5, "{}", lines());
}

#[tokio::test]
async fn a_memory_that_cannot_be_written_is_told_to_whoever_asks() {
    let folder = Folder::new();
    let memory = Some(folder.path().join("absent/stripe.json"));
    let stand = Stand::with(Options { memory, ..options() }).await;
    let answer = stand.post("/v1/customers", "name=Ada").await;
    assert_eq!(answer.status(), 500);
    assert!(answer.text().contains("memory"), "{}", answer.text());
}

#[tokio::test]
async fn a_request_that_was_never_answered_leaves_its_key_free() {
    let folder = Folder::new();
    let stand = Stand::with(remembering(&folder)).await;
    let customer = stand.customer().await;
    stand.control("/_fake/faults", r#"{"path": "/v1/checkout/sessions", "fault": {"kind": "hang"}}"#).await;
    let form = session_form(&customer, "");
    let hanging = stand.post_with_key("/v1/checkout/sessions", &form, "a key");
    assert!(tokio::time::timeout(Duration::from_millis(50), hanging).await.is_err(), "it hangs");
    drop(stand);
    let stand = Stand::with(remembering(&folder)).await;
    let request = Request::post(format!("{}/v1/checkout/sessions", stand.stripe.url()))
        .header(header::AUTHORIZATION, format!("Bearer {}", super::SECRET_KEY))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("Idempotency-Key", "a key");
    let answer = Answer::to(request, &form).await;
    assert_eq!((answer.status(), answer.header("idempotent-replayed")), (200, ""));
}
