//! Who gets no page, and that nobody is asked for them.

use http::HeaderValue;
use serde_json::{Value, json};
use testkit::{Subscription, ask, post};

use crate::world::{PATH, World};

/// A wish with this body and these headers: the status and the slug. Nothing may reach the provider.
async fn check(world: &World, body: &Value, headers: &[(&'static str, &str)], expected: (u16, &str)) {
    let mut request = world.wish("basic");
    *request.body_mut() = body.to_string().into();
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("header text"));
    }
    let reply = ask(&world.checkout, request).await;
    assert_eq!(reply.outcome(), (expected.0, expected.1.to_owned()), "{body} {headers:?}");
    assert!(world.provider.received().is_empty());
}

#[tokio::test]
async fn without_a_good_token_nobody_is_asked() {
    let world = World::new().await;
    let plan = json!({"plan": "basic"});
    let anonymous = ask(&world.checkout, post(PATH, &plan)).await;
    assert_eq!(anonymous.outcome(), (401, "missing-token".to_owned()));
    assert_eq!(anonymous.header("www-authenticate"), "Bearer");
    check(&world, &plan, &[("authorization", "Basic dTpw")], (401, "missing-token")).await;
    check(&world, &plan, &[("authorization", "Bearer nonsense")], (401, "invalid-token")).await;
    // Who asks is settled before what they ask for.
    let both = ask(&world.checkout, post(PATH, &json!({"price_id": "price_1"}))).await;
    assert_eq!(both.outcome(), (401, "missing-token".to_owned()));
    world.person.log_out(&world.owner).await;
    check(&world, &plan, &[], (401, "session-revoked")).await;
}

#[tokio::test]
async fn an_account_or_a_session_that_is_over_gets_nothing() {
    let over = [
        "update users set disabled_at = now()",
        "update users set deleted_at = now()",
        "update sessions set idle_expires_at = now()",
        "update sessions set absolute_expires_at = now()",
        "delete from sessions",
    ];
    for sql in over {
        let world = World::new().await;
        world.run(sql, &[]).await;
        check(&world, &json!({"plan": "basic"}), &[], (401, "session-revoked")).await;
    }
}

#[tokio::test]
async fn a_body_names_a_plan_and_nothing_else() {
    let world = World::new().await;
    let invalid = (422, "validation-error");
    check(&world, &json!({"plan": "gold"}), &[], (422, "unknown-plan")).await;
    check(&world, &json!({"plan": "BASIC"}), &[], (422, "unknown-plan")).await;
    check(&world, &json!({"plan": "a\u{0}b"}), &[], (422, "unknown-plan")).await;
    check(&world, &json!({"plan": "basic", "price_id": "price_premium"}), &[], invalid).await;
    check(&world, &json!({"plan": "basic", "customer": "cus_2"}), &[], invalid).await;
    check(&world, &json!({"plan": 1}), &[], invalid).await;
    check(&world, &json!({}), &[], invalid).await;
    check(&world, &json!([]), &[], invalid).await;
}

#[tokio::test]
async fn an_idempotency_key_is_short_and_printable() {
    let world = World::new().await;
    let plan = json!({"plan": "basic"});
    let invalid = (422, "validation-error");
    check(&world, &plan, &[("idempotency-key", "")], invalid).await;
    check(&world, &plan, &[("idempotency-key", &"k".repeat(256))], invalid).await;
    check(&world, &plan, &[("idempotency-key", "a\tb")], invalid).await;
    let mut twice = world.wish("basic");
    for key in ["a", "b"] {
        twice.headers_mut().append("idempotency-key", HeaderValue::from_static(key));
    }
    assert_eq!(ask(&world.checkout, twice).await.outcome(), (422, "validation-error".to_owned()));
    assert!(world.provider.received().is_empty());
    let mut longest = world.wish("basic");
    let key = HeaderValue::from_str(&" k~".repeat(85)).expect("header text");
    longest.headers_mut().insert("idempotency-key", key);
    assert_eq!(ask(&world.checkout, longest).await.status, 200);
}

#[tokio::test]
async fn who_has_a_subscription_is_sold_no_second_one() {
    let living = ["active", "trialing", "past_due", "unpaid", "paused", "incomplete", "brand_new_status"];
    for status in living {
        let world = World::new().await;
        Subscription { status, ..Subscription::default() }.insert(&world.owner, &world.person).await;
        let reply = world.subscribe("premium").await;
        assert_eq!(reply.outcome(), (409, "already-subscribed".to_owned()), "{status}");
        assert_eq!(reply.json()["portal"], true);
        assert!(world.provider.received().is_empty());
    }
    for status in ["canceled", "incomplete_expired"] {
        let world = World::new().await;
        Subscription { status, ..Subscription::default() }.insert(&world.owner, &world.person).await;
        assert_eq!(world.subscribe("premium").await.status, 200, "{status}");
    }
    let world = World::new().await;
    Subscription { livemode: true, ..Subscription::default() }.insert(&world.owner, &world.person).await;
    assert_eq!(world.subscribe("premium").await.status, 200, "another mode's");
}
