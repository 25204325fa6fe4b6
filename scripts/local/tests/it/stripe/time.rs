//! What happens as the stand-in's clock is moved ahead.

use super::{Stand, options};
use local::stripe::{AfterRetries, ApiVersion, Deliveries, Options, PendingEvent, Retries};
use serde_json::{Value, json};
use std::time::Duration;
use streamly::clock::Clock;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// 2026-01-31T12:00:00Z.
const START: i64 = 1_769_860_800;
const PAYS: &str = "4242424242424242";
const FAILS_LATER: &str = "4000000000000341";

/// One subscription from its first payment on.
struct Life {
    stand: Stand,
    customer: String,
    subscription: String,
}

async fn still() -> Stand {
    let deliveries = Deliveries { on: false, ..Deliveries::default() };
    let clock = Clock::fixed(START.unsigned_abs());
    Stand::with(Options { deliveries, clock, ..options() }).await
}

impl Life {
    async fn begin(card: &str, more: &str) -> Self {
        let stand = still().await;
        let session = stand.session(more).await;
        let form = format!("action=pay&card_number={card}");
        assert_eq!(stand.press(&session, &form).await.status(), 303);
        let session = stand.stripe.object(&session).expect("it is there");
        let text = |name: &str| session[name].as_str().expect("the session is complete").to_owned();
        let (customer, subscription) = (text("customer"), text("subscription"));
        stand.stripe.take_pending();
        Self { stand, customer, subscription }
    }

    /// One that is paid, and whose next charge fails.
    async fn failing() -> Self {
        let life = Self::begin(PAYS, "").await;
        let form = format!("customer={}", life.customer);
        let path = "/v1/payment_methods/pm_card_chargeCustomerFail/attach";
        let method = life.stand.post(path, &form).await.json()["id"].as_str().expect("an id").to_owned();
        life.update(&format!("default_payment_method={method}")).await;
        life.stand.stripe.take_pending();
        life
    }

    async fn update(&self, form: &str) -> Value {
        let answer = self.stand.post(&format!("/v1/subscriptions/{}", self.subscription), form).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        answer.json()
    }

    fn now(&self) -> Value {
        self.stand.stripe.object(&self.subscription).expect("it is there")
    }

    /// The subscription's status after this time, and the events that came about, each with its age since the start.
    #[track_caller]
    fn after(&self, seconds: i64, status: &str, expected: &[(&str, i64)]) -> Vec<Value> {
        self.stand.stripe.advance(Duration::from_secs(seconds.unsigned_abs()));
        assert_eq!(self.now()["status"], json!(status));
        let events = self.stand.stripe.take_pending();
        let seen: Vec<_> = events.iter().map(|event| (event.kind(), event.created() - START)).collect();
        assert_eq!(seen, expected);
        events.iter().map(read).collect()
    }
}

fn read(event: &PendingEvent) -> Value {
    let event: Value = serde_json::from_slice(&event.body(ApiVersion::Endive)).expect("an event is JSON");
    event["data"].clone()
}

const UPDATED: &str = "customer.subscription.updated";
const PAID: &str = "invoice.paid";
const FAILED: &str = "invoice.payment_failed";
const BOND: &str = "invoice_payment.paid";
const DELETED: &str = "customer.subscription.deleted";
const MONTH: i64 = 28 * DAY;

#[tokio::test]
async fn a_period_that_ends_is_renewed_and_charged_an_hour_later() {
    let life = Life::begin(PAYS, "").await;
    let before = life.now();
    life.after(MONTH - 1, "active", &[]);
    let events = life.after(1, "active", &[(UPDATED, MONTH)]);
    let item = &events[0]["object"]["items"]["data"][0];
    assert_eq!(item["current_period_start"], json!(START + MONTH));
    assert_eq!(item["current_period_end"], json!(START + 59 * DAY), "the 31st of March");
    let previous = &events[0]["previous_attributes"];
    let mut names: Vec<_> = previous.as_object().expect("an object").keys().collect();
    names.sort();
    assert_eq!(names, ["items", "latest_invoice"]);
    assert_eq!(previous["latest_invoice"], before["latest_invoice"]);
    assert_eq!(previous["items"]["data"], before["items"]["data"]);
    life.after(HOUR - 1, "active", &[]);
    let events = life.after(1, "active", &[(PAID, MONTH + HOUR), (BOND, MONTH + HOUR)]);
    let invoice = &events[0]["object"];
    assert_eq!(invoice["id"], life.now()["latest_invoice"]);
    assert_eq!(
        (&invoice["billing_reason"], &invoice["amount_paid"]),
        (&json!("subscription_cycle"), &json!(999))
    );
    assert_eq!(invoice["lines"]["data"][0]["period"]["start"], json!(START + MONTH));
}

#[tokio::test]
async fn a_long_leap_renews_each_period_at_its_own_instant() {
    let life = Life::begin(PAYS, "").await;
    life.stand.stripe.advance(Duration::from_secs((365 * DAY + 2 * HOUR).unsigned_abs()));
    let events = life.stand.stripe.take_pending();
    let paid: Vec<_> = events.iter().filter(|event| event.kind() == PAID).collect();
    assert_eq!(paid.len(), 12);
    assert!(events.is_sorted_by_key(PendingEvent::created), "in the order of time");
    assert_eq!(paid[11].created(), START + 365 * DAY + HOUR, "the anchor's day again");
}

#[tokio::test]
async fn created_and_the_date_header_follow_the_clock() {
    let life = Life::begin(PAYS, "").await;
    let answer = life.stand.control("/_fake/clock", r#"{ "advance_seconds": 86400 }"#).await;
    assert_eq!(answer.json(), json!({ "now": START + DAY, "held": false }));
    let made = life.stand.post("/v1/customers", "").await;
    assert_eq!(made.json()["created"], json!(START + DAY));
    assert_eq!(made.header("date"), "Sun, 01 Feb 2026 12:00:00 GMT");
    assert_eq!(life.stand.stripe.now(), START + DAY);
}

#[tokio::test]
async fn a_clock_that_is_held_stands_still_until_it_is_let_go() {
    let stand = Stand::start().await;
    stand.stripe.hold(true);
    let held = stand.stripe.now();
    stand.stripe.advance(Duration::from_mins(1));
    assert_eq!(stand.get("/_fake/clock").await.json(), json!({ "now": held + 60, "held": true }));
    stand.stripe.hold(false);
    assert!((held + 60..held + 120).contains(&stand.stripe.now()), "it goes on from there");
}

#[tokio::test]
async fn a_trial_is_announced_to_end_and_then_charged() {
    let life = Life::begin(PAYS, "&subscription_data[trial_period_days]=14").await;
    assert_eq!(life.now()["status"], json!("trialing"));
    let end = 14 * DAY;
    let events = life.after(11 * DAY, "trialing", &[("customer.subscription.trial_will_end", 11 * DAY)]);
    assert_eq!(events[0]["object"]["trial_end"], json!(START + end));
    life.after(3 * DAY - 1, "trialing", &[]);
    let events = life.after(1, "active", &[(UPDATED, end)]);
    assert_eq!(events[0]["previous_attributes"]["status"], json!("trialing"));
    let events = life.after(HOUR, "active", &[(PAID, end + HOUR), (BOND, end + HOUR)]);
    assert_eq!(events[0]["object"]["amount_paid"], json!(999));
}

#[tokio::test]
async fn a_trial_whose_card_fails_when_charged_ends_past_due() {
    let life = Life::begin(FAILS_LATER, "&subscription_data[trial_period_days]=7").await;
    life.after(7 * DAY, "active", &[("customer.subscription.trial_will_end", 4 * DAY), (UPDATED, 7 * DAY)]);
    let at = 7 * DAY + HOUR;
    let events = life.after(HOUR, "past_due", &[(FAILED, at), (UPDATED, at)]);
    assert_eq!(events[1]["previous_attributes"], json!({ "status": "active" }));
}

/// Moves a failing life through all its attempts.
fn fail(life: &Life, last: (&str, &str)) {
    life.after(MONTH, "active", &[(UPDATED, MONTH)]);
    let first = MONTH + HOUR;
    let events = life.after(HOUR, "past_due", &[(FAILED, first), (UPDATED, first)]);
    let attempt = |event: &Value| {
        (event["object"]["attempt_count"].clone(), event["object"]["next_payment_attempt"].clone())
    };
    assert_eq!(attempt(&events[0]), (json!(1), json!(START + first + 3 * DAY)));
    let events = life.after(3 * DAY, "past_due", &[(FAILED, first + 3 * DAY)]);
    assert_eq!(attempt(&events[0]), (json!(2), json!(START + first + 5 * DAY)));
    let events = life.after(2 * DAY, "past_due", &[(FAILED, first + 5 * DAY)]);
    assert_eq!(attempt(&events[0]), (json!(3), json!(START + first + 7 * DAY)));
    let events = life.after(2 * DAY, last.0, &[(FAILED, first + 7 * DAY), (last.1, first + 7 * DAY)]);
    assert_eq!(attempt(&events[0]), (json!(4), Value::Null));
}

#[tokio::test]
async fn a_renewal_that_fails_for_good_cancels() {
    let life = Life::failing().await;
    fail(&life, ("canceled", DELETED));
    let over = life.now();
    assert_eq!(over["cancellation_details"]["reason"], json!("payment_failed"));
    life.after(90 * DAY, "canceled", &[]);
}

#[tokio::test]
async fn by_setting_it_becomes_unpaid_and_a_payment_brings_it_back() {
    let life = Life::failing().await;
    let answer = life.stand.control("/_fake/retries", r#"{ "days": [3, 5, 7], "then": "unpaid" }"#).await;
    assert_eq!(answer.status(), 204);
    fail(&life, ("unpaid", UPDATED));
    life.after(51 * DAY, "unpaid", &[(UPDATED, 59 * DAY)]);
    let latest = life.now()["latest_invoice"].as_str().expect("an id").to_owned();
    let draft = life.stand.stripe.object(&latest).expect("it is there");
    assert_eq!(
        (&draft["status"], &draft["auto_advance"]),
        (&json!("draft"), &json!(false)),
        "nobody charges it"
    );
    let paid = life.stand.post(&format!("/v1/invoices/{latest}/pay"), "payment_method=pm_card_visa").await;
    assert_eq!((paid.status(), &paid.json()["status"]), (200, &json!("paid")));
    assert_eq!(life.now()["status"], json!("active"));
}

#[tokio::test]
async fn without_retries_the_first_failure_is_the_last() {
    let life = Life::failing().await;
    life.stand.stripe.set_retries(Retries { days: Vec::new(), then: AfterRetries::PastDue });
    let first = MONTH + HOUR;
    let expected = [(UPDATED, MONTH), (FAILED, first), (UPDATED, first)];
    let events = life.after(first, "past_due", &expected);
    assert_eq!(events[1]["object"]["next_payment_attempt"], Value::Null);
}

#[tokio::test]
async fn paying_the_open_invoice_ends_the_retries_and_recovers() {
    let life = Life::failing().await;
    life.stand.stripe.advance(Duration::from_secs((MONTH + HOUR).unsigned_abs()));
    life.stand.stripe.take_pending();
    let form = format!("customer={}", life.customer);
    let portal = life.stand.post("/v1/billing_portal/sessions", &form).await.json();
    let url = portal["url"].as_str().expect("a page");
    let press = http::Request::post(url).header("content-type", "application/x-www-form-urlencoded");
    let form = format!("subscription={}&action=pay", life.subscription);
    assert_eq!(super::Answer::to(press, &form).await.status(), 303);
    let at = MONTH + HOUR;
    let events = life.after(0, "active", &[(UPDATED, at), (PAID, at), (BOND, at), (UPDATED, at)]);
    assert_eq!(events[3]["previous_attributes"], json!({ "status": "past_due" }));
    life.after(7 * DAY, "active", &[]);
    // The card that paid is the one that renews.
    let next = 59 * DAY;
    let expected = [(UPDATED, next), (PAID, next + HOUR), (BOND, next + HOUR)];
    life.after(next + HOUR - at - 7 * DAY, "active", &expected);
}

#[tokio::test]
async fn a_scheduled_end_takes_effect_and_nothing_is_renewed() {
    for form in ["cancel_at_period_end=true".to_owned(), format!("cancel_at={}", START + MONTH)] {
        let life = Life::begin(PAYS, "").await;
        life.update(&form).await;
        life.stand.stripe.take_pending();
        life.after(MONTH - 1, "active", &[]);
        let events = life.after(1, "canceled", &[(DELETED, MONTH)]);
        assert_eq!(events[0]["object"]["ended_at"], json!(START + MONTH), "{form}");
        life.after(60 * DAY, "canceled", &[]);
    }
    let life = Life::begin(PAYS, "").await;
    life.update(&format!("cancel_at={}", START + DAY)).await;
    life.stand.stripe.take_pending();
    life.after(2 * DAY, "canceled", &[(DELETED, DAY)]);
}

#[tokio::test]
async fn a_first_payment_that_is_not_made_lapses_after_23_hours() {
    let stand = still().await;
    let customer = stand.customer().await;
    let form =
        format!("customer={customer}&items[0][price]={}&payment_behavior=default_incomplete", super::PRICE);
    let made = stand.post("/v1/subscriptions", &form).await.json();
    let subscription = made["id"].as_str().expect("an id").to_owned();
    stand.stripe.take_pending();
    let life = Life { stand, customer, subscription };
    life.after(23 * HOUR - 1, "incomplete", &[]);
    let events = life.after(1, "incomplete_expired", &[(UPDATED, 23 * HOUR)]);
    assert_eq!(events[0]["previous_attributes"]["status"], json!("incomplete"));
    let invoice = made["latest_invoice"].as_str().expect("an id");
    assert_eq!(life.stand.stripe.object(invoice).expect("it is there")["status"], json!("void"));
}

#[tokio::test]
async fn a_pause_stops_the_periods_and_resuming_begins_a_new_one() {
    let life = Life::begin(PAYS, "").await;
    let path = format!("/v1/subscriptions/{}", life.subscription);
    let paused = life.stand.post(&format!("{path}/pause"), "").await.json();
    assert_eq!(paused["status_details"]["paused"]["subscription"]["type"], json!("pause_requested"));
    let events = life.after(0, "paused", &[(UPDATED, 0), ("customer.subscription.paused", 0)]);
    assert_eq!(events[0]["previous_attributes"]["status"], json!("active"));
    assert_eq!(life.stand.post(&format!("{path}/pause"), "").await.status(), 400, "once");
    life.after(60 * DAY, "paused", &[]);
    let resumed = life.stand.post(&format!("{path}/resume"), "").await.json();
    assert_eq!(resumed["items"]["data"][0]["current_period_start"], json!(START + 60 * DAY));
    assert_eq!(resumed["status_details"], Value::Null);
    let at = 60 * DAY;
    let expected =
        [(UPDATED, at), (UPDATED, at), (PAID, at), (BOND, at), ("customer.subscription.resumed", at)];
    life.after(0, "active", &expected);
    assert_eq!(life.stand.post(&format!("{path}/resume"), "").await.status(), 400, "once");
}

#[tokio::test]
async fn nothing_is_dated_before_what_it_follows_from() {
    let life = Life::begin(PAYS, "").await;
    life.stand.post(&format!("/v1/subscriptions/{}/pause", life.subscription), "type=subscription").await;
    life.stand.stripe.advance(Duration::from_hours(60 * 24));
    life.stand.stripe.take_pending();
    // The end of the period lies in the past, since a pause has no periods.
    life.update("cancel_at_period_end=true").await;
    let events = life.after(0, "canceled", &[(UPDATED, 60 * DAY), (DELETED, 60 * DAY)]);
    assert_eq!(events[1]["object"]["ended_at"], json!(START + 60 * DAY));
}

#[tokio::test]
async fn resuming_may_wait_for_the_payment() {
    let life = Life::failing().await;
    let path = format!("/v1/subscriptions/{}", life.subscription);
    life.stand.post(&format!("{path}/pause"), "type=subscription").await;
    life.stand.stripe.take_pending();
    let form = "payment_behavior=resume_on_payment_success&billing_cycle_anchor[type]=now";
    assert_eq!(life.stand.post(&format!("{path}/resume"), form).await.status(), 200);
    let events = life.after(0, "paused", &[(UPDATED, 0), (FAILED, 0)]);
    let invoice = events[1]["object"]["id"].as_str().expect("an id").to_owned();
    life.stand.post(&format!("/v1/invoices/{invoice}/pay"), "payment_method=pm_card_visa").await;
    let expected = [(PAID, 0), (BOND, 0), (UPDATED, 0), ("customer.subscription.resumed", 0)];
    life.after(0, "active", &expected);
}

#[tokio::test]
async fn paused_collection_leaves_the_status_and_treats_the_invoice_as_told() {
    for (behavior, status) in
        [("void", "void"), ("mark_uncollectible", "uncollectible"), ("keep_as_draft", "draft")]
    {
        let life = Life::begin(PAYS, "").await;
        let resumes_at = START + MONTH + DAY;
        let form = format!("pause_collection[behavior]={behavior}&pause_collection[resumes_at]={resumes_at}");
        life.update(&form).await;
        life.after(0, "active", &[(UPDATED, 0)]);
        life.after(MONTH + HOUR, "active", &[(UPDATED, MONTH)]);
        let latest = life.now()["latest_invoice"].as_str().expect("an id").to_owned();
        let invoice = life.stand.stripe.object(&latest).expect("it is there");
        assert_eq!(invoice["status"], json!(status));
        let events = life.after(DAY, "active", &[(UPDATED, MONTH + DAY)]);
        assert_eq!(events[0]["object"]["pause_collection"], Value::Null, "{behavior}");
    }
}

#[tokio::test]
async fn a_session_that_nobody_pays_expires_with_an_event() {
    let stand = still().await;
    let session = stand.session("").await;
    stand.stripe.advance(Duration::from_secs((DAY - 1).unsigned_abs()));
    assert!(stand.stripe.take_pending().is_empty());
    stand.stripe.advance(Duration::from_secs(HOUR.unsigned_abs()));
    let events = stand.stripe.take_pending();
    assert_eq!((events[0].kind(), events[0].object_id()), ("checkout.session.expired", session.as_str()));
    assert_eq!(events[0].created(), START + DAY, "at its own instant");
}

#[tokio::test]
async fn an_event_can_be_asked_for_for_30_days() {
    let stand = still().await;
    stand.stripe.hold(true);
    let customer = stand.customer().await;
    let event = stand.get("/v1/events").await.json()["data"][0].clone();
    assert_eq!(event["data"]["object"]["id"], json!(customer));
    let path = format!("/v1/events/{}", event["id"].as_str().expect("an id"));
    stand.stripe.advance(Duration::from_hours(30 * 24));
    assert_eq!(stand.get("/v1/events").await.json()["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(stand.get(&path).await.status(), 200);
    stand.stripe.advance(Duration::from_secs(1));
    assert_eq!(stand.get("/v1/events").await.json()["data"], json!([]));
    assert_eq!(stand.get(&path).await.refusal(), (404, "resource_missing".to_owned()));
    assert!(stand.get("/_fake/events").await.text().contains("customer.created"), "it is only told no more");
}
