//! Where addresses are verified first, nobody learns who has an account, and nobody prepares one for another.

use crate::suite::{ADA, PASSWORD, Suite, check};
use std::time::{Duration, Instant};
use streamly::ids::SessionId;

const OTHER: &str = "analytical engine no 3";

async fn suite() -> Suite {
    Suite::new(&[("EMAIL_VERIFICATION", "required")]).await
}

#[tokio::test]
async fn a_new_and_a_taken_address_are_answered_alike() {
    let suite = suite().await;
    let new = suite.register(ADA, PASSWORD).await;
    check(&new, (202, ""));
    assert_eq!(new.text(), r#"{"status":"verification_pending"}"#);
    let unverified = suite.register(ADA, PASSWORD).await;
    suite.owner.run("update users set verified_at = now()", &[]).await;
    let taken = suite.register(ADA, PASSWORD).await;
    let names = |reply: &testkit::Reply| {
        let mut names: Vec<String> = reply.headers.keys().map(ToString::to_string).collect();
        names.sort_unstable();
        names
    };
    for other in [unverified, taken] {
        assert_eq!((other.status, &other.body), (new.status, &new.body));
        assert_eq!(names(&other), names(&new));
    }
}

#[tokio::test]
async fn no_answer_comes_before_the_slowest_branch_is_done() {
    let suite = suite().await;
    for _ in 0..2 {
        let started = Instant::now();
        check(&suite.register(ADA, PASSWORD).await, (202, ""));
        assert!(started.elapsed() >= Duration::from_millis(50), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn the_owner_of_a_verified_address_is_told_once_an_hour() {
    let suite = suite().await;
    check(&suite.register(ADA, PASSWORD).await, (202, ""));
    suite.owner.run("update users set verified_at = now()", &[]).await;
    let told = "mail_outbox where template = 'already-registered' and recipient = 'ada@example.com'";
    for (time, mails) in [("0 minutes", 0), ("2 minutes", 1), ("30 minutes", 1), ("31 minutes", 2)] {
        suite.owner.let_pass(time).await;
        check(&suite.register("ADA@example.com", OTHER).await, (202, ""));
        assert_eq!(suite.owner.count(told).await, mails, "{time}");
    }
    assert!(suite.owner.is_password(PASSWORD).await);
    assert_eq!(suite.owner.count("one_time_tokens").await, 1);
    assert_eq!(suite.owner.count("auth_events").await, 1);
}

#[tokio::test]
async fn the_latest_attempt_takes_over_an_account_that_nobody_verified() {
    let suite = suite().await;
    check(&suite.register(ADA, PASSWORD).await, (202, ""));
    let first: Vec<u8> = suite.owner.value("select hash from one_time_tokens").await;
    let session = "
        insert into sessions (id, user_id, idle_expires_at, absolute_expires_at)
        select $1, id, now() + interval '1 day', now() + interval '1 day' from users";
    suite.owner.run(session, &[&SessionId::new().uuid()]).await;
    suite.owner.run("update credentials set failures = 100, disabled_at = now()", &[]).await;

    suite.owner.let_pass("61 seconds").await;
    check(&suite.register("Ada@example.com", OTHER).await, (202, ""));
    assert!(suite.owner.is_password(OTHER).await);
    assert_eq!(suite.owner.count("users").await, 1);
    assert_eq!(suite.owner.count("one_time_tokens").await, 1);
    assert_ne!(suite.owner.value::<Vec<u8>>("select hash from one_time_tokens").await, first);
    assert_eq!(
        suite
            .owner
            .count("sessions where revoke_reason = 'registered-again' and revoked_at is not null")
            .await,
        1
    );
    assert_eq!(suite.owner.count("credentials where failures = 0 and disabled_at is null").await, 1);
    let mail = "mail_outbox where template = 'verify-again' and recipient = 'ada@example.com'
        and sha256(convert_to(params->>'token', 'utf8')) = (select hash from one_time_tokens)";
    assert_eq!(suite.owner.count(mail).await, 1);
    assert_eq!(suite.owner.count("auth_events where name = 'authn_password_change'").await, 1);
}

#[tokio::test]
async fn over_the_mail_limit_an_existing_account_stays_as_it_is() {
    let suite = suite().await;
    check(&suite.register(ADA, PASSWORD).await, (202, ""));
    let before = suite.written().await;
    suite.owner.let_pass("50 seconds").await;
    check(&suite.register(ADA, OTHER).await, (202, ""));
    assert!(suite.owner.is_password(PASSWORD).await);
    assert_eq!(suite.written().await, before);
    // Four more mails in the same hour, then none until it has passed.
    for number in 2..=7 {
        suite.owner.let_pass("2 minutes").await;
        check(&suite.register(ADA, &format!("{OTHER}{number}")).await, (202, ""));
    }
    assert_eq!(suite.owner.count("mail_outbox").await, 5);
    assert!(suite.owner.is_password(&format!("{OTHER}5")).await);
    suite.owner.let_pass("1 hour").await;
    check(&suite.register(ADA, OTHER).await, (202, ""));
    assert_eq!(suite.owner.count("mail_outbox").await, 6);
}

#[tokio::test]
async fn an_account_that_an_operator_switched_off_stays_off() {
    let suite = suite().await;
    check(&suite.register(ADA, PASSWORD).await, (202, ""));
    suite.owner.run("update users set disabled_at = now()", &[]).await;
    suite.owner.let_pass("2 minutes").await;
    check(&suite.register(ADA, OTHER).await, (202, ""));
    assert!(suite.owner.is_password(PASSWORD).await);
    assert_eq!(suite.owner.count("users where disabled_at is not null").await, 1);
}

#[tokio::test]
async fn an_account_verified_while_another_registers_keeps_its_password() {
    let suite = suite().await;
    check(&suite.register(ADA, PASSWORD).await, (202, ""));
    suite.owner.let_pass("2 minutes").await;
    // Whoever verifies takes the token first, and has not committed yet.
    let verifier = suite.database.owner().await;
    verifier
        .batch_execute("begin; delete from one_time_tokens; update users set verified_at = now()")
        .await
        .unwrap();
    let reply = suite.database.behind(&verifier, suite.register(ADA, OTHER)).await;
    check(&reply, (202, ""));
    assert!(suite.owner.is_password(PASSWORD).await);
    assert_eq!(suite.owner.count("one_time_tokens").await, 0);
    assert_eq!(suite.owner.count("mail_outbox where template = 'already-registered'").await, 1);
}
