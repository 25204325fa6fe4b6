//! The hosted page, as a payer uses it.

use super::{Answer, Endpoint, Stand, session_form};
use http::{Request, header};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PAY: &str = "action=pay&card_number=4242+4242+4242+4242";

async fn session(stand: &Stand, id: &str) -> Value {
    stand.get(&format!("/v1/checkout/sessions/{id}?expand[]=subscription&expand[]=invoice")).await.json()
}

/// The types of this many deliveries.
async fn kinds(endpoint: &mut Endpoint, count: usize) -> BTreeSet<String> {
    endpoint.take(count).await.iter().map(super::Delivery::kind).collect()
}

fn set(kinds: &[&str]) -> BTreeSet<String> {
    kinds.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn paying_makes_a_subscription_and_leads_on() {
    let (stand, mut endpoint) = Stand::delivering(&[]).await;
    let id = stand.session("").await;
    let page = Answer::to(Request::get(format!("{}/c/pay/{id}", stand.stripe.url())), "").await;
    assert_eq!((page.status(), page.text().matches("<button").count()), (200, 4));
    assert!(page.text().contains("USD 9.99") && page.text().contains("a@example.com"), "{}", page.text());
    let paid = stand.press(&id, PAY).await;
    assert_eq!(
        (paid.status(), paid.header("location")),
        (303, format!("https://shop.test/done?id={id}").as_str())
    );
    let expected = [
        "customer.subscription.created",
        "invoice.paid",
        "invoice_payment.paid",
        "checkout.session.completed",
    ];
    assert_eq!(kinds(&mut endpoint, 4).await, set(&expected));
    let session = session(&stand, &id).await;
    assert_eq!((&session["status"], &session["payment_status"]), (&json!("complete"), &json!("paid")));
    assert_eq!(session["url"], json!(null));
    let subscription = &session["subscription"];
    assert_eq!(
        (&subscription["status"], &subscription["metadata"]),
        (&json!("active"), &json!({ "user_id": "u1" }))
    );
    let invoice = &session["invoice"];
    assert_eq!((&invoice["amount_paid"], &invoice["status"]), (&json!(999), &json!("paid")));
    assert_eq!(invoice["parent"]["subscription_details"]["subscription"], subscription["id"]);
    assert_eq!(
        invoice["lines"]["data"][0]["period"]["end"],
        subscription["items"]["data"][0]["current_period_end"]
    );
}

#[tokio::test]
async fn the_payer_waits_for_the_answer_to_the_session() {
    let (stand, mut endpoint) = Stand::delivering(&[]).await;
    let id = stand.session("").await;
    stand.press(&id, PAY).await;
    // What the endpoint was sent before the redirect is there without a wait.
    let mut sent = Vec::new();
    while let Ok(delivery) = endpoint.deliveries.try_recv() {
        sent.push(delivery.kind());
    }
    assert!(sent.contains(&"checkout.session.completed".to_owned()), "{sent:?}");
}

#[tokio::test]
async fn a_declined_card_leaves_the_session_open() {
    let (stand, mut endpoint) = Stand::delivering(&[]).await;
    let id = stand.session("").await;
    let tries = [
        ("action=decline", "was declined"),
        ("action=pay&card_number=4000000000000002", "was declined"),
        ("action=pay&card_number=4000000000000341", "was declined"),
        ("action=pay&card_number=1234", "number is invalid"),
        ("action=pay", "number is invalid"),
        ("action=dance", "one of the buttons"),
    ];
    for (form, message) in tries {
        let page = stand.press(&id, form).await;
        assert_eq!(page.status(), 402, "{form}");
        assert!(
            page.text().contains(message) && page.text().contains("role=\"alert\""),
            "{form}: {}",
            page.text()
        );
    }
    assert_eq!(session(&stand, &id).await["status"], json!("open"));
    assert_eq!(stand.get("/v1/subscriptions?status=all").await.json()["data"], json!([]));
    assert_eq!(stand.press(&id, PAY).await.status(), 303, "the next card pays");
    assert_eq!(endpoint.take(4).await.len(), 4);
}

#[tokio::test]
async fn leaving_leads_back_and_leaves_the_session_open() {
    let stand = Stand::start().await;
    let id = stand.session("").await;
    let left = stand.press(&id, "action=leave").await;
    assert_eq!((left.status(), left.header("location")), (303, "https://shop.test/back"));
    assert_eq!(session(&stand, &id).await["status"], json!("open"));
}

#[tokio::test]
async fn a_session_is_paid_once_however_often_the_button_is_pressed() {
    let stand = Stand::start().await;
    let id = stand.session("").await;
    let presses = futures_util::future::join_all((0..10).map(|_| stand.press(&id, PAY))).await;
    let paid = presses.iter().filter(|answer| answer.status() == 303).count();
    let late = presses.iter().filter(|answer| answer.status() == 410).count();
    assert_eq!((paid, late), (1, 9));
    let all = stand.get("/v1/subscriptions?status=all").await.json();
    assert_eq!(all["data"].as_array().map(Vec::len), Some(1));
    let page = Answer::to(Request::get(format!("{}/c/pay/{id}", stand.stripe.url())), "").await;
    assert!(page.status() == 410 && page.text().contains("paid already"), "{}", page.text());
    let nowhere = Answer::to(Request::get(format!("{}/c/pay/cs_test_none", stand.stripe.url())), "").await;
    assert_eq!(nowhere.status(), 404);
}

#[tokio::test]
async fn a_trial_begins_without_a_payment() {
    let (stand, mut endpoint) = Stand::delivering(&[]).await;
    let id = stand.session("&subscription_data[trial_period_days]=7").await;
    let page = Answer::to(Request::get(format!("{}/c/pay/{id}", stand.stripe.url())), "").await;
    assert!(page.text().contains("USD 0.00") && page.text().contains("7 days free"), "{}", page.text());
    // This card can be saved; that it fails at every charge shows only when the trial is over.
    assert_eq!(stand.press(&id, "action=pay&card_number=4000000000000341").await.status(), 303);
    let expected = ["customer.subscription.created", "invoice.paid", "checkout.session.completed"];
    assert_eq!(kinds(&mut endpoint, 3).await, set(&expected));
    let session = session(&stand, &id).await;
    assert_eq!(session["payment_status"], json!("no_payment_required"));
    assert_eq!((&session["amount_total"], &session["invoice"]["amount_paid"]), (&json!(0), &json!(0)));
    let subscription = &session["subscription"];
    assert_eq!(subscription["status"], json!("trialing"));
    let started = subscription["trial_start"].as_i64().expect("a time");
    assert_eq!(subscription["trial_end"], json!(started + 7 * 86_400));
    assert_eq!(subscription["items"]["data"][0]["current_period_end"], subscription["trial_end"]);
}

#[tokio::test]
async fn a_delayed_payment_is_settled_later_or_fails() {
    let outcomes = [
        ("settle", "active", "paid", "invoice.paid", "checkout.session.async_payment_succeeded"),
        (
            "fail",
            "incomplete_expired",
            "unpaid",
            "invoice.payment_failed",
            "checkout.session.async_payment_failed",
        ),
    ];
    for (how, status, payment_status, invoice, kind) in outcomes {
        let (stand, mut endpoint) = Stand::delivering(&[]).await;
        let id = stand.session("").await;
        assert_eq!(stand.press(&id, "action=delayed").await.status(), 303);
        let first = kinds(&mut endpoint, 2).await;
        assert_eq!(first, set(&["customer.subscription.created", "checkout.session.completed"]));
        let waiting = session(&stand, &id).await;
        assert_eq!((&waiting["status"], &waiting["payment_status"]), (&json!("complete"), &json!("unpaid")));
        assert_eq!(waiting["subscription"]["status"], json!("incomplete"));
        assert_eq!(stand.control(&format!("/_fake/sessions/{id}/{how}"), "").await.status(), 204);
        let updated = endpoint.next_of("customer.subscription.updated").await.event();
        assert_eq!(updated["data"]["previous_attributes"]["status"], json!("incomplete"));
        assert_eq!(updated["data"]["object"]["status"], json!(status));
        let finished = session(&stand, &id).await;
        assert_eq!(finished["payment_status"], json!(payment_status));
        for kind in [invoice, kind] {
            let listed = stand.get(&format!("/v1/events?type={kind}")).await.json();
            assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "{kind}");
        }
        let again = stand.control(&format!("/_fake/sessions/{id}/{how}"), "").await;
        assert_eq!(again.status(), 400, "a payment ends once");
    }
}

#[tokio::test]
async fn a_payer_without_an_account_becomes_a_customer() {
    let stand = Stand::start().await;
    let form = session_form("", "").replace("&customer=&", "&");
    let made = stand.post("/v1/checkout/sessions", &form).await.json();
    let id = made["id"].as_str().expect("an id").to_owned();
    let form = r#"{ "email": "new@example.com" }"#;
    let paid = stand.control(&format!("/_fake/sessions/{id}/pay"), form).await;
    assert_eq!(paid.json()["redirect"], json!(format!("https://shop.test/done?id={id}")));
    let session = stand.get(&format!("/v1/checkout/sessions/{id}?expand[]=customer")).await.json();
    assert_eq!(session["customer"]["email"], json!("new@example.com"));
    assert_eq!(session["customer_details"]["email"], json!("new@example.com"));
}

#[tokio::test]
async fn what_a_client_names_cannot_become_markup() {
    let stand = Stand::start().await;
    let price = stand
        .post("/v1/prices", "currency=usd&unit_amount=1&recurring[interval]=day&product_data[name]=%3Cb%3E")
        .await;
    let price = price.json()["id"].as_str().expect("an id").to_owned();
    let id = stand.session(&format!("&line_items[1][price]={price}&line_items[1][quantity]=2")).await;
    let page = Answer::to(Request::get(format!("{}/c/pay/{id}", stand.stripe.url())), "").await;
    assert!(page.text().contains("&lt;b&gt;") && page.text().contains("USD 0.02 a day"), "{}", page.text());
    assert!(page.header(header::CONTENT_SECURITY_POLICY.as_str()).starts_with("default-src 'none'"));
}
