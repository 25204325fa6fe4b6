//! Who is answered: whose token holds, about their own subscriptions and nobody else's.

use functions_framework::Request;
use http::{HeaderValue, Method};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};
use streamly::clock::Clock;
use testkit::{Person, Subscription, ask, bearer_at, get, post};

use crate::world::{PLANS, STATUS, World, parts, request};

fn with_token(token: &str) -> Request {
    let mut request = get(STATUS);
    request.headers_mut().insert("authorization", HeaderValue::from_str(token).expect("header text"));
    request
}

async fn check(world: &World, request: Request, expected: (u16, &str)) {
    let reply = ask(&world.subscription, request).await;
    assert_eq!(reply.outcome(), (expected.0, expected.1.to_owned()), "{}", reply.text());
}

#[tokio::test]
async fn without_a_token_that_holds_nothing_is_told() {
    let world = World::new().await;
    let person = world.person(&[Subscription::default()]).await;
    let anonymous = ask(&world.subscription, get(STATUS)).await;
    assert_eq!(anonymous.outcome(), (401, "missing-token".to_owned()));
    assert_eq!(anonymous.header("www-authenticate"), "Bearer");
    check(&world, with_token("Basic dTpw"), (401, "missing-token")).await;
    check(&world, with_token("Bearer nonsense"), (401, "invalid-token")).await;
    let expired = format!("Bearer {}", bearer_at(&person, 1_600_000_000).trim_start_matches("Bearer "));
    check(&world, with_token(&expired), (401, "invalid-token")).await;
    let twice = {
        let mut request = request(&person);
        request.headers_mut().append("authorization", HeaderValue::from_static("Bearer nonsense"));
        request
    };
    check(&world, twice, (401, "invalid-token")).await;
}

#[tokio::test]
async fn everyone_hears_of_their_own_alone() {
    let world = World::new().await;
    let payer = world.person(&[Subscription::default()]).await;
    let other = world.person(&[]).await;
    assert_eq!(world.ask(&payer).await.json()["has_access"], true);
    assert_eq!(world.ask(&other).await.json()["has_access"], false);
    let mut of_payer = request(&other);
    *of_payer.uri_mut() = format!("{STATUS}?user_id={}", payer.id).parse().expect("a path");
    assert_eq!(ask(&world.subscription, of_payer).await.json()["has_access"], false);
}

#[tokio::test]
async fn a_token_lives_its_own_time_out() {
    let world = World::new().await;
    let person = world.person(&[Subscription::default()]).await;
    person.log_out(&world.owner).await;
    assert_eq!(world.ask(&person).await.status, 200);
    // Nor does it take a session, or a row of that person.
    let nobody = Person { id: streamly::ids::UserId::new(), ..person };
    assert_eq!(world.ask(&nobody).await.json()["reason"], "subscription-required");
}

#[tokio::test]
async fn both_paths_are_for_reading() {
    let world = World::new().await;
    for path in [STATUS, PLANS] {
        let reply = ask(&world.subscription, post(path, &json!({}))).await;
        assert_eq!(reply.outcome(), (405, "method-not-allowed".to_owned()), "{path}");
        assert!(reply.header("allow").contains("GET"));
    }
    let person = world.person(&[]).await;
    let mut head = request(&person);
    *head.method_mut() = Method::HEAD;
    let reply = ask(&world.subscription, head).await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (200, 0));
}

#[tokio::test]
async fn many_questions_at_once_are_answered_alike() {
    let world = World::new().await;
    let person = world.person(&[Subscription::default()]).await;
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (subscription, request) = (world.subscription.clone(), request(&person));
        set.spawn(async move { ask(&subscription, request).await.text() });
    }
    let answers: std::collections::HashSet<String> = set.join_all().await.into_iter().collect();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn a_caller_who_asks_all_the_time_has_to_wait_and_others_do_not() {
    let database = testkit::Database::new().await;
    let owner = database.owner().await;
    let (busy, calm) = (Person::new(&owner).await, Person::new(&owner).await);
    let past_ms = Arc::new(AtomicU64::new(0));
    let clock = {
        let past_ms = Arc::clone(&past_ms);
        Clock::from_fn(move || UNIX_EPOCH + Duration::from_millis(past_ms.load(Ordering::Relaxed)))
    };
    let subscription = subscription::routes(subscription::Parts { clock, ..parts(&database, &[]) });
    for _ in 0..60 {
        assert_eq!(ask(&subscription, request(&busy)).await.status, 200);
    }
    let reply = ask(&subscription, request(&busy)).await;
    assert_eq!(reply.outcome(), (429, "too-many-requests".to_owned()));
    assert_eq!(reply.header("retry-after"), "1");
    // Others are answered, and what takes no caller is, too.
    assert_eq!(ask(&subscription, request(&calm)).await.status, 200);
    assert_eq!(ask(&subscription, get(PLANS)).await.status, 200);
    past_ms.store(99, Ordering::Relaxed);
    assert_eq!(ask(&subscription, request(&busy)).await.status, 429);
    past_ms.store(100, Ordering::Relaxed);
    assert_eq!(ask(&subscription, request(&busy)).await.status, 200);
    assert_eq!(ask(&subscription, request(&busy)).await.status, 429);
}
