//! Who gets a mail, and how little the answer tells of it.

use crate::suite::{ADA, Suite, check, check_fields};
use serde_json::Value;
use std::time::{Duration, Instant};
use streamly::accounts::throttle::Key;

#[tokio::test]
async fn every_address_gets_the_same_answer_and_no_sooner_than_the_slowest() {
    let suite = Suite::new(&[]).await;
    for name in ["known", "unverified", "disabled", "deleted"] {
        suite.owner.person_with_password(&format!("{name}@example.com")).await;
    }
    suite.owner.run("update users set verified_at = null where email like 'unverified%'", &[]).await;
    suite.owner.run("update users set disabled_at = now() where email like 'disabled%'", &[]).await;
    suite.owner.run("update users set deleted_at = now() where email like 'deleted%'", &[]).await;
    let mut names: Option<Vec<String>> = None;
    for (name, mails) in [("known", 1), ("unverified", 1), ("disabled", 0), ("deleted", 0), ("unknown", 0)] {
        let email = format!("{name}@example.com");
        let started = Instant::now();
        let reply = suite.forgot(&email).await;
        assert!(started.elapsed() >= Duration::from_millis(50), "{name}: {:?}", started.elapsed());
        check(&reply, (202, ""));
        let mut found: Vec<String> = reply.headers.keys().map(ToString::to_string).collect();
        found.sort_unstable();
        assert_eq!(names.get_or_insert_with(|| found.clone()), &found, "{name}");
        assert_eq!(
            suite.owner.count(&format!("mail_outbox where recipient = '{email}'")).await,
            mails,
            "{name}"
        );
        // An address without an account is counted like one that has one.
        let key = Key::mail(&email.parse().unwrap());
        let select = "select count from auth_throttle where key = $1";
        let counted = suite.owner.query_one(select, &[&key.as_bytes()]).await.unwrap();
        assert_eq!(counted.get::<_, i32>(0), 1, "{name}");
    }
    assert_eq!(suite.owner.count("one_time_tokens").await, 2);
    assert_eq!(suite.owner.count("auth_events where name = 'authn_token_created'").await, 2);
}

#[tokio::test]
async fn the_mail_holds_the_one_token_that_is_stored_hashed_and_both_live_half_an_hour() {
    let suite = Suite::new(&[]).await;
    suite.owner.person_with_password("Ada@Example.com").await;
    check(&suite.forgot("ADA@example.com").await, (202, ""));
    let mail = suite.owner.query_one("select * from mail_outbox", &[]).await.unwrap();
    assert_eq!(mail.get::<_, &str>("recipient"), "Ada@Example.com");
    assert_eq!(mail.get::<_, &str>("template"), "reset");
    let params: Value = mail.get("params");
    assert_eq!((params["token"].as_str().unwrap().len(), params.as_object().unwrap().len()), (43, 1));
    let stored = "one_time_tokens, mail_outbox
        where purpose = 'reset' and one_time_tokens.email = 'ada@example.com'
          and one_time_tokens.expires_at = mail_outbox.created_at + interval '30 minutes'
          and mail_outbox.expires_at = one_time_tokens.expires_at
          and hash = sha256(convert_to(params->>'token', 'utf8'))";
    assert_eq!(suite.owner.count(stored).await, 1);
    assert_eq!(suite.owner.count("mail_outbox where not_before <= now() and sent_at is null").await, 1);
}

#[tokio::test]
async fn an_address_gets_one_mail_a_minute_and_five_an_hour_and_beyond_that_the_older_token_stays() {
    let (suite, _) = Suite::with_ada().await;
    let stored = "select hash from one_time_tokens";
    check(&suite.forgot(ADA).await, (202, ""));
    let first: Vec<u8> = suite.owner.value(stored).await;
    suite.owner.let_pass("50 seconds").await;
    check(&suite.forgot(ADA).await, (202, ""));
    assert_eq!(suite.owner.value::<Vec<u8>>(stored).await, first);
    assert_eq!(suite.owner.count("mail_outbox").await, 1);
    suite.owner.let_pass("10 seconds").await;
    for mails in [2, 3, 4, 5, 5, 5] {
        check(&suite.forgot(ADA).await, (202, ""));
        assert_eq!(suite.owner.count("mail_outbox").await, mails);
        suite.owner.let_pass("1 minute").await;
    }
    let fifth: Vec<u8> = suite.owner.value(stored).await;
    assert_ne!(fifth, first);
    // Seven minutes have passed since the first of this hour.
    suite.owner.let_pass("52 minutes").await;
    check(&suite.forgot(ADA).await, (202, ""));
    assert_eq!(suite.owner.value::<Vec<u8>>(stored).await, fifth);
    suite.owner.let_pass("1 minute").await;
    check(&suite.forgot(ADA).await, (202, ""));
    assert_ne!(suite.owner.value::<Vec<u8>>(stored).await, fifth);
    assert_eq!(suite.owner.count("mail_outbox").await, 6);
}

#[tokio::test]
async fn what_is_no_address_is_refused_and_not_counted() {
    let suite = Suite::new(&[]).await;
    for email in ["", "ada", "a@b@c.co", "a@b", "a@x.com\r\nBcc: b@x.com", "<a@x.com>", "a@x.com, b@x.com"] {
        check_fields(&suite.forgot(email).await, "validation-error", &[["#/email", "invalid"]]);
    }
    let long = format!("{}@example.com", "a".repeat(65));
    check_fields(&suite.forgot(&long).await, "validation-error", &[["#/email", "too-long"]]);
    assert_eq!(suite.owner.count("auth_throttle").await, 0);
}
