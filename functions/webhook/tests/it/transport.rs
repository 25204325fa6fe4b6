//! Before anything is believed: signature, age, method, size, form; and the variables.

use functions_framework::env;
use http::{Method, header};
use serde_json::json;
use testkit::{Database, ask, variables};
use webhook::Config;

use crate::events::{UPDATED, event, subscription, with};
use crate::world::{DAY, SECRET, World, outcome, request, signature};

/// A delivery with these lines of the header over this body.
async fn check(world: &World, lines: &[&str], body: &[u8], expected: (u16, &str)) {
    let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    let reply = ask(&world.webhook, request(body, &lines)).await;
    assert_eq!(outcome(&reply), (expected.0, expected.1.to_owned()), "{lines:?}");
}

#[tokio::test]
async fn a_signature_that_does_not_hold_leaves_nothing_behind() {
    let world = World::new().await;
    let body = event("evt_1", UPDATED, world.now, &subscription("active", world.now + DAY)).to_string();
    let body = body.as_bytes();
    let good = signature(SECRET, world.now, body);
    let mac = good.split_once("v1=").expect("a signature").1;
    let refused = (400, "invalid-signature");
    check(&world, &[], body, refused).await;
    check(&world, &[""], body, refused).await;
    check(&world, &["garbage"], body, refused).await;
    check(&world, &[&good, &good], body, refused).await;
    check(&world, &[&format!("t=abc,v1={mac}")], body, refused).await;
    check(&world, &[&format!("t={},v0={mac}", world.now)], body, refused).await;
    check(&world, &[&format!("v1={mac}")], body, refused).await;
    check(&world, &[&signature("whsec_other", world.now, body)], body, refused).await;
    check(&world, &[&good], &[body, b"\n"].concat(), refused).await;
    let mut flipped = body.to_vec();
    flipped[10] ^= 1;
    check(&world, &[&good], &flipped, refused).await;
    let value: serde_json::Value = serde_json::from_slice(body).expect("JSON");
    let pretty = serde_json::to_vec_pretty(&value).expect("JSON");
    check(&world, &[&good], &pretty, refused).await;
    // Unsigned nonsense is no better than unsigned JSON, and told apart from it by nothing.
    check(&world, &["t=1,v1=00"], b"{\"id\":", refused).await;
    assert_eq!(world.rows().await, (0, 0));
    check(&world, &[&good], body, (200, "applied")).await;
    assert_eq!(world.rows().await, (1, 1));
}

#[tokio::test]
async fn an_old_signature_is_refused_and_a_repeated_event_changes_nothing() {
    let world = World::new().await;
    let told = event("evt_1", UPDATED, world.now, &subscription("active", world.now + DAY));
    let body = told.to_string();
    let old = |age: i64| signature(SECRET, world.now - age, body.as_bytes());
    check(&world, &[&old(301)], body.as_bytes(), (400, "invalid-signature")).await;
    check(&world, &[&old(-301)], body.as_bytes(), (400, "invalid-signature")).await;
    assert_eq!(world.rows().await, (0, 0));
    check(&world, &[&old(300)], body.as_bytes(), (200, "applied")).await;
    let before = world.stored("sub_1").await;
    check(&world, &[&old(300)], body.as_bytes(), (200, "duplicate")).await;
    check(&world, &[&old(-300)], body.as_bytes(), (200, "duplicate")).await;
    assert_eq!(world.deliver(&told).await, (200, "duplicate".to_owned()));
    assert_eq!(world.stored("sub_1").await, before);
    assert_eq!(world.rows().await, (1, 1));
}

#[tokio::test]
async fn both_secrets_of_a_roll_are_good() {
    let world = World::with(&[("STRIPE_WEBHOOK_SECRET", "whsec_new, whsec_test_secret")]).await;
    let body = event("evt_1", UPDATED, world.now, &subscription("active", world.now + DAY)).to_string();
    let old = signature(SECRET, world.now, body.as_bytes());
    check(&world, &[&old], body.as_bytes(), (200, "applied")).await;
    let new = signature("whsec_new", world.now, body.as_bytes());
    check(&world, &[&new], body.as_bytes(), (200, "duplicate")).await;
}

#[tokio::test]
async fn a_body_may_be_a_mebibyte_of_any_type() {
    let world = World::new().await;
    let padded = |size: usize| {
        let told = event("evt_1", UPDATED, world.now, &subscription("active", world.now + DAY));
        let empty = with(told.clone(), &json!({"padding": ""})).to_string().len();
        with(told, &json!({"padding": "x".repeat(size - empty)})).to_string().into_bytes()
    };
    let over = padded(1024 * 1024 + 1);
    let reply = ask(&world.webhook, world.signed(&over)).await;
    assert_eq!(outcome(&reply), (413, "payload-too-large".to_owned()));
    assert_eq!(world.rows().await, (0, 0));
    let mut largest = world.signed(&padded(1024 * 1024));
    largest.headers_mut().insert(header::CONTENT_TYPE, "text/plain".parse().expect("a type"));
    assert_eq!(outcome(&ask(&world.webhook, largest).await), (200, "applied".to_owned()));
    let mut encoded = world.signed(b"{}");
    encoded.headers_mut().insert(header::CONTENT_ENCODING, "gzip".parse().expect("an encoding"));
    assert_eq!(outcome(&ask(&world.webhook, encoded).await).0, 415);
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let mut other = world.signed(b"{}");
        *other.method_mut() = method;
        assert_eq!(outcome(&ask(&world.webhook, other).await), (405, "method-not-allowed".to_owned()));
    }
}

#[tokio::test]
async fn only_what_is_no_event_at_all_is_refused_after_a_good_signature() {
    let world = World::new().await;
    let refused =
        ["", "{\"id\":", "[]", "null", "{}", "\u{feff}{}", "{\"id\":\"evt_1\",\"type\":\"x\",\"created\":1}"];
    for body in refused {
        let reply = ask(&world.webhook, world.signed(body.as_bytes())).await;
        assert_eq!(outcome(&reply), (400, "malformed-json".to_owned()), "{body}");
    }
    let deep = "[".repeat(500_000);
    let reply = ask(&world.webhook, world.signed(deep.as_bytes())).await;
    assert_eq!(outcome(&reply), (400, "malformed-json".to_owned()));
    let reply = ask(&world.webhook, world.signed(b"{\"id\":\"\xff\"}")).await;
    assert_eq!(outcome(&reply), (400, "malformed-json".to_owned()));
    assert_eq!(world.rows().await, (0, 0));
}

#[tokio::test]
async fn every_variable_that_is_missing_or_wrong_is_named_at_once() {
    let database = Database::new().await;
    let faults = |changes: &[(&str, &str)]| {
        let read = env::read_from(&variables(&database, "webhook", changes), Config::read);
        read.err().map(|faults| faults.to_string()).unwrap_or_default()
    };
    assert_eq!(faults(&[]), "");
    assert_eq!(faults(&[("STRIPE_LIVEMODE", "")]), "");
    for secret in ["", "  ", ",", "whsec_a,"] {
        assert!(faults(&[("STRIPE_WEBHOOK_SECRET", secret)]).contains("STRIPE_WEBHOOK_SECRET"), "{secret:?}");
    }
    let all = faults(&[
        ("DATABASE_URL", ""),
        ("STRIPE_WEBHOOK_SECRET", ""),
        ("PLANS", "[{\"slug\":\"s3cret\"}]"),
        ("STRIPE_LIVEMODE", "perhaps"),
        ("DATABASE_POOL_SIZE", "0"),
    ]);
    for name in ["DATABASE_URL", "STRIPE_WEBHOOK_SECRET", "PLANS", "STRIPE_LIVEMODE", "DATABASE_POOL_SIZE"] {
        assert!(all.contains(name), "{name} in {all}");
    }
    assert!(!all.contains("s3cret") && !all.contains("perhaps"), "{all}");
}
