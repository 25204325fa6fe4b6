//! Many drains at once, drains that are cut off, and drains that run out of time.

use crate::suite::{Suite, request};
use mailer::{Parts, Patience};
use std::collections::BTreeSet;
use testkit::ask;
use testkit::smtp::{At, Fault, Options};
use tokio::task::JoinSet;

#[tokio::test]
async fn any_number_of_drains_at_once_send_each_mail_once() {
    let suite = Suite::new().await;
    for number in 0..60 {
        suite.put(&format!("person-{number}@example.com")).await;
    }
    let mut drains = JoinSet::new();
    for _ in 0..12 {
        let function = suite.function.clone();
        drains.spawn(async move { ask(&function, request()).await });
    }
    let replies = drains.join_all().await;
    let sum = |name: &str| replies.iter().map(|reply| reply.json()[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("sent"), sum("failed")), (60, 0));
    let recipients = suite.recipients();
    assert_eq!(recipients.len(), 60);
    assert_eq!(recipients.into_iter().collect::<BTreeSet<_>>().len(), 60);
    assert_eq!(suite.count("attempts = 1 and sent_at is not null").await, 60);
}

#[tokio::test]
async fn a_drain_takes_a_hundred_mails_and_the_next_takes_the_rest() {
    let suite = Suite::new().await;
    for number in 0..101 {
        suite.put(&format!("person-{number}@example.com")).await;
    }
    suite.check(100, 0).await;
    suite.check(1, 0).await;
}

#[tokio::test]
async fn a_row_that_somebody_holds_is_passed_over() {
    let suite = Suite::new().await;
    suite.put("held@example.com").await;
    suite.put("ada@example.com").await;
    let other = suite.database.owner().await;
    other
        .batch_execute("begin; select from mail_outbox where recipient = 'held@example.com' for update")
        .await
        .unwrap();
    suite.check(1, 0).await;
    other.batch_execute("rollback").await.unwrap();
    suite.check(1, 0).await;
    assert_eq!(suite.recipients(), ["ada@example.com", "held@example.com"]);
}

#[tokio::test]
async fn what_a_cut_off_drain_had_leased_is_due_when_its_lease_ends() {
    let suite = Suite::new().await;
    suite.smtp.fault_for("ada@example.com", At::Content, Fault::Silence);
    suite.put("ada@example.com").await;
    suite.put("eve@example.com").await;
    {
        let drain = suite.drain();
        tokio::pin!(drain);
        // Until the relay has the first mail before it, and no longer.
        while suite.smtp.connections() == 0 {
            tokio::select! {
                reply = &mut drain => panic!("{}", reply.text()),
                () = tokio::task::yield_now() => {}
            }
        }
    }
    suite.smtp.heal();
    let leased = "attempts = 1 and sent_at is null and params->>'token' is not null
        and not_before between now() + interval '50 s' and now() + interval '60 s'";
    assert_eq!(suite.count(leased).await, 2);
    suite.check(0, 0).await;
    suite.let_the_waits_pass().await;
    suite.check(2, 0).await;
    let mut recipients = suite.recipients();
    recipients.sort();
    assert_eq!(recipients, ["ada@example.com", "eve@example.com"]);
}

#[tokio::test]
async fn a_drain_whose_time_is_up_gives_the_rest_back() {
    let hasty = |parts| Parts { patience: Patience { begins_ms_max: 0, ..Patience::default() }, ..parts };
    let suite = Suite::with(Options::default(), &[], hasty).await;
    suite.put("ada@example.com").await;
    suite.put("eve@example.com").await;
    suite.check(0, 0).await;
    assert_eq!(suite.count("attempts = 0 and not_before <= now() and sent_at is null").await, 2);
}
