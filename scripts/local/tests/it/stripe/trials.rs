//! Trials that are given, prolonged and ended, with a payment method and without.

use super::{PRICE, Stand};
use serde_json::{Value, json};
use std::time::Duration;

const DAY: i64 = 24 * 3_600;

async fn subscribe(stand: &Stand, more: &str) -> super::Answer {
    let customer = stand.customer().await;
    stand.post("/v1/subscriptions", &format!("customer={customer}&items[0][price]={PRICE}{more}")).await
}

/// The subscription as it is now.
fn now(stand: &Stand, made: &Value) -> Value {
    stand.stripe.object(made["id"].as_str().expect("an id")).expect("it is there")
}

fn days(count: u64) -> Duration {
    Duration::from_hours(24 * count)
}

#[tokio::test]
async fn a_trial_ends_at_the_instant_that_was_named() {
    let stand = Stand::start().await;
    let end = stand.stripe.now() + 10 * DAY;
    let made =
        subscribe(&stand, &format!("&default_payment_method=pm_card_visa&trial_end={end}")).await.json();
    assert_eq!((&made["status"], &made["trial_end"]), (&json!("trialing"), &json!(end)));
    assert_eq!(made["items"]["data"][0]["current_period_end"], json!(end));
    stand.stripe.advance(days(9));
    assert_eq!(now(&stand, &made)["status"], json!("trialing"));
    stand.stripe.advance(days(2));
    assert_eq!(now(&stand, &made)["status"], json!("active"));
}

#[tokio::test]
async fn a_trial_that_cannot_be_is_refused() {
    let stand = Stand::start().await;
    let past = stand.stripe.now();
    for more in [
        format!("&trial_end={past}"),
        "&trial_end=soon".to_owned(),
        format!("&trial_end={}&trial_period_days=3", past + DAY),
        "&trial_period_days=0".to_owned(),
        "&trial_period_days=731".to_owned(),
        "&trial_period_days=3&trial_settings[end_behavior][missing_payment_method]=forget".to_owned(),
    ] {
        let answer = subscribe(&stand, &format!("&default_payment_method=pm_card_visa{more}")).await;
        assert_eq!(answer.status(), 400, "{more}");
    }
    assert_eq!(stand.get("/v1/subscriptions?status=all").await.json()["data"], json!([]));
}

#[tokio::test]
async fn a_trial_is_prolonged_and_then_ended_at_once() {
    let stand = Stand::start().await;
    let made = subscribe(&stand, "&default_payment_method=pm_card_visa&trial_period_days=5").await.json();
    let path = format!("/v1/subscriptions/{}", made["id"].as_str().expect("an id"));
    let end = stand.stripe.now() + 20 * DAY;
    let longer = stand.post(&path, &format!("trial_end={end}")).await.json();
    assert_eq!((&longer["status"], &longer["trial_end"]), (&json!("trialing"), &json!(end)));
    stand.stripe.advance(days(10));
    assert_eq!(now(&stand, &made)["status"], json!("trialing"));
    let ended = stand.post(&path, "trial_end=now").await.json();
    let at = stand.stripe.now();
    assert_eq!(ended["status"], json!("active"));
    let (period, trial) = (&ended["items"]["data"][0], ended["trial_end"].as_i64().expect("an instant"));
    assert!((at - 5..=at).contains(&trial), "{trial}");
    assert_eq!(period["current_period_start"], json!(trial), "the first paid period begins with it");
    let invoice =
        stand.stripe.object(ended["latest_invoice"].as_str().expect("an invoice")).expect("it is there");
    assert_eq!((&invoice["status"], &invoice["amount_paid"]), (&json!("paid"), &json!(999)));
    let paying = stand.post(&path, "trial_end=now").await.json();
    assert_eq!(paying["latest_invoice"], ended["latest_invoice"], "there is no trial to end any more");
}

#[tokio::test]
async fn an_active_subscription_is_given_a_trial() {
    let stand = Stand::start().await;
    let made = subscribe(&stand, "&default_payment_method=pm_card_visa").await.json();
    let path = format!("/v1/subscriptions/{}", made["id"].as_str().expect("an id"));
    let end = stand.stripe.now() + 60 * DAY;
    assert_eq!(stand.post(&path, &format!("trial_end={end}")).await.json()["status"], json!("trialing"));
    stand.stripe.advance(days(59));
    assert_eq!(now(&stand, &made)["status"], json!("trialing"), "no period ends before the trial");
    stand.stripe.advance(days(2));
    assert_eq!(now(&stand, &made)["status"], json!("active"));
    stand.delete(&path).await;
    assert_eq!(stand.post(&path, "trial_end=now").await.status(), 400, "what is over stays over");
}

#[tokio::test]
async fn a_trial_without_a_payment_method_ends_as_it_was_told() {
    for (told, status, event) in [
        ("", "past_due", "invoice.payment_failed"),
        ("create_invoice", "past_due", "invoice.payment_failed"),
        ("pause", "paused", "customer.subscription.paused"),
        ("cancel", "canceled", "customer.subscription.deleted"),
    ] {
        for at_once in [false, true] {
            let stand = Stand::start().await;
            let setting = format!("&trial_settings[end_behavior][missing_payment_method]={told}");
            let more = format!("&trial_period_days=5{}", if told.is_empty() { "" } else { &setting });
            let made = subscribe(&stand, &more).await.json();
            if at_once {
                let path = format!("/v1/subscriptions/{}", made["id"].as_str().expect("an id"));
                assert_eq!(stand.post(&path, "trial_end=now").await.status(), 200);
            } else {
                stand.stripe.advance(days(6));
            }
            let ended = now(&stand, &made);
            assert_eq!(ended["status"], json!(status), "{told}, at once: {at_once}");
            assert!(stand.kinds().await.contains(&event.to_owned()), "{told}: {:?}", stand.kinds().await);
            if status == "paused" {
                let reason = &ended["status_details"]["paused"]["subscription"]["type"];
                assert_eq!(reason, &json!("trial_end_without_payment_method"));
            }
        }
    }
}

#[tokio::test]
async fn a_checkout_session_names_the_end_of_its_trial_two_days_ahead_at_least() {
    let stand = Stand::start().await;
    let customer = stand.customer().await;
    let form = |end: i64| super::session_form(&customer, &format!("&subscription_data[trial_end]={end}"));
    let early = stand.post("/v1/checkout/sessions", &form(stand.stripe.now() + 2 * DAY - 60)).await;
    assert_eq!(early.status(), 400, "{}", early.text());
    let end = stand.stripe.now() + 3 * DAY;
    let session = stand.post("/v1/checkout/sessions", &form(end)).await.json();
    assert_eq!(session["amount_total"], json!(0));
    let session = session["id"].as_str().expect("an id");
    assert_eq!(stand.press(session, "action=pay&card_number=4242424242424242").await.status(), 303);
    let bought = stand.get(&format!("/v1/checkout/sessions/{session}?expand[]=subscription")).await.json();
    assert_eq!(bought["payment_status"], json!("no_payment_required"));
    let subscription = &bought["subscription"];
    assert_eq!((&subscription["status"], &subscription["trial_end"]), (&json!("trialing"), &json!(end)));
}
