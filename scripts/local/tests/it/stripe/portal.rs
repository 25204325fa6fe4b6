//! The billing portal, as a subscriber uses it.

use super::{Answer, PRICE, Stand};
use http::{Request, header};
use serde_json::{Value, json};

/// A subscriber's way into the portal.
struct Visit {
    stand: Stand,
    url: String,
    customer: String,
    subscription: String,
}

impl Visit {
    /// Someone who has paid through Checkout.
    async fn new() -> Self {
        let stand = Stand::start().await;
        let id = stand.session("").await;
        stand.press(&id, "action=pay&card_number=4242424242424242").await;
        let session = stand.get(&format!("/v1/checkout/sessions/{id}")).await.json();
        let text = |name: &str| session[name].as_str().expect("the session is complete").to_owned();
        let (customer, subscription) = (text("customer"), text("subscription"));
        let form = format!("customer={customer}&return_url=https%3A%2F%2Fshop.test%2Faccount");
        let portal = stand.post("/v1/billing_portal/sessions", &form).await.json();
        assert_eq!(portal["return_url"], json!("https://shop.test/account"));
        let url = portal["url"].as_str().expect("a portal has a page").to_owned();
        Self { stand, url, customer, subscription }
    }

    async fn page(&self) -> Answer {
        Answer::to(Request::get(&self.url), "").await
    }

    async fn press(&self, action: &str) -> Answer {
        let request =
            Request::post(&self.url).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        Answer::to(request, &format!("subscription={}&action={action}", self.subscription)).await
    }

    /// The subscription after this button.
    async fn after(&self, action: &str) -> Value {
        assert_eq!(self.press(action).await.status(), 303, "{action}");
        self.stand.get(&format!("/v1/subscriptions/{}", self.subscription)).await.json()
    }
}

#[tokio::test]
async fn a_subscriber_cancels_later_and_resumes() {
    let visit = Visit::new().await;
    let page = visit.page().await;
    assert!(page.status() == 200 && page.text().contains("Basic, USD 9.99"), "{}", page.text());
    assert!(page.text().contains("href=\"https://shop.test/account\""), "{}", page.text());
    let scheduled = visit.after("cancel-at-period-end").await;
    let end = scheduled["items"]["data"][0]["current_period_end"].clone();
    assert_eq!((&scheduled["cancel_at_period_end"], &scheduled["cancel_at"]), (&json!(true), &end));
    assert!(visit.page().await.text().contains("Resume"));
    let resumed = visit.after("resume").await;
    assert_eq!((&resumed["cancel_at_period_end"], &resumed["cancel_at"]), (&json!(false), &json!(null)));
    let other = visit.after("cancel-at").await;
    assert_eq!((&other["cancel_at_period_end"], &other["cancel_at"]), (&json!(false), &end));
    assert_eq!(visit.after("cancel-now").await["status"], json!("canceled"));
    let over = visit.press("resume").await;
    assert!(over.status() == 422 && over.text().contains("cannot be changed"), "{}", over.text());
}

#[tokio::test]
async fn a_subscriber_switches_the_plan() {
    let visit = Visit::new().await;
    let form = "currency=usd&unit_amount=9900&recurring[interval]=year&product_data[name]=Gold";
    let price = visit.stand.post("/v1/prices", form).await.json()["id"].as_str().expect("an id").to_owned();
    assert!(
        visit.page().await.text().contains(&format!("<option value=\"{price}\">Gold, USD 99.00</option>"))
    );
    let before = visit.stand.get(&format!("/v1/subscriptions/{}", visit.subscription)).await.json();
    let switched = visit.after(&format!("switch&price={price}")).await;
    let item = &switched["items"]["data"][0];
    assert_eq!((&item["price"]["id"], &item["id"]), (&json!(price), &before["items"]["data"][0]["id"]));
    let days = (item["current_period_end"].as_i64().expect("a time")
        - item["current_period_start"].as_i64().expect("a time"))
        / 86_400;
    assert!((365..=366).contains(&days), "{days}");
    let updated = visit.stand.get("/v1/events?type=customer.subscription.updated").await.json();
    let previous = &updated["data"][0]["data"]["previous_attributes"]["items"]["data"][0]["price"]["id"];
    assert_eq!(previous, &json!(PRICE));
    assert_eq!(visit.press("switch&price=price_none").await.status(), 422);
}

#[tokio::test]
async fn a_subscriber_pays_what_is_open() {
    let visit = Visit::new().await;
    assert_eq!(visit.press("pay").await.status(), 422, "nothing is open");
    let form =
        format!("customer={}&items[0][price]={PRICE}&payment_behavior=default_incomplete", visit.customer);
    let open = visit.stand.post("/v1/subscriptions", &form).await.json();
    assert_eq!(open["status"], json!("incomplete"));
    let subscription = open["id"].as_str().expect("an id").to_owned();
    let visit = Visit { subscription, ..visit };
    assert!(visit.page().await.text().contains("Pay the open invoice"));
    let paid = visit.after("pay").await;
    assert_eq!(paid["status"], json!("active"));
    let invoice =
        visit.stand.get(&format!("/v1/invoices/{}", paid["latest_invoice"].as_str().expect("an id"))).await;
    assert_eq!(invoice.json()["status"], json!("paid"));
}

#[tokio::test]
async fn another_card_is_charged_from_then_on_and_the_portal_takes_one_that_pays() {
    let visit = Visit::new().await;
    let default = async || {
        let subscription = visit.stand.get(&format!("/v1/subscriptions/{}", visit.subscription)).await.json();
        let method = subscription["default_payment_method"].as_str().expect("a card is on file").to_owned();
        visit.stand.get(&format!("/v1/payment_methods/{method}")).await.json()
    };
    assert_eq!(default().await["card"]["last4"], json!("4242"));
    for refused in ["card&card_number=4000000000000002", "card&card_number=4242", "card"] {
        let page = visit.press(refused).await;
        assert_eq!(page.status(), 422, "{refused}");
        assert!(page.text().contains("role=\"alert\""), "{refused}: {}", page.text());
        assert_eq!(default().await["card"]["last4"], json!("4242"), "{refused}");
    }
    visit.after("card&card_number=4000+0000+0000+0341").await;
    let card = default().await;
    assert_eq!((&card["card"]["last4"], &card["customer"]), (&json!("0341"), &json!(visit.customer)));
    let customer = visit.stand.get(&format!("/v1/customers/{}", visit.customer)).await.json();
    assert_eq!(customer["invoice_settings"]["default_payment_method"], card["id"]);

    visit.stand.stripe.advance(std::time::Duration::from_hours(32 * 24));
    let subscription = visit.stand.get(&format!("/v1/subscriptions/{}", visit.subscription)).await.json();
    assert_eq!(subscription["status"], json!("past_due"));
    assert_eq!(visit.after("pay").await["status"], json!("active"));
    assert_eq!(
        default().await["card"]["last4"],
        json!("4242"),
        "who pays at the portal pays on with that card"
    );
}

#[tokio::test]
async fn the_portal_reaches_no_other_customers_subscription() {
    let (mine, theirs) = (Visit::new().await, Visit::new().await);
    let id = mine.stand.session("").await;
    mine.stand.press(&id, "action=pay&card_number=4242424242424242").await;
    let session = mine.stand.get(&format!("/v1/checkout/sessions/{id}")).await.json();
    let foreign = session["subscription"].as_str().expect("an id").to_owned();
    let visit = Visit { subscription: foreign, ..mine };
    let page = visit.press("cancel-now").await;
    assert!(page.status() == 422 && page.text().contains("cannot be changed"), "{}", page.text());
    let unknown = Visit { subscription: "sub_none".to_owned(), ..theirs };
    assert_eq!(unknown.press("cancel-now").await.status(), 422);
    let form = format!("customer={}&flow_data[type]=x", unknown.customer);
    assert_eq!(unknown.stand.post("/v1/billing_portal/sessions", &form).await.status(), 400);
    let nobody = unknown.stand.post("/v1/billing_portal/sessions", "customer=cus_nobody12345").await;
    assert_eq!(nobody.refusal(), (400, "resource_missing".to_owned()));
}
