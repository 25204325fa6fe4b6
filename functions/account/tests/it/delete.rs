//! The end of an account.

use crate::suite::{ADA, PASSWORD, Suite, check, delete, request};
use http::Method;
use serde_json::json;
use testkit::ask;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

#[tokio::test]
async fn a_deleted_account_is_closed_at_once_and_its_address_is_free() {
    let (suite, ada) = Suite::with_ada().await;
    let television = ada.in_another_session(&suite.owner).await;
    let other = suite.owner.person_with_password("other@example.com").await;
    let token = "
        insert into one_time_tokens (hash, user_id, purpose, email, expires_at)
        values ('v', $1, 'reset', 'ada@example.com', now() + interval '1 hour')";
    suite.owner.run(token, &[&ada.id.uuid()]).await;
    let reply = suite.delete(&ada, PASSWORD).await;
    check(&reply, (202, ""));
    let deletes_at = OffsetDateTime::parse(reply.json()["deletes_at"].as_str().unwrap(), &Rfc3339).unwrap();
    let closed_at: OffsetDateTime =
        suite.owner.value("select deleted_at from users where deleted_at is not null").await;
    assert_eq!(deletes_at - closed_at, Duration::days(14));
    assert!(reply.json()["deletes_at"].as_str().unwrap().ends_with('Z'));

    for session in [&ada, &television] {
        check(&suite.ask(Method::GET, "/v1/account", session).await, (401, "session-revoked"));
    }
    check(&suite.delete(&ada, PASSWORD).await, (401, "session-revoked"));
    assert_eq!(suite.owner.count("sessions where revoke_reason = 'account-deleted'").await, 2);
    assert_eq!(suite.owner.count("one_time_tokens").await, 0);
    let event = format!(
        "auth_events where name = 'user_deleted' and user_id = '{}' and subject_hash is not null",
        ada.id
    );
    assert_eq!(suite.owner.count(&event).await, 1);
    assert_eq!(
        suite
            .owner
            .count("mail_outbox where template = 'account-deleted' and recipient = 'Ada@example.com'")
            .await,
        1
    );
    check(&suite.ask(Method::GET, "/v1/account", &other).await, (200, ""));
    // The address may be registered again.
    suite.owner.person_with_password(ADA).await;
}

#[tokio::test]
async fn a_wrong_password_closes_nothing_and_is_counted() {
    let (suite, ada) = Suite::with_ada().await;
    check(&suite.delete(&ada, "not the engine").await, (403, "reauthentication-failed"));
    assert_eq!(suite.owner.attempts(ADA).await, 1);
    assert_eq!(suite.owner.count("users where deleted_at is null").await, 1);
    assert_eq!(suite.owner.count("auth_events where name = 'authn_login_fail'").await, 1);
    for _ in 0..9 {
        check(&suite.delete(&ada, "not the engine").await, (403, "reauthentication-failed"));
    }
    check(&suite.delete(&ada, PASSWORD).await, (429, "too-many-requests"));
    suite.owner.run("update auth_throttle set until = now(), touched_at = now()", &[]).await;
    check(&suite.delete(&ada, PASSWORD).await, (202, ""));
}

#[tokio::test]
async fn a_body_says_the_current_password_and_nothing_else() {
    let (suite, ada) = Suite::with_ada().await;
    let before = suite.owner.accounts().await;
    let long = "a".repeat(257);
    for (body, pointer, code) in [
        (json!({}), "#/current_password", "required"),
        (json!({ "current_password": 1 }), "#/current_password", "wrong-type"),
        (json!({ "current_password": "" }), "#/current_password", "too-short"),
        (json!({ "current_password": long }), "#/current_password", "too-long"),
        (json!({ "current_password": PASSWORD, "id": "x" }), "#/id", "unknown-field"),
    ] {
        let reply =
            ask(&suite.function, request(Method::DELETE, "/v1/account", Some(&ada), Some(&body))).await;
        check(&reply, (422, "validation-error"));
        let error = &reply.json()["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)));
    }
    check(&suite.ask(Method::DELETE, "/v1/account", &ada).await, (400, "malformed-json"));
    assert_eq!(suite.owner.accounts().await, before);
    assert_eq!(suite.owner.attempts(ADA).await, 0);
}

#[tokio::test]
async fn an_account_that_is_deleted_ten_times_at_once_ends_once() {
    let (suite, ada) = Suite::with_ada().await;
    let asked = (0..10).map(|_| ask(&suite.function, delete(&ada, PASSWORD)));
    let replies = futures_util::future::join_all(asked).await;
    let accepted = replies.iter().filter(|reply| reply.status.as_u16() == 202).count();
    assert_eq!(accepted, 1);
    for reply in &replies {
        assert!([202, 401, 429, 503].contains(&reply.status.as_u16()), "{}", reply.text());
    }
    assert_eq!(suite.owner.count("auth_events where name = 'user_deleted'").await, 1);
    assert_eq!(suite.owner.count("mail_outbox").await, 1);
}

#[tokio::test]
async fn the_limit_of_one_client_holds() {
    let suite = Suite::new(&[("THROTTLE_IP_CREDENTIALS", "2/60")]).await;
    let ada = suite.owner.person_with_password(ADA).await;
    for _ in 0..2 {
        check(&suite.delete(&ada, "not the engine").await, (403, "reauthentication-failed"));
    }
    check(&suite.delete(&ada, PASSWORD).await, (429, "too-many-requests"));
    // What asks for no password is not limited so.
    check(&suite.ask(Method::GET, "/v1/account", &ada).await, (200, ""));
}
