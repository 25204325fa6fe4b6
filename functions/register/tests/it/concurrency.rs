//! Many at once: one account, whoever was first.

use crate::suite::{ADA, Suite, check, from};
use testkit::replies::{counts, outcomes};
use testkit::{CLIENT, Reply, ask_all};

/// Registers one address in several spellings at once, each with a password of its own.
async fn all(suite: &Suite, count: usize) -> Vec<Reply> {
    let spellings = ["ada@example.com", "Ada@example.com", "ADA@EXAMPLE.COM", "ada@Example.com"];
    let requests = (0..count)
        .map(|number| from(CLIENT, spellings[number % 4], &format!("difference engine no {number}")));
    ask_all(&suite.function, requests).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_gets_the_account() {
    let suite = Suite::new(&[("DATABASE_POOL_SIZE", "8")]).await;
    let replies = all(&suite, 12).await;
    assert_eq!(outcomes(&replies), counts([((201, ""), 1), ((409, "email-taken"), 11)]));
    assert_eq!(suite.written().await, [1, 1, 1, 1, 1]);
    let winner = replies.iter().position(|reply| reply.status == 201).unwrap();
    assert!(suite.owner.is_password(&format!("difference engine no {winner}")).await);
    assert_eq!(
        suite.owner.count("auth_throttle where count = 12").await,
        1,
        "every attempt of the client is counted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_addresses_are_verified_first_one_account_is_made_and_one_mail_sent() {
    let suite = Suite::new(&[("DATABASE_POOL_SIZE", "8"), ("EMAIL_VERIFICATION", "required")]).await;
    for reply in all(&suite, 12).await {
        check(&reply, (202, ""));
    }
    assert_eq!(suite.written().await, [1, 1, 1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_take_over_one_wins_with_all_that_it_brings() {
    let suite = Suite::new(&[("DATABASE_POOL_SIZE", "8"), ("EMAIL_VERIFICATION", "required")]).await;
    check(&suite.register(ADA, "analytical engine").await, (202, ""));
    suite.owner.let_pass("2 minutes").await;
    for reply in all(&suite, 8).await {
        check(&reply, (202, ""));
    }
    assert_eq!(suite.written().await, [1, 1, 1, 2, 2]);
    assert!(!suite.owner.is_password("analytical engine").await);
    let matching = "mail_outbox where template = 'verify-again'
        and sha256(convert_to(params->>'token', 'utf8')) = (select hash from one_time_tokens)";
    assert_eq!(suite.owner.count(matching).await, 1);
}
