//! One wish, one page: by the client's own key, or within ten minutes.

use http::HeaderValue;
use testkit::ask;

use crate::world::{NOW, World};

/// Asks with a key of one's own.
async fn keyed(world: &World, plan: &str, key: &'static str, now: u64) -> String {
    let mut wish = world.wish(plan);
    wish.headers_mut().insert("idempotency-key", HeaderValue::from_static(key));
    let reply = ask(&world.at(now), wish).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["checkout_session_id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_double_click_opens_one_page() {
    let world = World::new().await;
    let first = world.page("basic").await;
    assert_eq!(world.page("basic").await, first);
    let late = ask(&world.at(NOW + 599), world.wish("basic")).await;
    assert_eq!(late.json()["checkout_session_id"], first.as_str());
    let later = ask(&world.at(NOW + 600), world.wish("basic")).await;
    assert_ne!(later.json()["checkout_session_id"], first.as_str());
    assert_eq!(world.provider.made(), (1, 2));
}

#[tokio::test]
async fn a_clients_key_lasts_longer_and_never_means_two_things() {
    let world = World::new().await;
    let first = keyed(&world, "basic", "order-1", NOW).await;
    assert_eq!(keyed(&world, "basic", "order-1", NOW + 40_000).await, first);
    let second = keyed(&world, "basic", "order-2", NOW).await;
    assert_ne!(second, first);
    let premium = keyed(&world, "premium", "order-2", NOW).await;
    assert_ne!(premium, second);
    let keys: Vec<String> = world
        .provider
        .received_at("/v1/checkout/sessions")
        .iter()
        .map(|received| received.key().to_owned())
        .collect();
    assert!(keys.iter().all(|key| !key.contains("order")), "{keys:?}");
}
