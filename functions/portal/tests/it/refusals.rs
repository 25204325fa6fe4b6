//! Who gets no page, and that nobody is asked for them.

use functions_framework::Request;
use http::HeaderValue;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};
use streamly::clock::Clock;
use testkit::{Person, ask, get};

use crate::provider::Fault;
use crate::world::{PATH, World, parts, request};

/// What is answered, without a word to the provider.
async fn check(world: &World, request: Request, expected: (u16, &str)) {
    let text = format!("{request:?}");
    let reply = ask(&world.portal, request).await;
    assert_eq!(reply.outcome(), (expected.0, expected.1.to_owned()), "{text}");
    assert!(world.provider.received().is_empty(), "{text}");
}

fn with_token(person: &Person, token: Option<&'static str>) -> Request {
    let mut request = request(person, None);
    request.headers_mut().remove("authorization");
    if let Some(token) = token {
        request.headers_mut().insert("authorization", HeaderValue::from_static(token));
    }
    request
}

#[tokio::test]
async fn without_a_good_token_nobody_is_asked() {
    let world = World::of_payer().await;
    let anonymous = ask(&world.portal, with_token(&world.person, None)).await;
    assert_eq!(anonymous.outcome(), (401, "missing-token".to_owned()));
    assert_eq!(anonymous.header("www-authenticate"), "Bearer");
    check(&world, with_token(&world.person, Some("Basic dTpw")), (401, "missing-token")).await;
    check(&world, with_token(&world.person, Some("Bearer nonsense")), (401, "invalid-token")).await;
    // Who asks is settled before what they say.
    let mut both = request(&world.person, Some(&json!({"customer": "cus_2"})));
    both.headers_mut().remove("authorization");
    check(&world, both, (401, "missing-token")).await;
}

#[tokio::test]
async fn an_account_or_a_session_that_is_over_gets_nothing() {
    let over = [
        "update sessions set revoked_at = now()",
        "update sessions set idle_expires_at = now()",
        "update sessions set absolute_expires_at = now()",
        "update users set disabled_at = now()",
        "update users set deleted_at = now()",
        "delete from sessions",
    ];
    for sql in over {
        let world = World::of_payer().await;
        world.run(sql).await;
        check(&world, request(&world.person, None), (401, "session-revoked")).await;
    }
}

#[tokio::test]
async fn a_session_of_somebody_else_is_none() {
    let world = World::of_payer().await;
    let other = Person::new(&world.owner).await;
    let mixed = Person { session: other.session, ..world.person.clone() };
    check(&world, request(&mixed, None), (401, "session-revoked")).await;
}

#[tokio::test]
async fn who_has_no_customer_has_no_billing_account() {
    let world = World::new().await;
    check(&world, request(&world.person, None), (404, "no-billing-account")).await;
}

#[tokio::test]
async fn a_customer_that_the_provider_does_not_know_is_none() {
    let world = World::of_payer().await;
    let unknown = |parameter: &str| {
        let error = json!({"type": "invalid_request_error", "code": "resource_missing", "param": parameter,
            "message": "No such customer: 'cus_1'"});
        Fault::Answer(400, &[], json!({"error": error}).to_string())
    };
    world.provider.fail_next([unknown("customer")]);
    let reply = world.ask().await;
    assert_eq!(reply.outcome(), (404, "no-billing-account".to_owned()));
    assert!(!reply.text().contains("cus_1"), "{}", reply.text());
    assert_eq!(world.provider.received().len(), 1, "asking again would not help");
    // Something else that is missing is a fault of ours.
    world.provider.fail_next([unknown("configuration")]);
    assert_eq!(world.ask().await.outcome(), (502, "payment-provider-error".to_owned()));
}

#[tokio::test]
async fn a_body_says_nothing() {
    let world = World::of_payer().await;
    let of = |body: Value| request(&world.person, Some(&body));
    let invalid = (422, "validation-error");
    check(&world, of(json!({"customer": "cus_2"})), invalid).await;
    check(&world, of(json!({"return_url": "https://poison.test/"})), invalid).await;
    check(&world, of(json!([])), invalid).await;
    check(&world, of(json!(null)), invalid).await;
    let mut malformed = of(json!({}));
    *malformed.body_mut() = "{".into();
    check(&world, malformed, (400, "malformed-json")).await;
    for media_type in [None, Some("application/x-www-form-urlencoded"), Some("text/plain")] {
        let mut request = of(json!({}));
        request.headers_mut().remove("content-type");
        if let Some(media_type) = media_type {
            request.headers_mut().insert("content-type", HeaderValue::from_static(media_type));
        }
        check(&world, request, (415, "unsupported-media-type")).await;
    }
    let mut long = of(json!({}));
    *long.body_mut() = " ".repeat(16 * 1024 + 1).into();
    check(&world, long, (413, "payload-too-large")).await;
}

#[tokio::test]
async fn nothing_in_the_address_or_the_headers_names_another_customer() {
    let world = World::of_payer().await;
    let mut request = request(&world.person, None);
    *request.uri_mut() = format!("{PATH}?customer=cus_2").parse().expect("a path");
    request.headers_mut().insert("customer", HeaderValue::from_static("cus_2"));
    assert_eq!(ask(&world.portal, request).await.status, 200);
    assert_eq!(world.provider.received()[0].form[0], ("customer".to_owned(), "cus_1".to_owned()));
}

#[tokio::test]
async fn only_a_post_opens_it() {
    let world = World::of_payer().await;
    let reply = ask(&world.portal, get(PATH)).await;
    assert_eq!(reply.outcome(), (405, "method-not-allowed".to_owned()));
    assert!(reply.header("allow").contains("POST"));
}

#[tokio::test]
async fn a_caller_who_asks_all_the_time_has_to_wait_and_stripe_is_not_asked() {
    let world = World::of_payer().await;
    let past_ms = Arc::new(AtomicU64::new(0));
    let clock = {
        let past_ms = Arc::clone(&past_ms);
        Clock::from_fn(move || UNIX_EPOCH + Duration::from_millis(past_ms.load(Ordering::Relaxed)))
    };
    let parts = parts(&world.database, &world.provider.url(), &[]);
    let portal = portal::routes(portal::Parts { clock, ..parts });
    for _ in 0..60 {
        assert_eq!(ask(&portal, request(&world.person, None)).await.status, 200);
    }
    let reply = ask(&portal, request(&world.person, None)).await;
    assert_eq!(reply.outcome(), (429, "too-many-requests".to_owned()));
    assert_eq!(reply.header("retry-after"), "1");
    assert_eq!(world.provider.received().len(), 60);
    let other = Person::new(&world.owner).await;
    assert_eq!(ask(&portal, request(&other, None)).await.slug(), "no-billing-account");
    past_ms.store(100, Ordering::Relaxed);
    assert_eq!(ask(&portal, request(&world.person, None)).await.status, 200);
    assert_eq!(ask(&portal, request(&world.person, None)).await.status, 429);
}
