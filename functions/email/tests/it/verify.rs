//! What a token proves, and which tokens prove nothing.

use crate::suite::{ADA, PASSWORD, Suite, UNKNOWN, check, verify};
use http::Method;
use testkit::ask;

const GONE: (u16, &str) = (400, "invalid-or-expired-token");
const NEW: &str = "Countess@Example.com";

#[tokio::test]
async fn a_token_of_registering_proves_the_address_once_and_begins_no_session() {
    let (suite, ada) = Suite::with_ada().await;
    let token = suite.registered(&ada).await;
    check(&suite.verify(&token).await, (204, ""));
    assert_eq!(
        suite.owner.count("users where verified_at is not null and email = 'ada@example.com'").await,
        1
    );
    assert_eq!(suite.owner.count("one_time_tokens").await, 0);
    assert_eq!(suite.owner.count("sessions").await, 1);
    assert_eq!(suite.owner.count("auth_events where name = 'user_verified'").await, 1);
    let before = suite.owner.accounts().await;
    check(&suite.verify(&token).await, GONE);
    assert_eq!(suite.owner.accounts().await, before);
}

#[tokio::test]
async fn a_token_lives_a_day_or_an_hour() {
    for (age, expected) in [("23 hours 59 minutes 45 seconds", (204, "")), ("24 hours", GONE)] {
        let (suite, ada) = Suite::with_ada().await;
        let token = suite.registered(&ada).await;
        let older = format!("update one_time_tokens set expires_at = expires_at - interval '{age}'");
        suite.owner.run(&older, &[]).await;
        check(&suite.verify(&token).await, expected);
    }
    for (age, expected) in [("59 minutes 45 seconds", (204, "")), ("1 hour", GONE)] {
        let (suite, ada) = Suite::with_ada().await;
        check(&suite.change(&ada, PASSWORD, NEW).await, (202, ""));
        let older = format!("update one_time_tokens set expires_at = expires_at - interval '{age}'");
        suite.owner.run(&older, &[]).await;
        check(&suite.verify(&suite.mailed("change-email").await).await, expected);
    }
}

#[tokio::test]
async fn a_token_of_a_change_moves_the_account_and_voids_what_was_sent_to_the_old_address() {
    let (suite, ada) = Suite::with_ada().await;
    check(&suite.change(&ada, PASSWORD, NEW).await, (202, ""));
    let reset = "
        insert into one_time_tokens (hash, user_id, purpose, email, expires_at)
        values ('r', $1, 'reset', 'ada@example.com', now() + interval '30 minutes')";
    suite.owner.run(reset, &[&ada.id.uuid()]).await;
    let token = suite.mailed("change-email").await;
    check(&suite.verify(&token).await, (204, ""));
    let moved = "users where email = 'Countess@Example.com' and email_canonical = 'countess@example.com'
        and verified_at is not null";
    assert_eq!(suite.owner.count(moved).await, 1);
    assert_eq!(suite.owner.count("one_time_tokens").await, 0);
    assert_eq!(suite.owner.count("auth_events where name = 'email_changed'").await, 1);
    let told = "mail_outbox where template = 'email-changed' and recipient = 'ada@example.com'";
    assert_eq!(suite.owner.count(told).await, 1);
    check(&suite.verify(&token).await, GONE);
}

#[tokio::test]
async fn a_change_to_an_address_taken_meanwhile_is_refused() {
    let (suite, ada) = Suite::with_ada().await;
    check(&suite.change(&ada, PASSWORD, NEW).await, (202, ""));
    suite.owner.person_with_password(NEW).await;
    let before = suite.owner.accounts().await;
    check(&suite.verify(&suite.mailed("change-email").await).await, GONE);
    assert_eq!(suite.owner.accounts().await, before);
}

#[tokio::test]
async fn a_token_of_another_purpose_or_address_or_of_an_account_that_is_over_proves_nothing() {
    for change in [
        "update one_time_tokens set purpose = 'reset'",
        "update users set email = 'b@example.com', email_canonical = 'b@example.com'",
        "update users set deleted_at = now()",
        "update users set disabled_at = now()",
    ] {
        let (suite, ada) = Suite::with_ada().await;
        let token = suite.registered(&ada).await;
        suite.owner.run(change, &[]).await;
        let before = suite.owner.accounts().await;
        check(&suite.verify(&token).await, GONE);
        assert_eq!(suite.owner.accounts().await, before, "{change}");
    }
}

#[tokio::test]
async fn what_is_no_live_token_changes_nothing_and_looking_at_a_link_does_not_use_it_up() {
    let (suite, ada) = Suite::with_ada().await;
    let token = suite.registered(&ada).await;
    let before = suite.owner.accounts().await;
    let (padded, long) = (format!("{token}="), "a".repeat(10_000));
    for text in ["", &token[1..], &padded, UNKNOWN, &long, "' or 1=1--"] {
        check(&suite.verify(text).await, GONE);
    }
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
        let mut request = verify(&token);
        *request.method_mut() = method.clone();
        assert_eq!(ask(&suite.function, request).await.status, 405, "{method}");
    }
    assert_eq!(suite.owner.accounts().await, before);
    check(&suite.verify(&token).await, (204, ""));
    assert_eq!(
        suite.owner.count(&format!("users where email = '{ADA}' and verified_at is not null")).await,
        1
    );
}
