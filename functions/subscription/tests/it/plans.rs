//! What is on offer, for everyone.

use http::HeaderValue;
use serde_json::json;
use testkit::{ask, get};

use crate::world::{PLANS, World, parts};

#[tokio::test]
async fn the_plans_are_told_in_the_operators_order_and_without_anything_of_stripes() {
    let world = World::new().await;
    let reply = ask(&world.subscription, get(PLANS)).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), "no-store");
    let plan = |slug: &str, name: &str, tier: &str, amount: u32, interval: &str, trial_days: u32| {
        json!({"slug": slug, "name": name, "tier": tier, "trial_days": trial_days,
            "price": {"amount_minor": amount, "currency": "eur", "interval": interval}})
    };
    let expected = json!({"plans": [
        plan("basic", "Basic", "basic", 900, "month", 0),
        plan("basic-yearly", "Basic, yearly", "basic", 9000, "year", 0),
        plan("premium", "Premium", "premium", 1900, "month", 7),
    ]});
    assert_eq!(reply.json(), expected);
    assert!(!reply.text().contains("price_"), "a price's id is Stripe's");
}

#[tokio::test]
async fn whoever_asks_gets_the_same_and_no_token_is_looked_at() {
    let world = World::new().await;
    let plain = ask(&world.subscription, get(PLANS)).await.text();
    let mut request = get(&format!("{PLANS}?plan=gold"));
    request.headers_mut().insert("authorization", HeaderValue::from_static("Bearer nonsense"));
    let reply = ask(&world.subscription, request).await;
    assert_eq!((reply.status.as_u16(), reply.text()), (200, plain));
}

#[tokio::test]
async fn the_plans_need_no_database() {
    let world = World::new().await;
    let nowhere = "postgres://streamly@127.0.0.1:1/streamly".parse().expect("an address");
    let pool = streamly::db::Pool::new(nowhere, None, "1".parse().expect("a size"));
    let subscription = subscription::routes(subscription::Parts { pool, ..parts(&world.database, &[]) });
    assert_eq!(ask(&subscription, get(PLANS)).await.status, 200);
}
