//! What is asked of the provider, and the one page that is open.

use serde_json::{Value, json};
use testkit::{Person, Subscription, ask};
use tokio::task::JoinSet;

use crate::provider::Received;
use crate::world::World;

const SESSIONS: &str = "/v1/checkout/sessions";

#[tokio::test]
async fn a_page_is_opened_for_a_customer_who_is_made_first() {
    let world = World::new().await;
    let reply = world.subscribe("basic").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let expected = json!({"checkout_session_id": "cs_test_1", "url": "https://checkout.test/pay/cs_test_1",
        "expires_at": "2026-09-22T14:13:20Z"});
    assert_eq!(reply.json(), expected);
    assert_eq!(reply.header("cache-control"), "no-store");
    let user = world.user().await;
    let stored = [&user["stripe_customer_id"], &user["stripe_livemode"], &user["open_checkout_session"]];
    assert_eq!(stored, [&json!("cus_1"), &json!(false), &json!("cs_test_1")]);
    let paths: Vec<String> = world.provider.received().into_iter().map(|received| received.path).collect();
    assert_eq!(paths, ["/v1/customers", SESSIONS]);
}

/// The parameters of a request, sorted.
fn sorted(received: &Received) -> Vec<(String, String)> {
    let mut form = received.form.clone();
    form.sort();
    form
}

#[tokio::test]
async fn the_requests_carry_what_they_must_and_nothing_more() {
    let world = World::new().await;
    world.page("premium").await;
    let user = world.person.id.to_string();
    let received = world.provider.received();
    let customer = [("email", world.person.email.as_str()), ("metadata[user_id]", &user)];
    assert_eq!(sorted(&received[0]), customer.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let session = [
        ("allow_promotion_codes", "true"),
        ("automatic_tax[enabled]", "true"),
        ("cancel_url", "https://app.test/plans"),
        ("client_reference_id", &user),
        ("customer", "cus_1"),
        ("line_items[0][price]", "price_premium"),
        ("line_items[0][quantity]", "1"),
        ("metadata[user_id]", &user),
        ("mode", "subscription"),
        ("subscription_data[metadata][user_id]", &user),
        ("subscription_data[trial_period_days]", "7"),
        ("success_url", "https://app.test/welcome?session={CHECKOUT_SESSION_ID}"),
    ];
    assert_eq!(sorted(&received[1]), session.map(|(name, value)| (name.to_owned(), value.to_owned())));
    for request in &received {
        assert_eq!(request.headers["stripe-version"], "2026-09-30.endive");
        assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(request.headers["authorization"], "Bearer sk_test_streamly");
        assert!(
            (1..=255).contains(&request.key().len()) && !request.key().contains('@'),
            "{}",
            request.key()
        );
    }
    assert!(received[0].key().starts_with(&format!("cus-{user}-")));
    assert!(received[1].key().starts_with(&format!("cs-{user}-premium-2983334-")), "{}", received[1].key());
}

#[tokio::test]
async fn a_trial_is_for_who_never_had_a_subscription() {
    let world = World::new().await;
    Subscription { status: "incomplete_expired", ..Subscription::default() }
        .insert(&world.owner, &world.person)
        .await;
    world.page("premium").await;
    let sent = &world.provider.received_at(SESSIONS)[0];
    assert_eq!(sent.parameter("subscription_data[trial_period_days]"), "");
    assert_eq!(sent.parameter("allow_promotion_codes"), "true");
    world.page("basic").await;
    let sent = &world.provider.received_at(SESSIONS)[1];
    let names = ["subscription_data[trial_period_days]", "allow_promotion_codes", "automatic_tax[enabled]"];
    assert_eq!(names.map(|name| sent.parameter(name)), [""; 3]);
}

#[tokio::test]
async fn ten_wishes_at_once_make_one_customer_and_one_page() {
    let world = World::new().await;
    let mut set = JoinSet::new();
    for _ in 0..10 {
        let (checkout, wish) = (world.checkout.clone(), world.wish("basic"));
        set.spawn(async move { ask(&checkout, wish).await });
    }
    let replies = set.join_all().await;
    for reply in &replies {
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.json()["checkout_session_id"], "cs_test_1");
    }
    assert_eq!(world.provider.made(), (1, 1));
    let mut keys: Vec<String> =
        world.provider.received_at(SESSIONS).iter().map(|received| received.key().to_owned()).collect();
    keys.dedup();
    assert_eq!(keys.len(), 1);
    assert_eq!(world.user().await["stripe_customer_id"], "cus_1");
}

#[tokio::test]
async fn a_stored_customer_is_used_if_it_is_of_this_mode() {
    let world = World::new().await;
    world.run("update users set stripe_customer_id = 'cus_own', stripe_livemode = false", &[]).await;
    world.page("basic").await;
    assert_eq!(world.provider.made(), (0, 1));
    assert_eq!(world.provider.received()[0].parameter("customer"), "cus_own");

    let world = World::new().await;
    world.run("update users set stripe_customer_id = 'cus_live', stripe_livemode = true", &[]).await;
    world.page("basic").await;
    assert_eq!(world.provider.made(), (1, 1));
    let user = world.user().await;
    assert_eq!((&user["stripe_customer_id"], &user["stripe_livemode"]), (&json!("cus_1"), &json!(false)));
}

#[tokio::test]
async fn a_customer_whom_the_provider_does_not_know_is_replaced_once() {
    let world = World::new().await;
    world.run("update users set stripe_customer_id = 'cus_gone', stripe_livemode = false", &[]).await;
    world.provider.forget("cus_gone");
    world.page("basic").await;
    assert_eq!(world.user().await["stripe_customer_id"], "cus_1");
    // The key that made cus_1 would make it again, so the next one covers the customer that is gone.
    world.provider.forget("cus_1");
    let reply = ask(&world.at(crate::world::NOW + 600), world.wish("basic")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(world.user().await["stripe_customer_id"], "cus_2");
    let keys: Vec<String> = world
        .provider
        .received_at("/v1/customers")
        .iter()
        .map(|received| received.key().to_owned())
        .collect();
    assert_ne!(keys[0], keys[1]);

    let world = World::new().await;
    world.provider.forget("cus_1");
    world.provider.forget("cus_2");
    let reply = world.subscribe("basic").await;
    assert_eq!(reply.outcome(), (502, "payment-provider-error".to_owned()));
    assert_eq!(world.provider.made(), (2, 0));
    assert!(!reply.text().contains("cus_"), "{}", reply.text());
}

#[tokio::test]
async fn another_page_closes_the_one_before() {
    let world = World::new().await;
    let basic = world.page("basic").await;
    let premium = world.page("premium").await;
    assert_ne!(basic, premium);
    assert_eq!(world.provider.session(&basic)["status"], "expired");
    assert_eq!(world.provider.session(&premium)["status"], "open");
    assert_eq!(world.user().await["open_checkout_session"], premium.as_str());
    // Back again: the old page is over, so the key that made it goes on under another.
    let again = world.page("basic").await;
    assert!(![&basic, &premium].contains(&&again));
    assert_eq!(world.provider.session(&again)["status"], "open");
    assert_eq!(world.provider.session(&premium)["status"], "expired");
    // And once more, through two pages that are over.
    world.page("premium").await;
    let last = world.page("basic").await;
    assert_eq!(world.provider.session(&last)["status"], "open");
    let open = (1..=world.provider.made().1)
        .filter(|number| world.provider.session(&format!("cs_test_{number}"))["status"] == "open")
        .count();
    assert_eq!(open, 1);
}

#[tokio::test]
async fn a_page_that_cannot_be_closed_is_only_noted() {
    let world = World::new().await;
    world.run("update users set open_checkout_session = 'cs_unknown'", &[]).await;
    let page = world.page("basic").await;
    assert_eq!(world.user().await["open_checkout_session"], page.as_str());
    assert_eq!(world.provider.received_at("/v1/checkout/sessions/cs_unknown/expire").len(), 1);
}

#[tokio::test]
async fn a_page_that_was_paid_sells_no_second_subscription() {
    let world = World::new().await;
    let page = world.page("basic").await;
    // Paid, and no event told of it yet.
    let paid = json!({"status": "complete", "url": Value::Null, "subscription": "sub_1"});
    world.provider.change(&page, &paid);
    let reply = world.subscribe("basic").await;
    assert_eq!(reply.outcome(), (409, "already-subscribed".to_owned()));
    assert_eq!(world.provider.made().1, 1);
    // It ended within the same ten minutes.
    let ended = Subscription { id: "sub_1".to_owned(), status: "canceled", ..Subscription::default() };
    ended.insert(&world.owner, &world.person).await;
    let next = world.page("basic").await;
    assert_ne!(next, page);
}

#[tokio::test]
async fn a_page_that_was_paid_unheard_is_kept_in_place_of_another_plans() {
    let world = World::new().await;
    let paid = world.page("basic").await;
    world.provider.change(&paid, &json!({"status": "complete", "url": Value::Null, "subscription": "sub_1"}));
    for _ in 0..2 {
        let reply = world.subscribe("premium").await;
        assert_eq!(reply.outcome(), (409, "already-subscribed".to_owned()));
        assert_eq!(world.user().await["open_checkout_session"], paid.as_str());
    }
    for number in 2..=world.provider.made().1 {
        assert_eq!(world.provider.session(&format!("cs_test_{number}"))["status"], "expired");
    }
    // What it sold has ended: nothing stands in the way.
    let ended = Subscription { id: "sub_1".to_owned(), status: "canceled", ..Subscription::default() };
    ended.insert(&world.owner, &world.person).await;
    let page = world.page("premium").await;
    assert_eq!(world.provider.session(&page)["status"], "open");
    assert_eq!(world.user().await["open_checkout_session"], page.as_str());
}

#[tokio::test]
async fn two_people_share_nothing() {
    let world = World::new().await;
    let first = world.page("basic").await;
    let other = Person::new(&world.owner).await;
    let mut wish = world.wish("basic");
    let token = testkit::bearer(&other).parse().expect("header text");
    wish.headers_mut().insert("authorization", token);
    let reply = ask(&world.checkout, wish).await;
    assert_ne!(reply.json()["checkout_session_id"], first.as_str());
    assert_eq!(world.provider.made(), (2, 2));
    assert_eq!(world.user().await["open_checkout_session"], first.as_str());
}
