//! A relay that refuses, breaks or is not there: who waits, who is given up, and that nothing is told of whom.

use crate::suite::{Suite, TOKEN, parse};
use mailer::{Parts, Patience};
use streamly::db::mail_outbox::oldest_s;
use testkit::smtp::{At, Fault, Options, Smtp};

const ADA: &str = "ada@example.com";
const EVE: &str = "eve@example.com";

/// With this fault for one recipient, another's mail arrives all the same; then the first waits, or is given up.
async fn check_one(at: At, fault: Fault, is_over: bool, why: &str) {
    let suite = Suite::new().await;
    suite.smtp.fault_for(ADA, at, fault);
    suite.put(ADA).await;
    suite.put(EVE).await;
    suite.check(1, 1).await;
    assert_eq!(suite.recipients(), [EVE], "{at:?} {fault:?}");
    assert_eq!(suite.last_error().await, why, "{at:?} {fault:?}");
    suite.smtp.heal();
    suite.let_the_waits_pass().await;
    suite.check(usize::from(!is_over), 0).await;
    assert_eq!(suite.count("sent_at is null and params = '{}'").await, i64::from(is_over));
    assert_eq!(suite.count("recipient = 'ada@example.com' and attempts = 2").await, i64::from(!is_over));
}

#[tokio::test]
async fn a_recipient_refused_for_now_waits_and_for_good_is_given_up() {
    check_one(At::Recipient, Fault::Answer(450), false, "the relay refused the recipient with 450").await;
    check_one(At::Recipient, Fault::Answer(459), false, "the relay refused the recipient with 459").await;
    check_one(At::Recipient, Fault::Answer(500), true, "the relay refused the recipient with 500").await;
    check_one(At::Recipient, Fault::Answer(550), true, "the relay refused the recipient with 550").await;
}

#[tokio::test]
async fn a_mail_refused_for_now_waits_and_for_good_is_given_up() {
    check_one(At::Content, Fault::Answer(451), false, "the relay refused the mail itself with 451").await;
    check_one(At::Content, Fault::Answer(554), true, "the relay refused the mail itself with 554").await;
    // Before it has seen the mail, a relay refuses because of itself.
    check_one(At::Data, Fault::Answer(451), false, "the relay refused the command to take it with 451").await;
    check_one(At::Data, Fault::Answer(554), false, "the relay refused the command to take it with 554").await;
}

#[tokio::test]
async fn a_connection_that_breaks_is_opened_anew_for_the_next_mail() {
    let broken = "the connection broke at the recipient: it answered what is no SMTP";
    check_one(At::Recipient, Fault::Cut, false, broken).await;
    check_one(At::Recipient, Fault::Nonsense, false, broken).await;
    check_one(At::Recipient, Fault::Answer(421), false, "the relay refused the recipient with 421").await;
    let broken = "the connection broke at the mail itself: it answered what is no SMTP";
    check_one(At::Content, Fault::Cut, false, broken).await;
}

#[tokio::test]
async fn a_sender_that_is_refused_costs_no_mail() {
    let suite = Suite::new().await;
    suite.smtp.fault(At::Sender, Fault::Answer(550));
    suite.put(ADA).await;
    suite.put(EVE).await;
    suite.check(0, 2).await;
    assert_eq!(suite.count("last_error = 'the relay refused the sender with 550'").await, 2);
    suite.smtp.heal();
    suite.let_the_waits_pass().await;
    suite.check(2, 0).await;
}

#[tokio::test]
async fn a_conversation_that_cannot_be_reset_is_replaced() {
    let suite = Suite::new().await;
    suite.smtp.fault_for(ADA, At::Recipient, Fault::Answer(550));
    suite.smtp.fault(At::Reset, Fault::Answer(500));
    suite.put(ADA).await;
    suite.put(EVE).await;
    suite.check(1, 1).await;
    assert_eq!((suite.recipients(), suite.smtp.connections()), (vec![EVE.to_owned()], 2));
}

/// A relay of this kind takes nothing, is asked once for all mails, and takes all of them when it is well again.
async fn check_all(at: At, fault: Fault, why: &str) {
    let impatient = |parts| Parts { patience: Patience { mail_ms_max: 200, ..Patience::default() }, ..parts };
    let suite =
        Suite::with(Options { needs_login: at == At::Login, ..Options::default() }, &[], impatient).await;
    let suite = if at == At::Login { with_login(suite) } else { suite };
    suite.smtp.fault(at, fault);
    for number in 0..5 {
        suite.put(&format!("person-{number}@example.com")).await;
    }
    suite.check(0, 5).await;
    assert_eq!(
        suite.count(&format!("last_error = '{why}' and attempts = 1 and params->>'token' = '{TOKEN}'")).await,
        5
    );
    suite.smtp.heal();
    suite.let_the_waits_pass().await;
    suite.check(5, 0).await;
    assert_eq!(suite.smtp.connections(), 2);
}

fn with_login(suite: Suite) -> Suite {
    let url = suite.smtp.url().replace("//", "//mailer:s%3Acret@");
    let variables = testkit::variables(&suite.database, "mailer", &[("SMTP_URL", &url)]);
    let config = functions_framework::env::read_from(&variables, mailer::Config::read).unwrap();
    Suite { function: mailer::routes(Parts::real(config)), ..suite }
}

#[tokio::test]
async fn a_relay_that_takes_nobody_is_asked_once_and_everybody_waits() {
    let closed = "the relay cannot be used: it answered what is no SMTP";
    check_all(At::Greeting, Fault::Answer(554), "the relay cannot be used: it answered 554").await;
    check_all(At::Greeting, Fault::Answer(421), "the relay cannot be used: it answered 421").await;
    check_all(At::Greeting, Fault::Nonsense, closed).await;
    check_all(At::Greeting, Fault::Cut, closed).await;
    check_all(At::Hello, Fault::Answer(502), "the relay cannot be used: it answered 502").await;
    check_all(At::Hello, Fault::Cut, closed).await;
    check_all(At::Login, Fault::Answer(535), "the relay cannot be used: it answered 535").await;
}

#[tokio::test]
async fn a_password_reaches_the_relay_as_it_is_written_in_the_address() {
    let options = Options { needs_login: true, ..Options::default() };
    let suite = with_login(Suite::with(options, &[], |parts| parts).await);
    suite.put(ADA).await;
    suite.check(1, 0).await;
    assert_eq!(suite.only_mail().login, Some(("mailer".to_owned(), "s:cret".to_owned())));
}

#[tokio::test]
async fn without_a_relay_all_fail_and_all_are_sent_once_it_is_there() {
    let suite = Suite::new().await;
    let (url, port) = {
        let gone = Smtp::start().await.unwrap();
        (gone.url(), gone.url().rsplit(':').next().unwrap().parse().unwrap())
    };
    let variables = testkit::variables(&suite.database, "mailer", &[("SMTP_URL", &url)]);
    let config = functions_framework::env::read_from(&variables, mailer::Config::read).unwrap();
    let mut suite = Suite { function: mailer::routes(Parts::real(config)), ..suite };
    for number in 0..3 {
        suite.put(&format!("person-{number}@example.com")).await;
    }
    // The listener is closed by its task, which has been told to end.
    tokio::task::yield_now().await;
    suite.check(0, 3).await;
    assert_eq!(suite.count("last_error = 'the relay cannot be used: connection refused'").await, 3);
    suite.smtp = Smtp::start_with(Options { port, ..Options::default() }).await.unwrap();
    suite.let_the_waits_pass().await;
    suite.check(3, 0).await;
}

#[tokio::test]
async fn a_relay_that_falls_silent_costs_a_mail_its_time_and_no_more() {
    let impatient = |parts| Parts { patience: Patience { mail_ms_max: 200, ..Patience::default() }, ..parts };
    for at in [At::Sender, At::Recipient, At::Data, At::Content] {
        let suite = Suite::with(Options::default(), &[], impatient).await;
        suite.smtp.fault_for(ADA, at, Fault::Silence);
        if at == At::Sender {
            suite.smtp.fault(At::Sender, Fault::Silence);
        }
        suite.put(ADA).await;
        suite.check(0, 1).await;
        assert_eq!(suite.last_error().await, "the relay fell silent");
        suite.smtp.heal();
        suite.let_the_waits_pass().await;
        suite.check(1, 0).await;
    }
}

#[tokio::test]
async fn a_mail_whose_answer_was_lost_is_sent_again_under_the_same_id() {
    let suite = Suite::new().await;
    suite.smtp.fault(At::Content, Fault::Lost);
    suite.put(ADA).await;
    suite.check(0, 1).await;
    suite.smtp.heal();
    suite.let_the_waits_pass().await;
    suite.check(1, 0).await;
    let mails = suite.smtp.mails();
    let ids: Vec<_> = mails.iter().map(|mail| parse(mail).message_id().map(str::to_owned)).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn waits_double_up_to_a_quarter_of_an_hour() {
    let suite = Suite::new().await;
    suite.smtp.fault(At::Sender, Fault::Answer(451));
    suite.put(ADA).await;
    for expected in [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 900.0, 900.0_f64] {
        suite.check(0, 1).await;
        let wait = "select extract(epoch from not_before - now())::float8 from mail_outbox";
        let wait: f64 = suite.value(wait).await;
        assert!((expected - 3.0..=expected).contains(&wait), "{wait} s, not {expected} s");
        suite.let_the_waits_pass().await;
    }
    suite.owner.batch_execute("update mail_outbox set attempts = 2000000000").await.unwrap();
    suite.check(0, 1).await;
}

#[tokio::test]
async fn attempts_end_with_what_the_mail_is_good_for() {
    let suite = Suite::new().await;
    suite.put(ADA).await;
    suite.owner.batch_execute("update mail_outbox set expires_at = now() + interval '30 s'").await.unwrap();
    suite.check(1, 0).await;
    suite.put(EVE).await;
    suite.owner.batch_execute("update mail_outbox set expires_at = now()").await.unwrap();
    suite.check(0, 0).await;
    assert_eq!(suite.recipients(), [ADA]);
}

#[tokio::test]
async fn a_mail_of_a_newer_version_waits_for_it_and_one_without_its_token_is_given_up() {
    let suite = Suite::new().await;
    suite.put_as("birthday", ADA, None).await;
    suite.put_as("verify", ADA, None).await;
    suite.put_as("password-changed", ADA, Some(TOKEN)).await;
    suite.put(EVE).await;
    suite.check(1, 3).await;
    assert_eq!(suite.count("template = 'birthday' and expires_at > now() and sent_at is null").await, 1);
    assert_eq!(suite.count("expires_at <= now() and params = '{}' and sent_at is null").await, 2);
    assert_eq!(suite.recipients(), [EVE]);
}

#[tokio::test]
async fn what_a_relay_says_is_neither_stored_nor_shown() {
    let suite = Suite::new().await;
    suite.smtp.fault(At::Recipient, Fault::Answer(550));
    suite.put(ADA).await;
    let reply = suite.drain().await;
    assert_eq!(reply.text(), r#"{"sent":0,"failed":1}"#);
    assert!(!suite.last_error().await.contains("ada"));
}

#[tokio::test]
async fn the_age_of_the_oldest_mail_that_waits_for_us_is_known() {
    let suite = Suite::new().await;
    let age = async |change: &str| {
        suite.owner.batch_execute(&format!("update mail_outbox set {change}")).await.unwrap();
        oldest_s(&suite.owner).await.unwrap()
    };
    assert_eq!(age("attempts = 0").await, 0);
    suite.put(ADA).await;
    assert!((1200..1260).contains(&age("created_at = now() - interval '20 minutes'").await));
    // A limit holds it back until its time.
    assert_eq!(age("not_before = now() + interval '1 hour'").await, 0);
    assert!(age("attempts = 1").await >= 1200);
    assert_eq!(age("expires_at = now()").await, 0);
    assert_eq!(age("expires_at = now() + interval '1 day', sent_at = now()").await, 0);
}
