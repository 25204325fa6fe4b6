//! The provider and the database fail: an answer within ten seconds, nothing of theirs in it, and no second customer.

use serde_json::json;
use std::time::Duration;
use testkit::{Proxy, Reply, ask};
use tokio::time::Instant;

use crate::provider::Fault;
use crate::world::{World, parts};

const CUSTOMERS: &str = "/v1/customers";
const SESSIONS: &str = "/v1/checkout/sessions";

#[track_caller]
fn check(reply: &Reply, expected: (u16, &str)) {
    assert_eq!(reply.outcome(), (expected.0, expected.1.to_owned()), "{}", reply.text());
    let text = reply.text();
    for secret in ["sk_test", "stripe", "Stripe", "cus_", "cs_test", "poison", "127.0.0.1"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

fn answer(status: u16, body: &str) -> Fault {
    Fault::Answer(status, &[], body.to_owned())
}

#[tokio::test]
async fn a_provider_that_hangs_costs_less_than_ten_seconds() {
    let world = World::new().await;
    world.provider.fail_always(Some(Fault::Hang));
    let started = Instant::now();
    let reply = world.subscribe("basic").await;
    check(&reply, (504, "payment-provider-timeout"));
    let took = started.elapsed();
    assert!((Duration::from_secs(8)..Duration::from_secs(10)).contains(&took), "{took:?}");
    let keys: Vec<String> =
        world.provider.received().iter().map(|received| received.key().to_owned()).collect();
    assert!(keys.len() >= 2 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[tokio::test]
async fn what_is_no_answer_is_a_bad_gateway() {
    let world = World::new().await;
    let many = format!("{{\"id\":\"{}\"}}", "x".repeat(1024 * 1024));
    let faults = [
        (Fault::Cut, 1),
        (Fault::Bytes(b"nonsense\r\n\r\n"), 1),
        (answer(200, "<html>poison</html>"), 1),
        (answer(200, "[]"), 1),
        (answer(200, "{}"), 1),
        (answer(200, &many), 1),
        (answer(302, "{}"), 1),
        (Fault::Answer(307, &[("location", "https://poison.test/")], "{}".to_owned()), 1),
        (answer(400, "{\"error\":{\"message\":\"poison\",\"code\":\"poison in a sentence\"}}"), 1),
        (answer(401, "{\"error\":{\"message\":\"Invalid API Key: sk_test_***poison\"}}"), 1),
        (answer(402, "poison"), 1),
        (answer(429, "{}"), 1),
        (Fault::Answer(500, &[("stripe-should-retry", "false")], "{}".to_owned()), 1),
        (Fault::Close, 3),
        (answer(500, "<html>poison</html>"), 3),
        (answer(409, "{}"), 3),
        (Fault::Answer(429, &[("stripe-should-retry", "true")], "{}".to_owned()), 3),
    ];
    for (fault, attempts) in faults {
        let before = world.provider.received().len();
        world.provider.fail_always(Some(fault.clone()));
        check(&world.subscribe("basic").await, (502, "payment-provider-error"));
        assert_eq!(world.provider.received().len() - before, attempts, "{fault:?}");
    }
    world.provider.fail_always(None);
    assert_eq!(world.page("basic").await, "cs_test_1");
    assert_eq!(world.provider.made(), (1, 1));
}

#[tokio::test]
async fn nobody_there_is_a_bad_gateway() {
    let world = World::new().await;
    // A port that was just given back.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    let checkout = checkout::routes(parts(&world.database, &address, &[]));
    check(&ask(&checkout, world.wish("basic")).await, (502, "payment-provider-error"));
}

#[tokio::test]
async fn an_attempt_that_failed_is_made_again_under_the_same_key() {
    let world = World::new().await;
    world.provider.fail_once(CUSTOMERS, Fault::Close);
    world.provider.fail_once(CUSTOMERS, answer(503, ""));
    world.provider.fail_once(SESSIONS, answer(409, "{\"error\":{\"type\":\"idempotency_error\"}}"));
    assert_eq!(world.page("basic").await, "cs_test_1");
    let keys = |path: &str| -> Vec<String> {
        world.provider.received_at(path).iter().map(|received| received.key().to_owned()).collect()
    };
    assert_eq!((keys(CUSTOMERS).len(), keys(SESSIONS).len()), (3, 2));
    assert!(keys(CUSTOMERS).iter().all(|key| *key == keys(CUSTOMERS)[0]));
    assert!(keys(SESSIONS).iter().all(|key| *key == keys(SESSIONS)[0]));
}

#[tokio::test]
async fn work_whose_answer_was_lost_is_not_done_twice() {
    let world = World::new().await;
    world.provider.fail_after_work(Fault::Cut);
    check(&world.subscribe("basic").await, (502, "payment-provider-error"));
    assert_eq!(world.provider.made(), (1, 0));
    assert_eq!(world.user().await["stripe_customer_id"], json!(null));
    world.provider.fail_after_work(Fault::Close);
    assert_eq!(world.page("basic").await, "cs_test_1");
    assert_eq!(world.provider.made(), (1, 1));
    assert_eq!(world.user().await["stripe_customer_id"], "cus_1");
}

#[tokio::test]
async fn without_a_database_nobody_is_asked() {
    let world = World::new().await;
    let proxy = Proxy::start(&world.database).await.expect("a proxy");
    let standard = parts(&world.database, &world.provider.url(), &[]);
    let pool = streamly::db::Pool::new(
        proxy.url("checkout").parse().expect("an address"),
        None,
        "2".parse().expect("a size"),
    );
    let checkout = checkout::routes(checkout::Parts { pool, ..standard });
    proxy.cut();
    let reply = ask(&checkout, world.wish("basic")).await;
    check(&reply, (503, "unavailable"));
    assert!(!reply.header("retry-after").is_empty());
    assert!(world.provider.received().is_empty());
    proxy.restore();
    assert_eq!(ask(&checkout, world.wish("basic")).await.status, 200);
}

#[tokio::test]
async fn a_defect_of_ours_is_told_without_a_word_of_the_database() {
    let world = World::new().await;
    world
        .owner
        .batch_execute("alter table users rename column email to poison")
        .await
        .expect("the owner may");
    let reply = world.subscribe("basic").await;
    check(&reply, (500, "internal-error"));
    let text = reply.text();
    assert!(!text.contains("email") && !text.contains("column") && !text.contains("customers::"), "{text}");
}
