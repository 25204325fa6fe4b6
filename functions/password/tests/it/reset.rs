//! What a token does, and which tokens do nothing.

use crate::suite::{ADA, NEW, PASSWORD, Suite, UNKNOWN, check, check_fields, reset};
use http::Method;
use streamly::accounts::throttle::Key;
use testkit::ask;

const GONE: (u16, &str) = (400, "invalid-or-expired-token");

#[tokio::test]
async fn a_reset_sets_the_password_and_ends_all_that_was() {
    let (suite, ada) = Suite::with_ada().await;
    let other = suite.owner.person_with_password("other@example.com").await;
    ada.in_another_session(&suite.owner).await;
    let tokens = "
        insert into one_time_tokens (hash, user_id, purpose, email, expires_at)
        select convert_to(purpose || $1::uuid, 'utf8'), $1, purpose, 'x@example.com', now() + interval '1 hour'
          from unnest(array['verify', 'change_email']) as purposes (purpose)";
    suite.owner.run(tokens, &[&ada.id.uuid()]).await;
    suite.owner.run(tokens, &[&other.id.uuid()]).await;
    suite.owner.run("update users set verified_at = null", &[]).await;
    suite.owner.run("update credentials set failures = 100, disabled_at = now()", &[]).await;
    let run = "insert into auth_throttle (key, count, until) values ($1, 14, now() + interval '5 minutes')";
    for email in [ADA, "other@example.com"] {
        suite.owner.run(run, &[&Key::account(&email.parse().unwrap()).as_bytes()]).await;
    }

    let token = suite.mailed(ADA).await;
    check(&suite.reset(&token, NEW).await, (204, ""));
    let of_ada = |what: &str| format!("{what} and user_id = '{}'", ada.id);
    assert_eq!(suite.owner.count(&of_ada("credentials where failures = 0 and disabled_at is null")).await, 1);
    assert_eq!(suite.owner.count(&of_ada("sessions where revoke_reason = 'password-reset'")).await, 2);
    assert_eq!(suite.owner.count(&of_ada("sessions where true")).await, 2, "a reset begins no session");
    assert_eq!(suite.owner.count(&of_ada("one_time_tokens where true")).await, 0);
    assert_eq!(suite.owner.count(&of_ada("auth_events where name = 'authn_password_change'")).await, 1);
    assert_eq!(suite.owner.count(&of_ada("auth_events where name = 'user_verified'")).await, 1);
    assert_eq!(
        suite.owner.count("users where verified_at is not null and email = 'ada@example.com'").await,
        1
    );
    let told = "mail_outbox where template = 'password-reset' and recipient = 'ada@example.com'";
    assert_eq!(suite.owner.count(told).await, 1);
    assert_eq!(suite.owner.attempts(ADA).await, 0);
    // Nobody else's.
    let of_other = |what: &str| format!("{what} and user_id = '{}'", other.id);
    assert_eq!(suite.owner.count(&of_other("credentials where failures = 100")).await, 1);
    assert_eq!(suite.owner.count(&of_other("sessions where revoked_at is null")).await, 1);
    assert_eq!(suite.owner.count(&of_other("one_time_tokens where true")).await, 2);
    assert_eq!(suite.owner.attempts("other@example.com").await, 14);
    suite.owner.run("delete from users where id = $1", &[&other.id.uuid()]).await;
    assert!(suite.owner.is_password(NEW).await && !suite.owner.is_password(PASSWORD).await);
}

#[tokio::test]
async fn an_address_that_was_verified_before_stays_so_since_then() {
    let (suite, _) = Suite::with_ada().await;
    suite.owner.run("update users set verified_at = '2026-01-01T00:00:00Z'", &[]).await;
    check(&suite.reset(&suite.mailed(ADA).await, NEW).await, (204, ""));
    assert_eq!(suite.owner.count("users where verified_at = '2026-01-01T00:00:00Z'").await, 1);
    assert_eq!(suite.owner.count("auth_events where name = 'user_verified'").await, 0);
}

#[tokio::test]
async fn an_account_without_a_password_gets_its_first_one() {
    let (suite, _) = Suite::with_ada().await;
    suite.owner.run("delete from credentials", &[]).await;
    check(&suite.reset(&suite.mailed(ADA).await, NEW).await, (204, ""));
    assert!(suite.owner.is_password(NEW).await);
}

#[tokio::test]
async fn a_token_works_once() {
    let (suite, _) = Suite::with_ada().await;
    let token = suite.mailed(ADA).await;
    check(&suite.reset(&token, NEW).await, (204, ""));
    let before = suite.owner.accounts().await;
    check(&suite.reset(&token, "another engine no 4").await, GONE);
    assert_eq!(suite.owner.accounts().await, before);
}

#[tokio::test]
async fn a_token_lives_half_an_hour() {
    for (age, expected) in [("29 minutes 45 seconds", (204, "")), ("30 minutes", GONE), ("31 minutes", GONE)]
    {
        let (suite, _) = Suite::with_ada().await;
        let token = suite.mailed(ADA).await;
        let older = format!("update one_time_tokens set expires_at = expires_at - interval '{age}'");
        suite.owner.run(&older, &[]).await;
        check(&suite.reset(&token, NEW).await, expected);
        assert_eq!(suite.owner.is_password(NEW).await, expected.0 == 204, "{age}");
    }
}

#[tokio::test]
async fn a_newer_token_voids_the_older() {
    let (suite, _) = Suite::with_ada().await;
    let older = suite.mailed(ADA).await;
    suite.owner.let_pass("1 minute").await;
    let newer = suite.mailed(ADA).await;
    assert_ne!(older, newer);
    check(&suite.reset(&older, NEW).await, GONE);
    check(&suite.reset(&newer, NEW).await, (204, ""));
}

#[tokio::test]
async fn what_is_no_live_token_changes_nothing() {
    let (suite, _) = Suite::with_ada().await;
    let token = suite.mailed(ADA).await;
    let before = suite.owner.accounts().await;
    let (padded, spaced, long) = (format!("{token}="), format!(" {token}"), "a".repeat(10_000));
    for text in ["", &token[1..], &token[..42], &padded, &spaced, UNKNOWN, &long, "' or 1=1--"] {
        check(&suite.reset(text, NEW).await, GONE);
    }
    assert_eq!(suite.owner.accounts().await, before);
    check(&suite.reset(&token, NEW).await, (204, ""));
}

#[tokio::test]
async fn a_token_of_another_purpose_or_address_or_of_an_account_that_is_over_does_nothing() {
    for change in [
        "update one_time_tokens set purpose = 'verify'",
        "update one_time_tokens set purpose = 'change_email'",
        "update users set email = 'b@example.com', email_canonical = 'b@example.com'",
        "update users set deleted_at = now()",
        "update users set disabled_at = now()",
    ] {
        let (suite, _) = Suite::with_ada().await;
        let token = suite.mailed(ADA).await;
        suite.owner.run(change, &[]).await;
        let before = suite.owner.accounts().await;
        check(&suite.reset(&token, NEW).await, GONE);
        assert_eq!(suite.owner.accounts().await, before, "{change}");
    }
}

#[tokio::test]
async fn a_token_found_live_that_ends_before_it_is_used_does_nothing() {
    for end in [
        "delete from one_time_tokens",
        "update one_time_tokens set hash = 'newer'",
        "update one_time_tokens set email = email; update users set deleted_at = now()",
        "update one_time_tokens set email = email; update users set disabled_at = now()",
    ] {
        let (suite, _) = Suite::with_ada().await;
        let token = suite.mailed(ADA).await;
        let rival = suite.database.owner().await;
        rival.batch_execute(&format!("begin; {end}")).await.unwrap();
        check(&suite.database.behind(&rival, ask(&suite.function, reset(&token, NEW))).await, GONE);
        assert!(suite.owner.is_password(PASSWORD).await, "{end}");
        assert_eq!(suite.owner.count("sessions where revoked_at is null").await, 1, "{end}");
    }
}

#[tokio::test]
async fn a_password_that_must_not_be_set_leaves_the_token_good() {
    let (suite, _) = Suite::with_ada().await;
    let token = suite.mailed(ADA).await;
    let before = suite.owner.accounts().await;
    for (password, code) in [
        ("", "too-short"),
        ("wx7-wx7", "too-short"),
        ("password1", "too-common"),
        ("               ", "too-common"),
        ("streamlystreamly", "contains-context"),
        ("Ada@Example.com", "contains-context"),
    ] {
        check_fields(&suite.reset(&token, password).await, "weak-password", &[["#/new_password", code]]);
    }
    let long = "wx7-".repeat(64);
    let reply = suite.reset(&token, &format!("{long}w")).await;
    check_fields(&reply, "validation-error", &[["#/new_password", "too-long"]]);
    assert_eq!(suite.owner.accounts().await, before);
    check(&suite.reset(&token, &long).await, (204, ""));
    assert!(suite.owner.is_password(&long).await);
}

#[tokio::test]
async fn without_a_live_token_nobody_learns_what_is_weak() {
    let suite = Suite::new(&[]).await;
    for password in ["", "password1", NEW] {
        check(&suite.reset(UNKNOWN, password).await, GONE);
    }
}

#[tokio::test]
async fn the_deployments_minimum_holds() {
    let suite = Suite::new(&[("PASSWORD_MIN_LENGTH", "15")]).await;
    suite.owner.person_with_password(ADA).await;
    let token = suite.mailed(ADA).await;
    let reply = suite.reset(&token, "wx7-wx7-wx7-wx").await;
    check_fields(&reply, "weak-password", &[["#/new_password", "too-short"]]);
    check(&suite.reset(&token, "wx7-wx7-wx7-wx7").await, (204, ""));
}

#[tokio::test]
async fn looking_at_a_link_does_not_use_it_up() {
    let (suite, _) = Suite::with_ada().await;
    let token = suite.mailed(ADA).await;
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
        let mut request = reset(&token, NEW);
        *request.method_mut() = method.clone();
        let reply = ask(&suite.function, request).await;
        assert_eq!(reply.status, 405, "{method}");
        assert!(reply.header("allow").contains("POST"), "{method}");
    }
    check(&suite.reset(&token, NEW).await, (204, ""));
}
