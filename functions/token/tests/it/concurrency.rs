//! Many at once: one token has one successor, and an end is an end.

use crate::suite::{LOGOUT, REFRESH, Suite, check, from, text};
use functions_framework::Request;
use serde_json::json;
use std::collections::HashSet;
use streamly::ids::SessionId;
use testkit::{Person, ask_all};

/// How many ask at once.
const MANY: usize = 16;

fn refresh(token: &str) -> Request {
    from("203.0.113.1", REFRESH, &json!({ "refresh_token": token }))
}

fn log_out(token: &str, scope: &str) -> Request {
    from("203.0.113.1", LOGOUT, &json!({ "refresh_token": token, "scope": scope }))
}

async fn suite() -> Suite {
    Suite::new(&[("DATABASE_POOL_SIZE", "8")]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_token_asked_with_at_once_has_one_successor() {
    let suite = suite().await;
    let mut token = suite.token(suite.ada.session, 0);
    for round in 1..=3 {
        let replies = ask_all(&suite.function, (0..MANY).map(|_| refresh(&token))).await;
        for reply in &replies {
            check(reply, (200, ""));
        }
        let successors: HashSet<String> = replies.iter().map(|reply| text(reply, "refresh_token")).collect();
        assert_eq!(successors.len(), 1);
        let access: HashSet<String> = replies.iter().map(|reply| text(reply, "access_token")).collect();
        assert_eq!(access.len(), MANY);
        assert_eq!(suite.counter().await, round);
        assert_eq!(suite.events("authn_token_created").await, round);
        token = successors.into_iter().next().unwrap();
    }
    assert_eq!(suite.ended(suite.ada.session).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_token_that_comes_often_at_once_ends_its_session_once() {
    let suite = suite().await;
    suite.set("counter = 7, rotated_at = now()").await;
    let token = suite.token(suite.ada.session, 3);
    let replies = ask_all(&suite.function, (0..MANY).map(|_| refresh(&token))).await;
    let reused = replies.iter().filter(|reply| reply.slug() == "refresh-token-reused").count();
    let late = replies.iter().filter(|reply| reply.slug() == "invalid-refresh-token").count();
    assert!(reused >= 1 && reused + late == MANY, "{reused} {late}");
    assert_eq!(suite.events("authn_token_reuse").await, 1);
    assert_eq!(suite.counter().await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_among_refreshes_wins() {
    let suite = suite().await;
    let token = suite.token(suite.ada.session, 0);
    let request = |number| if number == MANY / 2 { log_out(&token, "session") } else { refresh(&token) };
    for reply in ask_all(&suite.function, (0..MANY).map(request)).await {
        let expected = match reply.status.as_u16() {
            status @ (200 | 204) => (status, ""),
            _ => (401, "invalid-refresh-token"),
        };
        check(&reply, expected);
    }
    assert_eq!(suite.ended(suite.ada.session).await, "logout");
    assert!(suite.counter().await <= 1);
    check(&suite.refresh(1).await, (401, "invalid-refresh-token"));
    assert_eq!(suite.events("authn_token_revoked").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_end_each_other_at_once_do_not_lock_each_other() {
    for scope in ["others", "all"] {
        let suite = suite().await;
        let mut tokens = vec![suite.token(suite.ada.session, 0)];
        for _ in 1..MANY {
            let session = SessionId::new();
            suite.ada.log_in(&suite.owner, session).await;
            tokens.push(suite.token(session, 0));
        }
        for reply in ask_all(&suite.function, tokens.iter().map(|token| log_out(token, scope))).await {
            check(&reply, (204, ""));
        }
        let left = suite.owner.count("sessions where revoked_at is null").await;
        assert!(left <= i64::from(scope == "others"), "{left}");
        assert!(suite.events("authn_token_revoked").await >= 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refreshes_of_many_sessions_at_once_share_nothing() {
    let suite = suite().await;
    let mut sessions = vec![suite.ada.session];
    for _ in 1..MANY {
        sessions.push(Person::new(&suite.owner).await.session);
    }
    let tokens: Vec<String> = sessions.iter().map(|session| suite.token(*session, 0)).collect();
    let replies = ask_all(&suite.function, tokens.iter().map(|token| refresh(token))).await;
    for (reply, session) in replies.iter().zip(&sessions) {
        check(reply, (200, ""));
        assert_eq!(suite.named(&text(reply, "refresh_token")).session_id, *session);
    }
    assert_eq!(suite.owner.count("sessions where counter = 1").await, i64::try_from(MANY).unwrap());
}
