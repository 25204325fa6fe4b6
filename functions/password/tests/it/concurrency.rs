//! Many at once: a token resets once, a change happens once, a mail goes once.

use crate::suite::{ADA, NEW, PASSWORD, Suite, change, request, reset};
use functions_framework::Request;
use serde_json::json;
use std::collections::BTreeMap;
use testkit::{Reply, ask};

/// Asks all at once, on several threads.
async fn all(suite: &Suite, requests: impl IntoIterator<Item = Request>) -> Vec<Reply> {
    let asked = requests.into_iter().map(|request| {
        let function = suite.function.clone();
        tokio::spawn(async move { ask(&function, request).await })
    });
    let mut replies = Vec::new();
    for reply in asked.collect::<Vec<_>>() {
        replies.push(reply.await.unwrap());
    }
    replies
}

/// How often each outcome came.
fn outcomes(replies: &[Reply]) -> BTreeMap<(u16, String), usize> {
    let mut counts = BTreeMap::new();
    for reply in replies {
        *counts.entry(reply.outcome()).or_default() += 1;
    }
    counts
}

fn counts<const N: usize>(expected: [((u16, &str), usize); N]) -> BTreeMap<(u16, String), usize> {
    expected.map(|((status, slug), count)| ((status, slug.to_owned()), count)).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_uses_a_token_and_its_password_is_the_one() {
    let (suite, _) = Suite::with_ada().await;
    let token = suite.mailed(ADA).await;
    let replies = all(&suite, (0..8).map(|number| reset(&token, &format!("{NEW}{number}")))).await;
    assert_eq!(outcomes(&replies), counts([((204, ""), 1), ((400, "invalid-or-expired-token"), 7)]));
    let winner = replies.iter().position(|reply| reply.status == 204).unwrap();
    assert!(suite.owner.is_password(&format!("{NEW}{winner}")).await);
    assert_eq!(suite.owner.count("auth_events where name = 'authn_password_change'").await, 1);
    assert_eq!(suite.owner.count("mail_outbox where template = 'password-reset'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_changes_wins_and_ends_the_session_of_the_others() {
    let (suite, ada) = Suite::with_ada().await;
    let replies = all(&suite, (0..6).map(|number| change(&ada, PASSWORD, &format!("{NEW}{number}")))).await;
    assert_eq!(outcomes(&replies), counts([((200, ""), 1), ((401, "session-revoked"), 5)]));
    let winner = replies.iter().position(|reply| reply.status == 200).unwrap();
    assert!(suite.owner.is_password(&format!("{NEW}{winner}")).await);
    assert_eq!(suite.owner.count("sessions where revoked_at is null").await, 1);
    assert_eq!(suite.owner.count("mail_outbox where template = 'password-changed'").await, 1);
    assert_eq!(suite.owner.attempts(ADA).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_reset_and_a_change_at_once_one_happens_and_no_session_of_before_stays() {
    for _ in 0..5 {
        let (suite, ada) = Suite::with_ada().await;
        let token = suite.mailed(ADA).await;
        let requests =
            [reset(&token, &format!("{NEW}reset")), change(&ada, PASSWORD, &format!("{NEW}change"))];
        let replies = all(&suite, requests).await;
        let by_reset = replies[0].status == 204;
        let (of_reset, of_change, name) = if by_reset {
            ((204, ""), (401, "session-revoked"), "reset")
        } else {
            ((400, "invalid-or-expired-token"), (200, ""), "change")
        };
        crate::suite::check(&replies[0], of_reset);
        crate::suite::check(&replies[1], of_change);
        assert!(suite.owner.is_password(&format!("{NEW}{name}")).await);
        let first = format!("sessions where revoked_at is null and id = '{}'", ada.session);
        assert_eq!(suite.owner.count(&first).await, 0);
        assert_eq!(suite.owner.count("sessions where revoked_at is null").await, i64::from(!by_reset));
        assert_eq!(suite.owner.count("one_time_tokens").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_guesses_pass_no_limit() {
    let (suite, ada) = Suite::with_ada().await;
    let replies = all(&suite, (0..16).map(|_| change(&ada, "not the engine", NEW))).await;
    let expected = counts([((403, "reauthentication-failed"), 10), ((429, "too-many-requests"), 6)]);
    assert_eq!(outcomes(&replies), expected);
    assert_eq!(suite.owner.value::<i32>("select failures from credentials").await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_forgot_at_once_one_is_mailed() {
    let (suite, _) = Suite::with_ada().await;
    let replies = all(&suite, (0..12).map(|_| request("forgot", &json!({ "email": ADA })))).await;
    assert_eq!(outcomes(&replies), counts([((202, ""), 12)]));
    assert_eq!(suite.owner.count("mail_outbox").await, 1);
    let matching =
        "mail_outbox where sha256(convert_to(params->>'token', 'utf8')) = (select hash from one_time_tokens)";
    assert_eq!(suite.owner.count(matching).await, 1);
}
