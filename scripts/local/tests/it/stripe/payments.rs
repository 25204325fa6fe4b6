//! Payments without a subscription, walked through as Stripe's command line does it.

use super::{Answer, Stand, options};
use serde_json::{Value, json};

fn id_of(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
}

#[tokio::test]
async fn a_session_without_a_subscription_is_paid_by_its_payment_page() {
    let stand = Stand::with(local::stripe::Options { prices: Vec::new(), ..options() }).await;
    let price =
        id_of(&stand.post("/v1/prices", "currency=usd&unit_amount=1500&product_data[name]=Book").await);
    let form = format!(
        "mode=payment&line_items[0][price]={price}&line_items[0][quantity]=2&success_url=https%3A%2F%2Fshop.test%2F\
         &payment_intent_data[shipping][name]=Ada"
    );
    let session = id_of(&stand.post("/v1/checkout/sessions", &form).await);
    let page = format!("/v1/payment_pages/{session}");
    assert_eq!(stand.get(&page).await.json()["total_summary"]["due"], json!(3000));
    let method = id_of(&stand.post("/v1/payment_methods", "type=card&card[token]=tok_visa").await);
    let confirm = format!("{page}/confirm");
    let wrong = stand.post(&confirm, &format!("payment_method={method}&expected_amount=2999")).await;
    assert_eq!(wrong.status(), 400);
    let paid = stand.post(&confirm, &format!("payment_method={method}&expected_amount=3000")).await.json();
    assert_eq!((&paid["status"], &paid["payment_status"]), (&json!("complete"), &json!("paid")));
    assert_eq!(
        (&paid["mode"], &paid["subscription"], &paid["invoice"]),
        (&json!("payment"), &Value::Null, &Value::Null)
    );
    let intent = paid["payment_intent"].as_str().expect("a payment").to_owned();
    let intent = stand.get(&format!("/v1/payment_intents/{intent}")).await.json();
    assert_eq!((&intent["status"], &intent["amount_received"]), (&json!("succeeded"), &json!(3000)));
    let expected = [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ];
    assert!(stand.kinds().await.ends_with(&expected.map(str::to_owned)), "{:?}", stand.kinds().await);
    assert_eq!(stand.post(&confirm, &format!("payment_method={method}")).await.status(), 400, "paid once");
}

#[tokio::test]
async fn an_invoice_made_by_hand_is_declined_and_then_paid() {
    let stand = Stand::start().await;
    let customer = stand.customer().await;
    let attach = "/v1/payment_methods/pm_card_chargeCustomerFail/attach";
    let failing = id_of(&stand.post(attach, &format!("customer={customer}")).await);
    let item = format!("customer={customer}&amount=2000&currency=usd&description=a+thing");
    let item = id_of(&stand.post("/v1/invoiceitems", &item).await);
    let form = format!("customer={customer}&pending_invoice_items_behavior=include");
    let draft = stand.post("/v1/invoices", &form).await.json();
    assert_eq!(
        (&draft["status"], &draft["amount_due"], &draft["parent"]),
        (&json!("draft"), &json!(2000), &Value::Null)
    );
    let line = &draft["lines"]["data"][0]["parent"]["invoice_item_details"]["invoice_item"];
    assert_eq!(line, &json!(item));
    let invoice = draft["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/invoices/{invoice}");
    let declined = stand.post(&format!("{path}/pay"), &format!("payment_method={failing}")).await;
    assert_eq!(declined.refusal(), (402, "card_declined".to_owned()));
    let open = stand.get(&path).await.json();
    assert_eq!((&open["status"], &open["attempt_count"]), (&json!("open"), &json!(1)));
    assert_eq!(stand.kinds().await.last().map(String::as_str), Some("invoice.payment_failed"));
    let paid = stand.post(&format!("{path}/pay"), "payment_method=pm_card_visa").await.json();
    assert_eq!((&paid["status"], &paid["amount_paid"]), (&json!("paid"), &json!(2000)));
    assert_eq!(
        stand.post(&format!("{path}/pay"), "payment_method=pm_card_visa").await.status(),
        400,
        "paid once"
    );
    let next = stand.post("/v1/invoices", &form).await.json();
    assert_eq!(next["amount_due"], json!(0), "an item is billed once");
}

#[tokio::test]
async fn a_failed_first_payment_is_made_good_through_the_invoice() {
    let stand = Stand::start().await;
    let customer = stand.customer().await;
    let price = super::PRICE;
    let form = format!(
        "customer={customer}&items[0][price]={price}&default_payment_method=pm_card_chargeCustomerFail"
    );
    let made = stand.post("/v1/subscriptions", &form).await.json();
    assert_eq!(made["status"], json!("incomplete"));
    let invoice = made["latest_invoice"].as_str().expect("an invoice").to_owned();
    let paid = stand.post(&format!("/v1/invoices/{invoice}/pay"), "payment_method=pm_card_visa").await.json();
    assert_eq!((&paid["status"], &paid["attempt_count"]), (&json!("paid"), &json!(2)));
    let id = made["id"].as_str().expect("an id");
    assert_eq!(stand.get(&format!("/v1/subscriptions/{id}")).await.json()["status"], json!("active"));
    let strict = format!("{form}&payment_behavior=error_if_incomplete");
    assert_eq!(stand.post("/v1/subscriptions", &strict).await.refusal(), (402, "card_declined".to_owned()));
}

#[tokio::test]
async fn a_payment_method_is_the_customers_it_was_attached_to() {
    let stand = Stand::start().await;
    let (one, other) = (stand.customer().await, stand.customer().await);
    let method = id_of(&stand.post("/v1/payment_methods", "type=card&card[number]=4242424242424242").await);
    let attach = format!("/v1/payment_methods/{method}/attach");
    assert_eq!(stand.post(&attach, &format!("customer={one}")).await.json()["customer"], json!(one));
    assert_eq!(stand.post(&attach, &format!("customer={one}")).await.status(), 200);
    assert_eq!(stand.post(&attach, &format!("customer={other}")).await.status(), 400);
    let before = stand.get("/v1/customers").await.json()["data"].as_array().map(Vec::len);
    assert_eq!(stand.post("/v1/customers", &format!("payment_method={method}")).await.status(), 400);
    assert_eq!(stand.post("/v1/customers", "payment_method=pm_card_visa_chargeDeclined").await.status(), 402);
    let after = stand.get("/v1/customers").await.json()["data"].as_array().map(Vec::len);
    assert_eq!(before, after, "a refused customer is not made");
    let default = stand
        .post(&format!("/v1/customers/{one}"), "invoice_settings[default_payment_method]=pm_card_visa")
        .await;
    assert_eq!(
        default.json()["invoice_settings"]["default_payment_method"],
        json!(method),
        "theirs of that card"
    );
    let listed = stand.get(&format!("/v1/payment_methods?customer={one}&type=card")).await.json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(stand.post("/v1/payment_methods", "type=card&card[number]=1").await.status(), 400);
}
