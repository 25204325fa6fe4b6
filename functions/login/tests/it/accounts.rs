//! Whose password is right, and how little the answer tells when it is not.

use crate::suite::{ADA, PASSWORD, Suite, check, without_id};
use std::time::{Duration, Instant};
use streamly::accounts::throttle::Key;
use testkit::alerts_of;

#[tokio::test]
async fn every_refusal_is_the_same() {
    let suite = Suite::new(&[]).await;
    suite.owner.user_with_password(ADA).await;
    suite.owner.user_with_password("disabled@example.com").await;
    suite.owner.user_with_password("deleted@example.com").await;
    suite.owner.user_with_password("off@example.com").await;
    suite.owner.user_with_hash("unusable@example.com", "$2b$12$abcdefghijklmnopqrstuu").await;
    let none = suite.owner.user_with_password("none@example.com").await;
    suite.owner.run("update users set disabled_at = now() where email = 'disabled@example.com'", &[]).await;
    suite.owner.run("update users set deleted_at = now() where email = 'deleted@example.com'", &[]).await;
    let off = "update credentials set disabled_at = now() from users where id = user_id and email = 'off@example.com'";
    suite.owner.run(off, &[]).await;
    suite.owner.run("delete from credentials where user_id = $1", &[&none.uuid()]).await;

    let wrong = suite.log_in(ADA, "analytical engine").await;
    check(&wrong, (401, "invalid-credentials"));
    for name in ["disabled", "deleted", "off", "unusable", "none", "unknown"] {
        let reply = suite.log_in(&format!("{name}@example.com"), PASSWORD).await;
        check(&reply, (401, "invalid-credentials"));
        assert_eq!(without_id(&reply), without_id(&wrong), "{name}");
        assert_eq!(suite.owner.attempts(&format!("{name}@example.com")).await, 1, "{name}");
    }
    assert_eq!(suite.owner.count("sessions").await, 0);
    assert_eq!(suite.owner.count("auth_events where name = 'authn_login_fail'").await, 7);
    check(&suite.log_in(ADA, PASSWORD).await, (200, ""));
}

#[tokio::test]
async fn a_failure_is_told_of_without_an_address() {
    let suite = Suite::new(&[]).await;
    let ada = suite.owner.user_with_password(ADA).await;
    check(&suite.log_in(ADA, "analytical engine").await, (401, "invalid-credentials"));
    check(&suite.log_in("unknown@example.com", PASSWORD).await, (401, "invalid-credentials"));
    let select = "select user_id, subject_hash, ip_prefix, request_id, detail from auth_events order by at";
    let rows = suite.owner.query(select, &[]).await.unwrap();
    let users: Vec<Option<_>> = rows.iter().map(|row| row.get("user_id")).collect();
    assert_eq!(users, [Some(ada.uuid()), None]);
    for (row, email) in rows.iter().zip([ADA, "unknown@example.com"]) {
        let key = Key::account(&email.parse().unwrap());
        assert_eq!(row.get::<_, &[u8]>("subject_hash"), key.as_bytes());
        assert_eq!(row.get::<_, &str>("ip_prefix"), "203.0.113.0/24");
        assert_eq!(row.get::<_, &str>("request_id").len(), 36);
        assert_eq!(row.get::<_, Option<&str>>("detail"), None);
    }
}

#[tokio::test]
async fn a_stored_hash_that_cannot_be_used_is_told_of() {
    let suite = Suite::new(&[]).await;
    for (number, phc) in
        ["", "password", "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"]
            .into_iter()
            .enumerate()
    {
        let email = format!("person{number}@example.com");
        suite.owner.user_with_hash(&email, phc).await;
        check(&suite.log_in(&email, PASSWORD).await, (401, "invalid-credentials"));
    }
    assert_eq!(suite.owner.count("auth_events where name = 'hash_unusable'").await, 3);
    assert_eq!(suite.owner.count("credentials where failures = 1").await, 3);
}

/// Whoever reads the program's lines is told which account: the test above once more, as a program whose output is read.
#[test]
fn an_unusable_hash_is_a_line_for_an_operator() {
    let lines = alerts_of("accounts::a_stored_hash_that_cannot_be_used_is_told_of", "unusable-hash");
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in lines {
        assert_eq!(line["severity"], "ERROR");
        let id = line["user.id"].as_str().expect("the line names the account");
        assert_eq!(line["message"], format!("the stored hash of user {id} cannot be used"));
        assert!(!line.to_string().contains('@') && !line.to_string().contains('$'), "{line}");
    }
}

#[tokio::test]
async fn only_the_exact_password_logs_in_to_any_spelling_of_the_address() {
    let suite = Suite::new(&[]).await;
    suite.owner.user_with_password(ADA).await;
    for wrong in
        [" difference engine no 2", "difference engine no 2 ", "Difference engine no 2", "' OR 1=1--"]
    {
        check(&suite.log_in(ADA, wrong).await, (401, "invalid-credentials"));
    }
    check(&suite.log_in("ADA@EXAMPLE.COM", PASSWORD).await, (200, ""));
    check(&suite.log_in(" ada@example.com", PASSWORD).await, (422, "validation-error"));
    check(&suite.log_in("a.da@example.com", PASSWORD).await, (401, "invalid-credentials"));
}

#[tokio::test]
async fn an_unverified_address_logs_in_only_where_it_may() {
    for (mode, expected) in [("required", (403, "email-not-verified")), ("optional", (200, ""))] {
        let suite = Suite::new(&[("EMAIL_VERIFICATION", mode)]).await;
        suite.owner.user_with_password(ADA).await;
        suite.owner.run("update users set verified_at = null", &[]).await;
        check(&suite.log_in(ADA, "analytical engine").await, (401, "invalid-credentials"));
        check(&suite.log_in(ADA, PASSWORD).await, expected);
        assert_eq!(suite.owner.count("sessions").await, i64::from(expected.0 == 200));
        suite.owner.run("update users set verified_at = now()", &[]).await;
        check(&suite.log_in(ADA, PASSWORD).await, (200, ""));
    }
}

#[tokio::test]
async fn a_right_password_of_an_unverified_address_is_no_failure() {
    let suite = Suite::new(&[("EMAIL_VERIFICATION", "required")]).await;
    suite.owner.user_with_password(ADA).await;
    suite.owner.run("update users set verified_at = null", &[]).await;
    for _ in 0..12 {
        check(&suite.log_in(ADA, PASSWORD).await, (403, "email-not-verified"));
    }
    assert_eq!(suite.owner.attempts(ADA).await, 0);
    assert_eq!(suite.owner.count("credentials where failures = 0").await, 1);
}

#[tokio::test]
async fn an_older_hash_is_replaced_after_the_right_password_alone() {
    let suite = Suite::new(&[]).await;
    // From the test program of the reference implementation; the password is "password".
    let older = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    suite.owner.user_with_hash(ADA, older).await;
    check(&suite.log_in(ADA, "passw0rd").await, (401, "invalid-credentials"));
    assert_eq!(suite.owner.value::<String>("select phc from credentials").await, older);
    check(&suite.log_in(ADA, "password").await, (200, ""));
    let newer: String = suite.owner.value("select phc from credentials").await;
    assert!(newer.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{newer}");
    check(&suite.log_in(ADA, "password").await, (200, ""));
    assert_eq!(suite.owner.value::<String>("select phc from credentials").await, newer);
}

#[tokio::test]
async fn a_refusal_takes_its_time_whether_or_not_there_is_a_row_to_write() {
    let suite = Suite::new(&[]).await;
    suite.owner.user_with_password(ADA).await;
    for email in [ADA, "unknown@example.com"] {
        let started = Instant::now();
        check(&suite.log_in(email, "analytical engine").await, (401, "invalid-credentials"));
        assert!(started.elapsed() >= Duration::from_millis(25), "{email}: {:?}", started.elapsed());
    }
}
