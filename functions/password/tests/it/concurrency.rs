//! Many at once: a token resets once, a change happens once, a mail goes once.

use crate::suite::{ADA, NEW, PASSWORD, Suite, change, request, reset};
use serde_json::json;
use testkit::ask_all;
use testkit::replies::{counts, outcomes};

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_uses_a_token_and_its_password_is_the_one() {
    let (suite, _) = Suite::with_ada().await;
    let token = suite.mailed(ADA).await;
    let replies =
        ask_all(&suite.function, (0..8).map(|number| reset(&token, &format!("{NEW}{number}")))).await;
    assert_eq!(outcomes(&replies), counts([((204, ""), 1), ((400, "invalid-or-expired-token"), 7)]));
    let winner = replies.iter().position(|reply| reply.status == 204).unwrap();
    assert!(suite.owner.is_password(&format!("{NEW}{winner}")).await);
    assert_eq!(suite.owner.count("auth_events where name = 'authn_password_change'").await, 1);
    assert_eq!(suite.owner.count("mail_outbox where template = 'password-reset'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_changes_wins_and_ends_the_session_of_the_others() {
    let (suite, ada) = Suite::with_ada().await;
    let replies =
        ask_all(&suite.function, (0..6).map(|number| change(&ada, PASSWORD, &format!("{NEW}{number}"))))
            .await;
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
        let replies = ask_all(&suite.function, requests).await;
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
    let replies = ask_all(&suite.function, (0..16).map(|_| change(&ada, "not the engine", NEW))).await;
    let expected = counts([((403, "reauthentication-failed"), 10), ((429, "too-many-requests"), 6)]);
    assert_eq!(outcomes(&replies), expected);
    assert_eq!(suite.owner.value::<i32>("select failures from credentials").await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_forgot_at_once_one_is_mailed() {
    let (suite, _) = Suite::with_ada().await;
    let replies =
        ask_all(&suite.function, (0..12).map(|_| request("forgot", &json!({ "email": ADA })))).await;
    assert_eq!(outcomes(&replies), counts([((202, ""), 12)]));
    assert_eq!(suite.owner.count("mail_outbox").await, 1);
    let matching =
        "mail_outbox where sha256(convert_to(params->>'token', 'utf8')) = (select hash from one_time_tokens)";
    assert_eq!(suite.owner.count(matching).await, 1);
}
