//! The wish for another address.

use crate::suite::{ADA, PASSWORD, Suite, change, check, check_fields, request};
use serde_json::json;
use std::time::{Duration, Instant};
use testkit::{Person, ask};

const NEW: &str = "Countess@Example.com";

/// The mails so far: to whom, and which.
async fn mails(suite: &Suite) -> Vec<(String, String)> {
    let select = "select recipient, template from mail_outbox order by recipient, template";
    let rows = suite.owner.query(select, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn mail(recipient: &str, template: &str) -> (String, String) {
    (recipient.to_owned(), template.to_owned())
}

#[tokio::test]
async fn a_free_a_taken_and_the_own_address_are_answered_alike_and_the_right_people_are_told() {
    let free = [mail(NEW, "change-email"), mail(ADA, "email-change-requested")];
    let taken = [mail(NEW, "email-taken")];
    for (new, other, expected) in
        [(NEW, "x@example.com", &free[..]), (NEW, NEW, &taken), ("ADA@example.com", NEW, &[])]
    {
        let (suite, ada) = Suite::with_ada().await;
        suite.owner.person_with_password(other).await;
        let started = Instant::now();
        check(&suite.change(&ada, PASSWORD, new).await, (202, ""));
        assert!(started.elapsed() >= Duration::from_millis(50), "{new}");
        assert_eq!(mails(&suite).await, expected, "{new} {other}");
        assert_eq!(suite.owner.count("one_time_tokens").await, i64::from(expected.len() == 2));
        assert_eq!(suite.owner.count("users where email = 'ada@example.com'").await, 1);
        assert_eq!(suite.owner.attempts(ADA).await, 0);
    }
}

#[tokio::test]
async fn a_wrong_password_is_counted_and_ten_make_the_account_wait() {
    let (suite, ada) = Suite::with_ada().await;
    for _ in 0..10 {
        check(&suite.change(&ada, "not the engine", NEW).await, (403, "reauthentication-failed"));
    }
    check(&suite.change(&ada, PASSWORD, NEW).await, (429, "too-many-requests"));
    assert_eq!(suite.owner.value::<i32>("select failures from credentials").await, 10);
    assert!(mails(&suite).await.is_empty());
    suite.owner.let_pass("30 seconds").await;
    check(&suite.change(&ada, PASSWORD, NEW).await, (202, ""));
    assert_eq!(suite.owner.attempts(ADA).await, 0);
    assert_eq!(suite.owner.value::<i32>("select failures from credentials").await, 0);
}

#[tokio::test]
async fn an_account_asks_for_one_change_a_minute_and_five_an_hour() {
    let (suite, ada) = Suite::with_ada().await;
    for asked in [1, 2, 3, 4, 5, 5] {
        for half in ["a", "b"] {
            check(&suite.change(&ada, PASSWORD, &format!("{half}{asked}@example.com")).await, (202, ""));
        }
        assert_eq!(suite.owner.count("mail_outbox where template = 'change-email'").await, asked);
        suite.owner.let_pass("1 minute").await;
    }
    assert_eq!(suite.owner.count("one_time_tokens where email = 'a5@example.com'").await, 1);
}

#[tokio::test]
async fn over_the_limit_of_the_new_address_nothing_changes() {
    let (suite, ada) = Suite::with_ada().await;
    check(&suite.resend(NEW).await, (202, ""));
    check(&suite.change(&ada, PASSWORD, NEW).await, (202, ""));
    assert!(mails(&suite).await.is_empty());
    assert_eq!(suite.owner.count("one_time_tokens").await, 0);
}

#[tokio::test]
async fn every_fault_of_a_field_is_named() {
    let (suite, ada) = Suite::with_ada().await;
    let before = suite.owner.accounts().await;
    let (password, address) = (["#/current_password", "too-short"], ["#/new_email", "invalid"]);
    check_fields(&suite.change(&ada, "", NEW).await, "validation-error", &[password]);
    check_fields(&suite.change(&ada, PASSWORD, "ada").await, "validation-error", &[address]);
    check_fields(&suite.change(&ada, "", "ada").await, "validation-error", &[password, address]);
    assert_eq!(suite.owner.accounts().await, before);
}

#[tokio::test]
async fn who_calls_is_said_by_the_token_alone_and_its_session_must_live() {
    let (suite, ada) = Suite::with_ada().await;
    let other = suite.owner.person_with_password("other@example.com").await;
    let body = json!({ "current_password": PASSWORD, "new_email": NEW });
    check(&ask(&suite.function, request("change", &body)).await, (401, "missing-token"));
    let mixed = Person { session: other.session, ..ada.clone() };
    check(&suite.change(&mixed, PASSWORD, NEW).await, (401, "session-revoked"));
    for over in ["sessions set revoked_at", "users set disabled_at", "users set deleted_at"] {
        suite.owner.run(&format!("update {over} = now()"), &[]).await;
        check(&suite.change(&ada, PASSWORD, NEW).await, (401, "session-revoked"));
    }
    assert!(mails(&suite).await.is_empty());
}

#[tokio::test]
async fn a_password_changed_meanwhile_asks_nobody() {
    let (suite, ada) = Suite::with_ada().await;
    let rival = suite.database.owner().await;
    rival.batch_execute("begin; update credentials set phc = 'another'").await.unwrap();
    let reply = suite.database.behind(&rival, ask(&suite.function, change(&ada, PASSWORD, NEW))).await;
    check(&reply, (403, "reauthentication-failed"));
    assert!(mails(&suite).await.is_empty());
}
