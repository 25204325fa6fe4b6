//! Who gets the mail again, and how little the answer tells of it.

use crate::suite::{ADA, Suite, check, check_fields};
use std::time::{Duration, Instant};

#[tokio::test]
async fn only_an_unverified_account_is_mailed_and_every_answer_is_the_same() {
    let suite = Suite::new(&[]).await;
    for name in ["waits", "verified", "disabled", "deleted"] {
        suite.owner.person_with_password(&format!("{name}@example.com")).await;
    }
    suite.owner.run("update users set verified_at = null where email not like 'verified%'", &[]).await;
    suite.owner.run("update users set disabled_at = now() where email like 'disabled%'", &[]).await;
    suite.owner.run("update users set deleted_at = now() where email like 'deleted%'", &[]).await;
    for (name, mails) in [("waits", 1), ("verified", 0), ("disabled", 0), ("deleted", 0), ("unknown", 0)] {
        let started = Instant::now();
        check(&suite.resend(&format!("{name}@example.com")).await, (202, ""));
        assert!(started.elapsed() >= Duration::from_millis(50), "{name}");
        let to = format!("mail_outbox where recipient = '{name}@example.com'");
        assert_eq!(suite.owner.count(&to).await, mails, "{name}");
    }
    let stored = "one_time_tokens, mail_outbox
        where purpose = 'verify' and one_time_tokens.expires_at = mail_outbox.created_at + interval '24 hours'
          and mail_outbox.expires_at = one_time_tokens.expires_at and template = 'verify-again'
          and hash = sha256(convert_to(params->>'token', 'utf8'))";
    assert_eq!(suite.owner.count(stored).await, 1);
    check(&suite.verify(&suite.mailed("verify-again").await).await, (204, ""));
}

#[tokio::test]
async fn a_newer_token_voids_the_older_once_a_minute_and_five_times_an_hour() {
    let (suite, ada) = Suite::with_ada().await;
    let older = suite.registered(&ada).await;
    for mails in [1, 2, 3, 4, 5, 5] {
        check(&suite.resend(ADA).await, (202, ""));
        check(&suite.resend(ADA).await, (202, ""));
        assert_eq!(suite.owner.count("mail_outbox").await, mails);
        suite.owner.let_pass("1 minute").await;
    }
    check(&suite.verify(&older).await, (400, "invalid-or-expired-token"));
    check(&suite.verify(&suite.mailed("verify-again").await).await, (204, ""));
}

#[tokio::test]
async fn what_is_no_address_is_refused_and_not_counted() {
    let suite = Suite::new(&[]).await;
    for email in ["", "ada", "a@b", "a@x.com\r\nBcc: b@x.com"] {
        check_fields(&suite.resend(email).await, "validation-error", &[["#/email", "invalid"]]);
    }
    assert_eq!(suite.owner.count("auth_throttle").await, 0);
}
