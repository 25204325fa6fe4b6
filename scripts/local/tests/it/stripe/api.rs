//! Objects, lists and refusals, as an API client sees them.

use super::{Answer, PRICE, SECRET_KEY, Stand, options, session_form};
use http::{Request, header};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};
use streamly::clock::Clock;

async fn with_authorization(stand: &Stand, authorization: Option<&str>) -> Answer {
    let mut request = Request::get(format!("{}/v1/customers", stand.stripe.url()));
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    Answer::to(request, "").await
}

#[tokio::test]
async fn the_key_opens_as_bearer_and_as_basic_and_no_other_does() {
    let stand = Stand::start().await;
    // `sk_test_of_the_tests:` in base64.
    let basic = "Basic c2tfdGVzdF9vZl90aGVfdGVzdHM6";
    for good in [format!("Bearer {SECRET_KEY}").as_str(), basic] {
        assert_eq!(with_authorization(&stand, Some(good)).await.status(), 200, "{good}");
    }
    for bad in [None, Some("Bearer sk_test_other"), Some("Basic b3RoZXI6"), Some("Bearer "), Some("Digest x")]
    {
        let answer = with_authorization(&stand, bad).await;
        assert_eq!(answer.refusal(), (401, "invalid_request_error".to_owned()), "{bad:?}");
        assert!(!answer.text().contains("sk_test_other"), "a key is not repeated");
    }
}

#[tokio::test]
async fn every_answer_names_its_request_its_version_and_its_date() {
    let clock = Clock::fixed(1_790_000_000);
    let stand = Stand::with(local::stripe::Options { clock, ..options() }).await;
    let plain = stand.get("/v1/customers").await;
    assert!(plain.header("request-id").starts_with("req_"));
    assert_eq!(plain.header("stripe-version"), "2026-09-30.endive");
    assert_eq!(plain.header("date"), "Mon, 21 Sep 2026 14:13:20 GMT");
    let older = stand.request("GET", "/v1/customers").header("Stripe-Version", "2025-03-31.basil");
    assert_eq!(Answer::to(older, "").await.header("stripe-version"), "2025-03-31.basil");
    let wrong = stand.request("GET", "/v1/customers").header("Stripe-Version", "newest");
    assert_eq!(Answer::to(wrong, "").await.status(), 400);
}

#[tokio::test]
async fn a_customer_is_made_changed_listed_and_deleted() {
    let stand = Stand::start().await;
    let id = stand.customer().await;
    assert!(id.starts_with("cus_"), "{id}");
    let path = format!("/v1/customers/{id}");
    assert_eq!(stand.get(&path).await.json()["metadata"], json!({ "user_id": "u1" }));
    let changed = stand.post(&path, "name=Ada&metadata[user_id]=&metadata[plan]=basic&email=").await.json();
    assert_eq!(
        (&changed["name"], &changed["metadata"], &changed["email"]),
        (&json!("Ada"), &json!({ "plan": "basic" }), &json!(null))
    );
    assert_eq!(stand.get("/v1/customers").await.json()["data"][0]["id"], json!(id));
    assert_eq!(stand.delete(&path).await.json(), json!({ "id": id, "object": "customer", "deleted": true }));
    assert_eq!(stand.get(&path).await.json()["deleted"], json!(true));
    assert_eq!(stand.delete(&path).await.refusal(), (404, "resource_missing".to_owned()));
    let form = session_form(&id, "");
    let session = stand.post("/v1/checkout/sessions", &form).await;
    assert_eq!(session.refusal(), (400, "resource_missing".to_owned()));
    assert_eq!(session.json()["error"]["param"], json!("customer"));
}

#[tokio::test]
async fn prices_exist_from_the_start_and_can_be_added() {
    let stand = Stand::start().await;
    let price = stand.get(&format!("/v1/prices/{PRICE}")).await.json();
    assert_eq!((&price["unit_amount"], &price["recurring"]["interval"]), (&json!(999), &json!("month")));
    let form = "currency=EUR&unit_amount=500&recurring[interval]=year&product_data[name]=Gold";
    let added = stand.post("/v1/prices", form).await.json();
    let expanded = format!("/v1/prices/{}?expand[]=product", added["id"].as_str().expect("an id"));
    let shown = stand.get(&expanded).await.json();
    assert_eq!((&shown["product"]["name"], &shown["currency"]), (&json!("Gold"), &json!("eur")));
    let none = stand.post("/v1/prices", "currency=eur&unit_amount=500").await;
    assert_eq!(none.refusal(), (400, "parameter_missing".to_owned()));
}

#[tokio::test]
async fn a_session_shows_what_was_asked_for() {
    let stand = Stand::start().await;
    let id = stand.session("&allow_promotion_codes=true").await;
    let session =
        stand.get(&format!("/v1/checkout/sessions/{id}?expand[]=line_items&expand[]=customer")).await.json();
    assert!(id.starts_with("cs_test_"), "{id}");
    let expected = json!({
        "amount_total": 999, "client_reference_id": "u1", "currency": "usd", "mode": "subscription",
        "object": "checkout.session", "payment_status": "unpaid", "status": "open", "subscription": null,
        "allow_promotion_codes": true, "metadata": { "user_id": "u1" },
        "success_url": "https://shop.test/done?id={CHECKOUT_SESSION_ID}",
    });
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&session[name], value, "{name}");
    }
    assert_eq!(session["expires_at"].as_i64(), session["created"].as_i64().map(|created| created + 86_400));
    assert_eq!(session["line_items"]["data"][0]["price"]["id"], json!(PRICE));
    assert_eq!(session["customer"]["email"], json!("a@example.com"));
    assert_eq!(session["url"], json!(format!("{}/c/pay/{id}", stand.stripe.url())));
}

#[tokio::test]
async fn what_stripe_refuses_is_refused_in_its_words() {
    #[track_caller]
    fn check(answer: &Answer, status: u16, code: &str, param: Option<&str>) {
        assert_eq!(answer.refusal(), (status, code.to_owned()));
        assert_eq!(answer.json()["error"]["param"].as_str(), param);
    }
    let stand = Stand::start().await;
    let customer = stand.customer().await;
    let path = "/v1/checkout/sessions";
    let with = |more: &str| session_form(&customer, more);
    let post = async |form: String| stand.post(path, &form).await;
    check(&post(with("&colour=red")).await, 400, "parameter_unknown", Some("colour"));
    let methods = post(with("&payment_method_types[]=card")).await;
    check(&methods, 400, "parameter_unknown", Some("payment_method_types"));
    check(
        &post(with("&line_items[0][prize]=x")).await,
        400,
        "parameter_unknown",
        Some("line_items[0][prize]"),
    );
    let missing = post(with("&line_items[0][price]=price_none")).await;
    check(&missing, 400, "resource_missing", Some("line_items[0][price]"));
    check(&post(String::new()).await, 400, "parameter_missing", Some("mode"));
    let days = post(with("&subscription_data[trial_period_days]=two")).await;
    check(&days, 400, "parameter_invalid_integer", Some("subscription_data[trial_period_days]"));
    check(&post(with("&subscription_data[trial_period_days]=0")).await, 400, "invalid_request_error", None);
    check(&post(with("&customer_email=b%40example.com")).await, 400, "invalid_request_error", None);
    check(&post(with("&success_url=shop")).await, 400, "url_invalid", Some("success_url"));
    check(&post(with("&mode[x]=1")).await, 400, "invalid_request_error", None);
    check(&stand.get("/v1/checkout/sessions/cs_test_x").await, 404, "resource_missing", Some("id"));
    check(&stand.get("/v1/unheard_of").await, 404, "invalid_request_error", None);
    check(&stand.get("/v1/customers?limit=101").await, 400, "invalid_request_error", None);
    let json = stand.request("POST", path).header(header::CONTENT_TYPE, "application/json");
    check(&Answer::to(json, "{}").await, 400, "invalid_request_error", None);
    let long = stand.post(path, &"a".repeat((1 << 20) + 1)).await;
    check(&long, 413, "invalid_request_error", None);
}

#[tokio::test]
async fn lists_are_newest_first_and_turn_their_pages() {
    let stand = Stand::start().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(stand.customer().await);
    }
    made.reverse();
    let ids = async |query: &str| {
        let list = stand.get(&format!("/v1/customers?{query}")).await.json();
        let ids = list["data"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one["id"].as_str().expect("an id").to_owned());
        (ids.collect::<Vec<_>>(), list["has_more"] == json!(true))
    };
    assert_eq!(ids("").await, (made.clone(), false));
    assert_eq!(ids("limit=2").await, (made[..2].to_vec(), true));
    assert_eq!(ids(&format!("limit=2&starting_after={}", made[1])).await, (made[2..4].to_vec(), true));
    assert_eq!(ids(&format!("limit=2&starting_after={}", made[2])).await, (made[3..].to_vec(), false));
    assert_eq!(ids(&format!("limit=2&ending_before={}", made[3])).await, (made[1..3].to_vec(), true));
    assert_eq!(ids("email=b%40example.com").await, (Vec::new(), false));
    let unknown = stand.get("/v1/customers?starting_after=cus_x").await;
    assert_eq!(unknown.refusal(), (400, "resource_missing".to_owned()));
}

#[tokio::test]
async fn a_session_expires_when_its_time_is_over_or_when_it_is_told_to() {
    let now = Arc::new(AtomicU64::new(1_790_000_000));
    let seen = Arc::clone(&now);
    let clock = Clock::from_fn(move || UNIX_EPOCH + Duration::from_secs(seen.load(Ordering::SeqCst)));
    let stand = Stand::with(local::stripe::Options { clock, ..options() }).await;
    let (told, overdue) = (stand.session("").await, stand.session("").await);
    let status =
        async |id: &str| stand.get(&format!("/v1/checkout/sessions/{id}")).await.json()["status"].clone();
    let expired = stand.post(&format!("/v1/checkout/sessions/{told}/expire"), "").await.json();
    assert_eq!((&expired["status"], &expired["url"]), (&json!("expired"), &json!(null)));
    assert_eq!(stand.post(&format!("/v1/checkout/sessions/{told}/expire"), "").await.status(), 400);
    now.fetch_add(86_399, Ordering::SeqCst);
    assert_eq!(status(&overdue).await, json!("open"));
    now.fetch_add(1, Ordering::SeqCst);
    assert_eq!(status(&overdue).await, json!("expired"));
    let page = stand.press(&overdue, "action=pay&card_number=4242424242424242").await;
    assert_eq!(page.status(), 410);
    assert!(page.text().contains("expired"), "{}", page.text());
    let events = stand.get("/v1/events?types[]=checkout.session.expired").await.json();
    assert_eq!(events["data"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn what_was_received_is_listed_newest_last() {
    let stand = Stand::start().await;
    stand.customer().await;
    stand.get("/v1/prices?limit=3").await;
    let received =
        Answer::to(Request::get(format!("{}/_fake/requests", stand.stripe.url())), "").await.json();
    let received = received.as_array().expect("a list");
    assert_eq!(received.len(), 2);
    assert_eq!((&received[0]["method"], &received[0]["path"]), (&json!("POST"), &json!("/v1/customers")));
    assert_eq!(received[0]["body"], json!("email=a%40example.com&metadata[user_id]=u1"));
    assert_eq!(received[0]["headers"]["content-type"], json!("application/x-www-form-urlencoded"));
    assert_eq!((&received[1]["path"], &received[1]["query"]), (&json!("/v1/prices"), &json!("limit=3")));
}

#[tokio::test]
async fn a_subscription_is_made_changed_scheduled_paused_and_ended() {
    let stand = Stand::start().await;
    let customer = stand.customer().await;
    let form = format!("customer={customer}&items[0][price]={PRICE}&metadata[user_id]=u1");
    let unpaid = stand.post("/v1/subscriptions", &form).await;
    assert_eq!(unpaid.status(), 400, "nothing to pay with");
    stand.post("/v1/payment_methods/pm_card_visa/attach", &format!("customer={customer}")).await;
    let methods = stand.get("/v1/events?type=payment_method.*").await.json();
    let method = methods["data"][0]["data"]["object"]["id"].as_str().expect("an id").to_owned();
    let made =
        stand.post("/v1/subscriptions", &format!("{form}&default_payment_method={method}")).await.json();
    assert_eq!(made["status"], json!("active"));
    assert_eq!(made["billing_mode"]["type"], json!("flexible"));
    assert!(made.get("current_period_end").is_none(), "the period stands on the item alone");
    let id = made["id"].as_str().expect("an id");
    let path = format!("/v1/subscriptions/{id}");
    let end = made["items"]["data"][0]["current_period_end"].clone();
    let scheduled = stand.post(&path, "cancel_at_period_end=true").await.json();
    assert_eq!((&scheduled["cancel_at_period_end"], &scheduled["cancel_at"]), (&json!(true), &end));
    let resumed = stand.post(&path, "cancel_at_period_end=false").await.json();
    assert_eq!((&resumed["cancel_at"], &resumed["canceled_at"]), (&json!(null), &json!(null)));
    let paused = stand.post(&path, "pause_collection[behavior]=void").await.json();
    assert_eq!(paused["pause_collection"], json!({ "behavior": "void", "resumes_at": null }));
    assert_eq!(stand.post(&path, "pause_collection=").await.json()["pause_collection"], json!(null));
    let ended = stand.delete(&path).await.json();
    assert_eq!(ended["status"], json!("canceled"));
    assert_eq!(stand.delete(&path).await.refusal(), (404, "resource_missing".to_owned()));
    assert_eq!(stand.post(&path, "cancel_at_period_end=true").await.status(), 400);
    let listed =
        async |query: &str| stand.get(&format!("/v1/subscriptions?{query}")).await.json()["data"].clone();
    assert_eq!(listed("").await, json!([]));
    assert_eq!(listed("status=all").await[0]["id"], json!(id));
    let updates = stand.get("/v1/events?type=customer.subscription.updated").await.json();
    let first = &updates["data"][3]["data"]["previous_attributes"];
    let previous = json!({
        "cancel_at": null, "cancel_at_period_end": false, "canceled_at": null,
        "cancellation_details": { "reason": null },
    });
    assert_eq!(first, &previous);
}
