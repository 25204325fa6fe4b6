//! What arrives: whole messages, whose links and addresses are right, whatever the address looks like.

use crate::suite::{Suite, TOKEN, bodies, parse};
use mailer::Parts;
use streamly::accounts::outbox::Template;
use streamly::clock::Clock;
use testkit::smtp::Options;

#[tokio::test]
async fn a_mail_arrives_with_both_bodies_and_is_marked_and_emptied() {
    let suite =
        Suite::with(Options::default(), &[], |parts| Parts { clock: Clock::fixed(1_800_000_000), ..parts })
            .await;
    let id = suite.put("Ada@Example.com").await;
    suite.check(1, 0).await;
    let mail = suite.only_mail();
    assert_eq!(
        (&*mail.sender, &*mail.recipients),
        ("no-reply@streamly.test", &["Ada@example.com".to_owned()][..])
    );
    let message = parse(&mail);
    assert_eq!(message.subject(), Some("Confirm your address"));
    assert_eq!(message.from().unwrap().first().unwrap().name(), Some("Streamly"));
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some("Ada@example.com"));
    assert_eq!(message.message_id(), Some(&*format!("{id}@streamly.test")));
    assert_eq!(message.date().unwrap().to_timestamp(), 1_800_000_000);
    assert_eq!(message.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
    let link = format!("https://app.test/verify-email#token={TOKEN}");
    let (plain, html) = bodies(&message);
    assert!(plain.lines().any(|line| line == link), "{plain}");
    assert_eq!(html.matches(&format!("href=\"{link}\"")).count(), 2, "{html}");
    assert_eq!(suite.count("sent_at is not null and params = '{}' and last_error is null").await, 1);
    suite.check(0, 0).await;
}

#[tokio::test]
async fn every_template_arrives_and_only_those_with_a_token_hold_one() {
    let suite = Suite::new().await;
    for template in Template::ALL {
        suite.put_as(template.name(), "ada@example.com", template.has_token().then_some(TOKEN)).await;
    }
    suite.check(Template::ALL.len(), 0).await;
    let mails = suite.smtp.mails();
    let with_token = mails.iter().filter(|mail| {
        let message = parse(mail);
        let (plain, html) = bodies(&message);
        assert_eq!(plain.contains(TOKEN), html.contains(TOKEN));
        plain.contains(TOKEN)
    });
    assert_eq!(with_token.count(), 4);
    assert_eq!(suite.smtp.connections(), 1, "one conversation for all of them");
}

/// A mail to this address goes to this one.
async fn check_address(suite: &Suite, typed: &str, expected: &str) {
    suite.put(typed).await;
    suite.check(1, 0).await;
    let mail = suite.only_mail();
    assert_eq!(mail.recipients, [expected]);
    let message = parse(&mail);
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some(expected));
    let (plain, html) = bodies(&message);
    assert!(plain.contains(expected), "{plain}");
    assert_eq!(html.matches("<a ").count(), 2, "{html}");
    suite.smtp.clear();
}

#[tokio::test]
async fn every_address_that_an_account_may_have_is_reached() {
    let suite = Suite::new().await;
    check_address(&suite, "a@b.co", "a@b.co").await;
    check_address(&suite, "a.b+c@example.com", "a.b+c@example.com").await;
    check_address(&suite, "ada@Bücher.example", "ada@xn--bcher-kva.example").await;
    check_address(&suite, "ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah").await;
    check_address(&suite, "!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com").await;
    check_address(&suite, "{link}{app}{content}@example.com", "{link}{app}{content}@example.com").await;
    let longest = format!("{}@{}.{}.{}.com", "l".repeat(64), "a".repeat(63), "b".repeat(63), "c".repeat(57));
    assert_eq!(longest.len(), 254);
    check_address(&suite, &longest, &longest).await;
}

#[tokio::test]
async fn a_row_that_no_account_could_have_made_enters_no_mail() {
    let suite = Suite::new().await;
    let hostile = [
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com\nSubject: x",
        "ada@example.com>\r\nRCPT TO:<eve@example.com",
        "ada@example.com,eve@example.com",
        "\"ada\"@example.com",
        "Ada <ada@example.com>",
        "ada@[127.0.0.1]",
        "ada@localhost",
        "äda@example.com",
        "",
    ];
    for recipient in hostile {
        suite.put(recipient).await;
    }
    suite.put("ada@example.com").await;
    suite.check(1, hostile.len()).await;
    assert_eq!(suite.recipients(), ["ada@example.com"]);
    suite.let_the_waits_pass().await;
    suite.check(0, 0).await;
    assert_eq!(suite.count("last_error = 'its recipient is no address' and params = '{}'").await, 10);
}

#[tokio::test]
async fn a_hostile_token_stays_text_inside_the_bodies() {
    let suite = Suite::new().await;
    let token = "\"><script>alert(1)</script>\r\n.\r\nMAIL FROM:<eve@example.com>";
    suite.put_as("reset", "ada@example.com", Some(token)).await;
    suite.check(1, 0).await;
    let mail = suite.only_mail();
    let message = parse(&mail);
    let (_, html) = bodies(&message);
    assert!(!html.contains("<script"), "{html}");
    assert_eq!(message.headers().iter().filter(|header| header.name() == "Subject").count(), 1);
}

#[tokio::test]
async fn a_senders_name_may_have_any_letters() {
    let suite =
        Suite::with(Options::default(), &[("MAIL_FROM", "Ströme & Co. <mail@streamly.test>")], |parts| {
            parts
        })
        .await;
    suite.put("ada@example.com").await;
    suite.check(1, 0).await;
    let mail = suite.only_mail();
    assert!(mail.content.is_ascii());
    let message = parse(&mail);
    assert_eq!(message.from().unwrap().first().unwrap().name(), Some("Ströme & Co."));
}

#[tokio::test]
async fn mails_wait_for_their_time_and_the_longest_waiting_goes_first() {
    let suite = Suite::new().await;
    for (recipient, seconds) in [("b@example.com", -20), ("later@example.com", 60), ("a@example.com", -30)] {
        let id = suite.put(recipient).await;
        let set =
            format!("update mail_outbox set not_before = now() + interval '{seconds} s' where id = '{id}'");
        suite.owner.batch_execute(&set).await.unwrap();
    }
    suite.check(2, 0).await;
    assert_eq!(suite.count("sent_at is null and recipient = 'later@example.com' and attempts = 0").await, 1);
}
