//! Many at once: one account, whoever was first.

use crate::suite::{ADA, Suite, check, from};
use std::collections::BTreeMap;
use testkit::{Reply, ask};

/// Registers one address in several spellings at once, each with a password of its own.
async fn all(suite: &Suite, count: usize) -> Vec<Reply> {
    let spellings = ["ada@example.com", "Ada@example.com", "ADA@EXAMPLE.COM", "ada@Example.com"];
    let asked = (0..count).map(|number| {
        let function = suite.function.clone();
        let request = from("203.0.113.1", spellings[number % 4], &format!("difference engine no {number}"));
        tokio::spawn(async move { ask(&function, request).await })
    });
    let mut replies = Vec::new();
    for reply in asked.collect::<Vec<_>>() {
        replies.push(reply.await.unwrap());
    }
    replies
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_gets_the_account() {
    let suite = Suite::new(&[("DATABASE_POOL_SIZE", "8")]).await;
    let replies = all(&suite, 12).await;
    let mut outcomes = BTreeMap::<_, usize>::new();
    for reply in &replies {
        *outcomes.entry(reply.outcome()).or_default() += 1;
    }
    assert_eq!(outcomes, [((201, String::new()), 1), ((409, "email-taken".to_owned()), 11)].into());
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
