//! The provider and the database fail: an answer in time, and nothing of theirs in it.

use std::time::Duration;
use streamly::db::Pool;
use testkit::{Proxy, Reply, ask};
use tokio::time::Instant;

use crate::provider::Fault;
use crate::world::{World, parts, request};

#[track_caller]
fn check(reply: &Reply, expected: (u16, &str)) {
    assert_eq!(reply.outcome(), (expected.0, expected.1.to_owned()), "{}", reply.text());
    let text = reply.text();
    for secret in ["sk_test", "stripe", "Stripe", "cus_", "bps_", "poison", "127.0.0.1", "customers"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

fn answer(status: u16, body: &str) -> Fault {
    Fault::Answer(status, &[], body.to_owned())
}

#[tokio::test]
async fn a_provider_that_hangs_costs_less_than_ten_seconds() {
    let world = World::of_payer().await;
    world.provider.fail_always(Some(Fault::Hang));
    let started = Instant::now();
    check(&world.ask().await, (504, "payment-provider-timeout"));
    let took = started.elapsed();
    assert!((Duration::from_secs(8)..Duration::from_secs(10)).contains(&took), "{took:?}");
    let received = world.provider.received();
    let key = &received[0].headers["idempotency-key"];
    assert!(received.len() >= 2 && received.iter().all(|each| each.headers["idempotency-key"] == *key));
}

#[tokio::test]
async fn what_is_no_answer_is_a_bad_gateway() {
    let world = World::of_payer().await;
    let many = format!("{{\"url\":\"https://billing.test/{}\"}}", "x".repeat(1024 * 1024));
    let faults = [
        (Fault::Cut, 1),
        (Fault::Bytes(b"nonsense\r\n\r\n"), 1),
        (answer(200, "<html>poison</html>"), 1),
        (answer(200, "{}"), 1),
        (answer(200, "{\"url\":null}"), 1),
        (answer(200, "{\"url\":\"javascript:poison\"}"), 1),
        (answer(200, &many), 1),
        (Fault::Answer(307, &[("location", "https://poison.test/")], "{}".to_owned()), 1),
        (answer(400, "{\"error\":{\"message\":\"poison\",\"code\":\"poison in a sentence\"}}"), 1),
        (answer(401, "{\"error\":{\"message\":\"Invalid API Key: sk_test_***poison\"}}"), 1),
        (answer(404, "{}"), 1),
        (answer(429, "{}"), 1),
        (Fault::Answer(500, &[("stripe-should-retry", "false")], "{}".to_owned()), 1),
        (Fault::Close, 3),
        (answer(500, "<html>poison</html>"), 3),
        (answer(409, "{}"), 3),
        (Fault::Answer(429, &[("stripe-should-retry", "true")], "{}".to_owned()), 3),
    ];
    for (fault, attempts) in faults {
        world.provider.fail_always(Some(fault.clone()));
        check(&world.ask().await, (502, "payment-provider-error"));
        assert_eq!(world.provider.received().len(), attempts, "{fault:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_a_bad_gateway() {
    let world = World::of_payer().await;
    // A port that was just given back.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    let portal = portal::routes(parts(&world.database, &address, &[]));
    check(&ask(&portal, request(&world.person, None)).await, (502, "payment-provider-error"));
}

#[tokio::test]
async fn an_attempt_that_failed_is_made_again_under_the_same_key() {
    let world = World::of_payer().await;
    world.provider.fail_next([Fault::Close, answer(503, "")]);
    assert_eq!(world.ask().await.status, 200);
    let received = world.provider.received();
    assert_eq!(received.len(), 3);
    let key = &received[0].headers["idempotency-key"];
    assert!(
        received.iter().all(|each| each.headers["idempotency-key"] == *key && each.form == received[0].form)
    );
}

#[tokio::test]
async fn without_a_database_nobody_is_asked() {
    let world = World::of_payer().await;
    let proxy = Proxy::start(&world.database).await.expect("a proxy");
    let standard = parts(&world.database, &world.provider.url(), &[]);
    let url = proxy.url("portal").parse().expect("an address");
    let pool = Pool::new(url, None, "2".parse().expect("a size"));
    let portal = portal::routes(portal::Parts { pool, ..standard });
    proxy.cut();
    let reply = ask(&portal, request(&world.person, None)).await;
    check(&reply, (503, "unavailable"));
    assert!(!reply.header("retry-after").is_empty());
    assert!(world.provider.received().is_empty());
    proxy.restore();
    assert_eq!(ask(&portal, request(&world.person, None)).await.status, 200);
}

#[tokio::test]
async fn while_the_provider_is_asked_no_connection_is_held() {
    let world = World::of_payer().await;
    let standard = parts(&world.database, &world.provider.url(), &[]);
    let url = world.database.url("portal").parse().expect("an address");
    let pool = Pool::new(url, None, "1".parse().expect("a size"));
    let portal = portal::routes(portal::Parts { pool, ..standard });
    world.provider.fail_next([Fault::Hang]);
    let ask = || ask(&portal, request(&world.person, None));
    let started = Instant::now();
    // One of them hangs for a whole attempt; the other one needs the only connection meanwhile.
    let reply = tokio::select! { reply = ask() => reply, reply = ask() => reply };
    assert_eq!(reply.status, 200, "{}", reply.text());
    let took = started.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test]
async fn a_defect_of_ours_is_told_without_a_word_of_the_database() {
    let world = World::of_payer().await;
    world.run("alter table users rename column stripe_customer_id to poison").await;
    let reply = world.ask().await;
    check(&reply, (500, "internal-error"));
    assert!(!reply.text().contains("column"), "{}", reply.text());
}
