//! What leaves the machine is encrypted, to a relay that proves its name, or it does not leave.

use crate::suite::Suite;
use lettre::transport::smtp::client::Certificate;
use mailer::Parts;
use testkit::smtp::{CERTIFICATE, Options, Security};

fn trusting(parts: Parts) -> Parts {
    let root = Certificate::from_pem(CERTIFICATE.as_bytes()).unwrap();
    Parts { relay: parts.relay.trusting(root), ..parts }
}

fn encrypting(parts: Parts) -> Parts {
    Parts { relay: parts.relay.encrypted(), ..parts }
}

/// What one mail comes to over a relay of this kind.
async fn check(security: Security, change: impl FnOnce(Parts) -> Parts, arrives: bool) {
    let suite = Suite::with(Options { security, ..Options::default() }, &[], change).await;
    suite.put("ada@example.com").await;
    suite.check(usize::from(arrives), usize::from(!arrives)).await;
    assert_eq!(suite.smtp.mails().iter().filter(|mail| mail.encrypted).count(), usize::from(arrives));
    assert_eq!(suite.smtp.mails().len(), usize::from(arrives));
}

#[tokio::test]
async fn starttls_is_demanded_of_a_relay_that_is_not_this_machine() {
    check(Security::StartTls, |parts| trusting(encrypting(parts)), true).await;
    check(Security::None, |parts| trusting(encrypting(parts)), false).await;
}

#[tokio::test]
async fn smtps_is_encrypted_from_the_first_byte() {
    check(Security::Tls, trusting, true).await;
}

#[tokio::test]
async fn a_certificate_that_leads_to_nobody_is_refused() {
    check(Security::StartTls, encrypting, false).await;
    check(Security::Tls, |parts| parts, false).await;
}

#[tokio::test]
async fn no_password_is_said_in_the_clear() {
    let options = Options { needs_login: true, ..Options::default() };
    let suite = Suite::with(options, &[], |parts| parts).await;
    let url = suite.smtp.url().replace("//", "//mailer:secret@");
    let variables = testkit::variables(&suite.database, "mailer", &[("SMTP_URL", &url)]);
    let config = functions_framework::env::read_from(&variables, mailer::Config::read).unwrap();
    let suite = Suite { function: mailer::routes(encrypting(Parts::real(config))), ..suite };
    suite.put("ada@example.com").await;
    suite.check(0, 1).await;
    let why = "the relay cannot be used: internal client error: STARTTLS is not supported on this server";
    assert_eq!(suite.last_error().await, why);
    assert!(suite.smtp.mails().is_empty());
}
