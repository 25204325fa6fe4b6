//! The desk behind the hosted pages: what a person switches and sees there.

use super::{Answer, Endpoint, Stand};
use axum::http::StatusCode;
use http::{Request, header};

const PAY: &str = "action=pay&card_number=4242424242424242";

impl Stand {
    async fn desk(&self) -> String {
        let page = Answer::to(Request::get(self.stripe.desk_url()), "").await;
        assert_eq!(page.status(), 200);
        page.text().to_owned()
    }

    async fn switch(&self, action: &str) -> u16 {
        let request = Request::post(self.stripe.desk_url())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        Answer::to(request, &format!("action={action}")).await.status()
    }
}

#[track_caller]
fn check(page: &str, expected: &[&str], absent: &[&str]) {
    for text in expected {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    for text in absent {
        assert!(!page.contains(text), "{text} is in {page}");
    }
}

#[tokio::test]
async fn webhooks_are_switched_off_and_on_and_what_was_lost_is_sent_again() {
    let (stand, mut endpoint) = Stand::delivering(&[]).await;
    check(
        &stand.desk().await,
        &["<span id=\"webhooks\">on</span>", "Nothing has happened yet"],
        &["send-again"],
    );
    assert_eq!(stand.switch("webhooks-off").await, 303);
    let session = stand.session("").await;
    stand.press(&session, PAY).await;
    let page = stand.desk().await;
    check(
        &page,
        &["<span id=\"webhooks\">off</span>", "checkout.session.completed", "not sent"],
        &["send-again"],
    );
    check(&page, &["<span id=\"waiting\">4</span>"], &["customer.created"]);

    assert_eq!(stand.switch("webhooks-on").await, 303);
    check(&stand.desk().await, &["<span id=\"webhooks\">on</span>", "send-again"], &[]);
    assert_eq!(stand.switch("send-again").await, 303);
    let kinds: Vec<String> = endpoint.take(4).await.iter().map(super::Delivery::kind).collect();
    assert!(kinds.contains(&"customer.subscription.created".to_owned()), "{kinds:?}");
}

#[tokio::test]
async fn a_month_ahead_ends_a_monthly_period_and_charges_for_the_next() {
    let stand = Stand::start().await;
    let session = stand.session("").await;
    stand.press(&session, PAY).await;
    let before = stand.stripe.now();
    assert_eq!(stand.switch("advance-day").await, 303);
    assert!((86_400..86_460).contains(&(stand.stripe.now() - before)));
    assert_eq!(stand.switch("advance-month").await, 303);
    let invoices = stand.get("/v1/invoices?status=paid").await.json();
    let reasons: Vec<&str> = invoices["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["billing_reason"].as_str())
        .collect();
    assert_eq!(reasons, ["subscription_cycle", "subscription_create"]);
}

#[tokio::test]
async fn an_answer_of_the_webhook_stands_beside_its_event() {
    let mut endpoint = Endpoint::start(&[StatusCode::SERVICE_UNAVAILABLE]).await;
    let options =
        local::stripe::Options { retry_delay: std::time::Duration::from_mins(10), ..super::options() };
    let stand = Stand::with(options).await;
    stand.stripe.deliver_to(&endpoint.url());
    let session = stand.session("").await;
    stand.post(&format!("/v1/checkout/sessions/{session}/expire"), "").await;
    endpoint.next().await;
    // The answer is noted when it has arrived, which is after the endpoint has sent it.
    let noted = async { while !stand.desk().await.contains("<span>503</span>") {} };
    tokio::time::timeout(std::time::Duration::from_secs(10), noted).await.expect("it is noted");
}

#[tokio::test]
async fn a_button_that_is_not_there_does_nothing() {
    let stand = Stand::start().await;
    assert_eq!(stand.switch("everything").await, 422);
    check(&stand.desk().await, &["<span id=\"webhooks\">on</span>"], &[]);
}
