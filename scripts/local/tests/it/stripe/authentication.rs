//! Cards whose bank asks the owner first: on the hosted page, by the API, and at a renewal where nobody is there.

use super::{Answer, PRICE, Stand};
use http::{Request, header};
use serde_json::{Value, json};
use std::time::Duration;

const ASKS_ONCE: &str = "4000002500003155";
const ASKS_ALWAYS: &str = "4000002760003184";

async fn subscription(stand: &Stand) -> Value {
    stand.get("/v1/subscriptions?status=all&limit=1").await.json()["data"][0].clone()
}

/// Answers at the page of a payment's next action.
async fn answer(url: &str, action: &str) -> Answer {
    let request = Request::post(url).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    Answer::to(request, &format!("action={action}")).await
}

/// A subscription whose first payment waits for its owner: the subscription and the payment.
async fn waiting(stand: &Stand) -> (Value, Value) {
    let customer = stand.customer().await;
    let form = format!(
        "customer={customer}&items[0][price]={PRICE}&default_payment_method=pm_card_threeDSecure2Required\
         &expand[]=latest_invoice"
    );
    let made = stand.post("/v1/subscriptions", &form).await.json();
    let intents = stand.get(&format!("/v1/payment_intents?customer={customer}")).await.json();
    (made, intents["data"][0].clone())
}

#[tokio::test]
async fn the_hosted_page_asks_before_anything_is_paid() {
    let stand = Stand::start().await;
    for card in [ASKS_ONCE, ASKS_ALWAYS] {
        let session = stand.session("").await;
        let asked = stand.press(&session, &format!("action=pay&card_number={card}")).await;
        assert_eq!(asked.status(), 200);
        assert!(
            asked.text().contains("Complete authentication") && asked.text().contains(card),
            "{}",
            asked.text()
        );
        let open = stand.get(&format!("/v1/checkout/sessions/{session}")).await.json();
        assert_eq!((&open["status"], &open["subscription"]), (&json!("open"), &Value::Null));
        let refused = stand.press(&session, &format!("action=refuse&card_number={card}")).await;
        assert_eq!(refused.status(), 402);
        assert!(refused.text().contains("unable to authenticate"));
        let paid = stand.press(&session, &format!("action=authenticate&card_number={card}")).await;
        assert_eq!(paid.status(), 303, "the session was still open");
        assert_eq!(subscription(&stand).await["status"], json!("active"));
        let again = stand.press(&session, &format!("action=pay&card_number={card}")).await;
        assert_eq!(again.status(), 410, "it is not asked once more");
    }
}

#[tokio::test]
async fn without_a_page_the_question_must_be_answered_beforehand() {
    let stand = Stand::start().await;
    let session = stand.session("").await;
    let path = format!("/_fake/sessions/{session}/pay");
    let unasked = stand.control(&path, &format!(r#"{{"card_number": "{ASKS_ALWAYS}"}}"#)).await;
    assert_eq!(unasked.refusal(), (402, "authentication_required".to_owned()));
    let asked =
        stand.control(&path, &format!(r#"{{"card_number": "{ASKS_ALWAYS}", "authenticated": true}}"#)).await;
    assert_eq!(asked.status(), 200);
    let declined = stand.session("").await;
    let path = format!("/_fake/sessions/{declined}/pay");
    let declined =
        stand.control(&path, r#"{"card_number": "4000000000000002", "authenticated": true}"#).await;
    assert_eq!(declined.refusal(), (402, "card_declined".to_owned()), "a yes is no money");
}

#[tokio::test]
async fn a_subscription_waits_for_its_owner_and_goes_on_with_a_yes() {
    let stand = Stand::start().await;
    let (made, intent) = waiting(&stand).await;
    assert_eq!((&made["status"], &made["latest_invoice"]["status"]), (&json!("incomplete"), &json!("open")));
    assert_eq!((&intent["status"], &intent["latest_charge"]), (&json!("requires_action"), &Value::Null));
    let seen = stand.kinds().await;
    for kind in
        ["payment_intent.requires_action", "invoice.payment_action_required", "invoice.payment_failed"]
    {
        assert!(seen.iter().any(|seen| seen == kind), "{kind}: {seen:?}");
    }
    let page = intent["next_action"]["redirect_to_url"]["url"].as_str().expect("a page");
    assert_eq!(answer(page, "authenticate").await.status(), 200);
    assert_eq!(subscription(&stand).await["status"], json!("active"));
    let invoice = made["latest_invoice"]["id"].as_str().expect("an id");
    assert_eq!(stand.get(&format!("/v1/invoices/{invoice}")).await.json()["status"], json!("paid"));
    assert_eq!(answer(page, "authenticate").await.status(), 410, "asked once");
}

#[tokio::test]
async fn a_no_leaves_the_subscription_incomplete_until_it_lapses_or_is_paid_otherwise() {
    let stand = Stand::start().await;
    let (made, intent) = waiting(&stand).await;
    let page = intent["next_action"]["redirect_to_url"]["url"].as_str().expect("a page");
    assert_eq!(answer(page, "refuse").await.status(), 200);
    assert_eq!(subscription(&stand).await["status"], json!("incomplete"));
    let intent = format!("/v1/payment_intents/{}", intent["id"].as_str().expect("an id"));
    let failed = stand.get(&intent).await.json();
    assert_eq!(failed["last_payment_error"]["code"], json!("payment_intent_authentication_failure"));
    let invoice = made["latest_invoice"]["id"].as_str().expect("an id");
    let pay = format!("/v1/invoices/{invoice}/pay");
    let asked = stand.post(&pay, "payment_method=pm_card_authenticationRequired").await;
    assert_eq!(asked.refusal(), (402, "invoice_payment_intent_requires_action".to_owned()));
    assert_eq!(stand.post(&pay, "payment_method=pm_card_visa").await.json()["status"], json!("paid"));
    assert_eq!(subscription(&stand).await["status"], json!("active"));

    let (made, _) = waiting(&stand).await;
    stand.stripe.advance(Duration::from_hours(24));
    let lapsed = stand.stripe.object(made["id"].as_str().expect("an id")).expect("it is there");
    assert_eq!(lapsed["status"], json!("incomplete_expired"));
}

#[tokio::test]
async fn a_renewal_asks_a_card_that_asks_always_and_no_other() {
    for (card, status) in [(ASKS_ONCE, "active"), (ASKS_ALWAYS, "past_due")] {
        let stand = Stand::start().await;
        let session = stand.session("").await;
        stand.press(&session, &format!("action=authenticate&card_number={card}")).await;
        stand.stripe.advance(Duration::from_hours(32 * 24));
        assert_eq!(subscription(&stand).await["status"], json!(status), "{card}");
        let asked = stand.kinds().await.contains(&"invoice.payment_action_required".to_owned());
        assert_eq!(asked, status == "past_due", "{card}");
    }
}

#[tokio::test]
async fn strict_creation_makes_nothing_where_the_owner_would_be_asked() {
    let stand = Stand::start().await;
    let customer = stand.customer().await;
    let form = format!(
        "customer={customer}&items[0][price]={PRICE}&default_payment_method=pm_card_authenticationRequired\
         &payment_behavior=error_if_incomplete"
    );
    let refused = stand.post("/v1/subscriptions", &form).await;
    assert_eq!(refused.refusal(), (402, "authentication_required".to_owned()));
    assert_eq!(stand.get("/v1/subscriptions?status=all").await.json()["data"], json!([]));
}
