//! Whom the portal opens for, and what the provider is asked.

use serde_json::json;
use std::collections::HashSet;
use testkit::{Person, ask};
use tokio::task::JoinSet;

use crate::world::{World, parts, request};

#[tokio::test]
async fn the_portal_opens_for_the_callers_customer() {
    let world = World::of_payer().await;
    let other = Person::new(&world.owner).await;
    world.make_customer(&other, "cus_2", false).await;
    for (person, customer) in [(&world.person, "cus_1"), (&other, "cus_2")] {
        let reply = ask(&world.portal, request(person, None)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.json(), json!({"url": "https://billing.test/p/session/1"}));
        assert_eq!(reply.header("cache-control"), "no-store");
        let [received] = &world.provider.received()[..] else { panic!("one call") };
        let start = [&received.method, &received.path, &received.version].map(String::as_str);
        assert_eq!(start, ["POST", "/v1/billing_portal/sessions", "HTTP/1.1"]);
        let form: Vec<(&str, &str)> =
            received.form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(form, [("customer", customer), ("return_url", "https://app.test/account")]);
        assert_eq!(received.headers["authorization"], "Bearer sk_test_streamly");
        assert_eq!(received.headers["stripe-version"], "2026-09-30.endive");
        assert_eq!(received.headers["content-type"], "application/x-www-form-urlencoded");
    }
}

#[tokio::test]
async fn every_wish_opens_a_page_of_its_own_also_many_at_once() {
    let world = World::of_payer().await;
    let mut set = JoinSet::new();
    for _ in 0..10 {
        let (portal, request) = (world.portal.clone(), request(&world.person, None));
        set.spawn(async move { ask(&portal, request).await });
    }
    let pages: HashSet<String> = set.join_all().await.into_iter().map(|reply| reply.text()).collect();
    assert_eq!(pages.len(), 10);
    let keys: HashSet<String> = world
        .provider
        .received()
        .iter()
        .map(|received| received.headers["idempotency-key"].clone())
        .collect();
    assert_eq!(keys.len(), 10, "a key that comes twice would open an old page");
}

#[tokio::test]
async fn an_empty_object_says_nothing_as_well() {
    let world = World::of_payer().await;
    let reply = ask(&world.portal, request(&world.person, Some(&json!({})))).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[tokio::test]
async fn a_customer_of_the_other_mode_is_none() {
    let world = World::new().await;
    let mode = |live: &'static str, key| {
        let changes = [("STRIPE_LIVEMODE", live), ("STRIPE_SECRET_KEY", key)];
        portal::routes(parts(&world.database, &world.provider.url(), &changes))
    };
    let (test, live) = (mode("false", "sk_test_streamly"), mode("", "sk_live_streamly"));
    world.make_customer(&world.person, "cus_1", true).await;
    let none = (404, "no-billing-account".to_owned());
    assert_eq!(ask(&test, request(&world.person, None)).await.outcome(), none);
    assert!(world.provider.received().is_empty());
    assert_eq!(ask(&live, request(&world.person, None)).await.status, 200);
    assert_eq!(world.provider.received()[0].headers["authorization"], "Bearer sk_live_streamly");
    world.make_customer(&world.person, "cus_1", false).await;
    assert_eq!(ask(&live, request(&world.person, None)).await.outcome(), none);
    assert_eq!(ask(&test, request(&world.person, None)).await.status, 200);
}
