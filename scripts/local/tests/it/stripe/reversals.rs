//! Payments by hand, and what may come after a payment: capture, refund, dispute.

use super::{Answer, Stand};
use serde_json::{Value, json};

async fn pay(stand: &Stand, more: &str) -> Answer {
    stand.post("/v1/payment_intents", &format!("amount=2000&currency=USD&confirm=true{more}")).await
}

async fn paid(stand: &Stand, card: &str) -> Value {
    let answer = pay(stand, &format!("&payment_method={card}")).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.json()
}

fn id(object: &Value) -> &str {
    object["id"].as_str().expect("an id")
}

#[track_caller]
fn check(payment: &Value, status: &str, received: i64) {
    assert_eq!((&payment["status"], &payment["amount_received"]), (&json!(status), &json!(received)));
}

#[tokio::test]
async fn a_payment_is_made_in_one_step_or_in_several() {
    let stand = Stand::start().await;
    check(&paid(&stand, "pm_card_visa").await, "succeeded", 2000);
    let begun = stand.post("/v1/payment_intents", "amount=500&currency=eur&metadata[order]=1").await.json();
    check(&begun, "requires_payment_method", 0);
    let path = format!("/v1/payment_intents/{}", id(&begun));
    let confirm = format!("{path}/confirm");
    assert_eq!(stand.post(&confirm, "").await.refusal(), (400, "parameter_missing".to_owned()));
    let declined = stand.post(&confirm, "payment_method=pm_card_visa_chargeDeclined").await;
    assert_eq!(declined.refusal(), (402, "card_declined".to_owned()));
    check(&stand.get(&path).await.json(), "requires_payment_method", 0);
    check(&stand.post(&confirm, "payment_method=pm_card_visa").await.json(), "succeeded", 500);
    let again = stand.post(&confirm, "payment_method=pm_card_visa").await;
    assert_eq!(again.refusal(), (400, "payment_intent_unexpected_state".to_owned()), "paid once");
    let expected = [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "charge.succeeded",
        "payment_intent.succeeded",
    ];
    assert!(stand.kinds().await.ends_with(&expected.map(str::to_owned)), "{:?}", stand.kinds().await);
    let changed = stand.post(&path, "metadata[order]=2&description=a+thing").await.json();
    assert_eq!((&changed["metadata"]["order"], &changed["description"]), (&json!("2"), &json!("a thing")));
}

#[tokio::test]
async fn an_amount_that_is_none_is_refused() {
    let stand = Stand::start().await;
    for (form, code) in [
        ("currency=usd", "parameter_missing"),
        ("amount=0&currency=usd", "parameter_invalid_integer"),
        ("amount=-5&currency=usd", "parameter_invalid_integer"),
        ("amount=many&currency=usd", "parameter_invalid_integer"),
        ("amount=5", "parameter_missing"),
        ("amount=5&currency=usd&customer=cus_nobody", "resource_missing"),
        ("amount=5&currency=usd&payment_method=pm_nothing", "resource_missing"),
        ("amount=5&currency=usd&capture_method=never", "parameter_invalid_enum"),
        ("amount=5&currency=usd&colour=red", "parameter_unknown"),
    ] {
        assert_eq!(stand.post("/v1/payment_intents", form).await.refusal(), (400, code.to_owned()), "{form}");
    }
    assert_eq!(stand.get("/v1/payment_intents").await.json()["data"], json!([]));
}

#[tokio::test]
async fn money_is_set_aside_and_then_taken_or_left() {
    let stand = Stand::start().await;
    let held = pay(&stand, "&payment_method=pm_card_visa&capture_method=manual").await.json();
    check(&held, "requires_capture", 0);
    assert_eq!(held["amount_capturable"], json!(2000));
    let path = format!("/v1/payment_intents/{}", id(&held));
    check(&stand.post(&format!("{path}/capture"), "").await.json(), "succeeded", 2000);
    assert_eq!(stand.post(&format!("{path}/capture"), "").await.status(), 400);
    assert_eq!(stand.post(&format!("{path}/cancel"), "").await.status(), 400);
    let left = pay(&stand, "&payment_method=pm_card_visa&capture_method=manual").await.json();
    let cancel = format!("/v1/payment_intents/{}/cancel", id(&left));
    assert_eq!(stand.post(&cancel, "cancellation_reason=boredom").await.status(), 400);
    let canceled = stand.post(&cancel, "cancellation_reason=abandoned").await.json();
    assert_eq!(
        (&canceled["status"], &canceled["cancellation_reason"]),
        (&json!("canceled"), &json!("abandoned"))
    );
    assert_eq!(stand.kinds().await.iter().filter(|kind| *kind == "charge.captured").count(), 1);
}

#[tokio::test]
async fn a_charge_is_refunded_up_to_its_amount() {
    let stand = Stand::start().await;
    let payment = paid(&stand, "pm_card_visa").await;
    let charge = payment["latest_charge"].as_str().expect("a charge");
    let some =
        stand.post("/v1/refunds", &format!("charge={charge}&amount=500&reason=duplicate")).await.json();
    assert_eq!((&some["amount"], &some["payment_intent"]), (&json!(500), &payment["id"]));
    let form = format!("payment_intent={}", id(&payment));
    assert_eq!(stand.post("/v1/refunds", &format!("{form}&amount=1501")).await.status(), 400);
    assert_eq!(stand.post("/v1/refunds", &format!("{form}&amount=0")).await.status(), 400);
    let shown = stand.get(&format!("/v1/charges/{charge}")).await.json();
    assert_eq!((&shown["amount_refunded"], &shown["refunded"]), (&json!(500), &json!(false)));
    let rest = stand.post("/v1/refunds", &form).await.json();
    assert_eq!(rest["amount"], json!(1500), "all that is left");
    let none = stand.post("/v1/refunds", &form).await;
    assert_eq!(none.refusal(), (400, "charge_already_refunded".to_owned()));
    let shown = stand.get(&format!("/v1/charges/{charge}")).await.json();
    assert_eq!((&shown["amount_refunded"], &shown["refunded"]), (&json!(2000), &json!(true)));
    stand.post(&format!("/v1/refunds/{}", id(&rest)), "metadata[order]=1").await;
    let listed = stand.get(&format!("/v1/refunds?{form}")).await.json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(2));
    let seen = stand.kinds().await;
    assert_eq!(seen.iter().filter(|kind| *kind == "charge.refunded").count(), 2);
    assert!(seen.ends_with(&["charge.refund.updated".to_owned(), "refund.updated".to_owned()]), "{seen:?}");
    let open = stand.post("/v1/payment_intents", "amount=5&currency=usd").await.json();
    assert_eq!(stand.post("/v1/refunds", &format!("payment_intent={}", id(&open))).await.status(), 400);
}

#[tokio::test]
async fn a_card_that_is_disputed_pays_first() {
    let stand = Stand::start().await;
    for (card, open, closed) in [
        ("pm_card_createDispute", "needs_response", "lost"),
        ("pm_card_createDisputeInquiry", "warning_needs_response", "warning_closed"),
    ] {
        let payment = paid(&stand, card).await;
        check(&payment, "succeeded", 2000);
        let charge = payment["latest_charge"].as_str().expect("a charge");
        assert_eq!(stand.get(&format!("/v1/charges/{charge}")).await.json()["disputed"], json!(true));
        let listed = stand.get(&format!("/v1/disputes?payment_intent={}", id(&payment))).await.json();
        let dispute = &listed["data"][0];
        assert_eq!((&dispute["status"], &dispute["charge"]), (&json!(open), &json!(charge)), "{card}");
        let path = format!("/v1/disputes/{}", id(dispute));
        assert_eq!(stand.post(&path, "metadata[a]=b").await.json()["metadata"], json!({ "a": "b" }));
        assert_eq!(stand.post(&format!("{path}/close"), "").await.json()["status"], json!(closed));
        assert_eq!(stand.post(&format!("{path}/close"), "").await.status(), 400, "once");
    }
    let seen = stand.kinds().await;
    let count = |kind: &str| seen.iter().filter(|seen| *seen == kind).count();
    assert_eq!(count("charge.dispute.created"), 2);
    assert_eq!(count("charge.dispute.funds_withdrawn"), 1, "an inquiry takes no money");
    assert_eq!((count("charge.dispute.updated"), count("charge.dispute.closed")), (2, 2));
}

#[tokio::test]
async fn a_subscription_is_disputed_and_refunded_and_stays_as_it_is() {
    let stand = Stand::start().await;
    let session = stand.session("").await;
    assert_eq!(stand.press(&session, "action=pay&card_number=4000000000000259").await.status(), 303);
    let bought = stand.get(&format!("/v1/checkout/sessions/{session}?expand[]=subscription")).await.json();
    assert_eq!(bought["subscription"]["status"], json!("active"));
    let dispute = stand.get("/v1/disputes").await.json()["data"][0].clone();
    let refund = format!("payment_intent={}", dispute["payment_intent"].as_str().expect("a payment"));
    assert_eq!(stand.post("/v1/refunds", &refund).await.status(), 200);
    let subscription = stand.stripe.object(id(&bought["subscription"])).expect("it is there");
    assert_eq!(subscription["status"], json!("active"), "money that goes back ends nothing");
}

#[tokio::test]
async fn a_test_account_settles_its_debit_by_itself() {
    let stand = Stand::start().await;
    for (iban, status) in
        [("AT611904300234573201", "succeeded"), ("AT861904300235473202", "requires_payment_method")]
    {
        let form = format!("type=sepa_debit&sepa_debit[iban]={iban}");
        let method = stand.post("/v1/payment_methods", &form).await.json();
        assert_eq!(paid(&stand, id(&method)).await["status"], json!(status), "{iban}");
    }
    let other = stand
        .post("/v1/payment_methods", "type=sepa_debit&sepa_debit[iban]=AT321904300235473204")
        .await
        .json();
    assert_eq!(paid(&stand, id(&other)).await["status"], json!("processing"));
}

#[tokio::test]
async fn an_invoice_by_hand_is_changed_sent_voided_written_off_or_deleted() {
    let stand = Stand::start().await;
    let customer = stand.customer().await;
    let item = format!("customer={customer}&amount=700&currency=usd");
    let item = stand.post("/v1/invoiceitems", &item).await.json();
    let draft = |more: &str| format!("customer={customer}&pending_invoice_items_behavior=include{more}");
    let first = stand.post("/v1/invoices", &draft("")).await.json();
    let path = format!("/v1/invoices/{}", id(&first));
    assert_eq!(stand.post(&path, "description=a+thing").await.json()["description"], json!("a thing"));
    assert_eq!(stand.post(&format!("{path}/void"), "").await.status(), 400, "a draft is deleted instead");
    assert_eq!(stand.delete(&path).await.json()["deleted"], json!(true));
    assert_eq!(stand.get(&path).await.status(), 404);
    let second =
        stand.post("/v1/invoices", &draft("&collection_method=send_invoice&days_until_due=7")).await.json();
    assert_eq!(second["amount_due"], json!(700), "the item waited for it");
    let path = format!("/v1/invoices/{}", id(&second));
    assert_eq!(stand.post(&format!("{path}/send"), "").await.json()["status"], json!("open"));
    let item = format!("/v1/invoiceitems/{}", id(&item));
    assert_eq!(stand.delete(&item).await.status(), 400, "it is billed");
    assert_eq!(stand.delete(&path).await.status(), 400);
    assert_eq!(
        stand.post(&format!("{path}/mark_uncollectible"), "").await.json()["status"],
        json!("uncollectible")
    );
    assert_eq!(stand.post(&format!("{path}/void"), "").await.json()["status"], json!("void"));
    for wrong in ["&collection_method=send_invoice", "&days_until_due=7", "&collection_method=by_hand"] {
        assert_eq!(stand.post("/v1/invoices", &draft(wrong)).await.status(), 400, "{wrong}");
    }
}

#[tokio::test]
async fn lists_take_what_they_know_and_refuse_the_rest() {
    let stand = Stand::start().await;
    stand.customer().await;
    for (path, code) in [
        ("/v1/customers?colour=red", "parameter_unknown"),
        ("/v1/subscriptions?state=active", "parameter_unknown"),
        ("/v1/subscriptions?status=alive", "parameter_invalid_enum"),
        ("/v1/invoices?status=late", "parameter_invalid_enum"),
        ("/v1/checkout/sessions?status=paid", "parameter_invalid_enum"),
        ("/v1/events?types=x&kind=y", "parameter_unknown"),
        ("/v1/refunds?customer=cus_1", "parameter_unknown"),
        ("/v1/disputes?status=lost", "parameter_unknown"),
        ("/v1/payment_intents?status=succeeded", "parameter_unknown"),
        ("/v1/prices/price_basic?limit=1", "parameter_unknown"),
        ("/v1/customers?limit=0", "invalid_request_error"),
        ("/v1/customers?limit=101", "invalid_request_error"),
        ("/v1/customers?limit=ten", "parameter_invalid_integer"),
        ("/v1/customers?starting_after=cus_nobody", "resource_missing"),
        ("/v1/customers?starting_after=cus_1&ending_before=cus_2", "invalid_request_error"),
        ("/v1/customers?created[before]=1", "parameter_unknown"),
    ] {
        assert_eq!(stand.get(path).await.refusal(), (400, code.to_owned()), "{path}");
    }
    for path in
        ["/v1/subscriptions?status=all", "/v1/invoices?status=void", "/v1/customers?limit=100&created[gte]=1"]
    {
        assert_eq!(stand.get(path).await.status(), 200, "{path}");
    }
}
