//! A database that is away or refuses, and sessions that another function changes meanwhile.

use crate::suite::{Suite, check, parts, text};
use streamly::db::{Pool, PoolSize};
use testkit::Proxy;
use token::Parts;

#[tokio::test]
async fn a_lost_database_is_503_and_its_return_is_noticed() {
    let mut suite = Suite::new(&[]).await;
    let proxy = Proxy::start(&suite.database).await.unwrap();
    let pool = Pool::new(proxy.url("token").parse().unwrap(), None, PoolSize::default());
    suite.function = token::routes(Parts { pool, ..parts(&suite.database, &[]) });
    let token = suite.token(suite.ada.session, 1);
    check(&suite.refresh(0).await, (200, ""));
    proxy.cut();
    check(&suite.refresh(1).await, (503, "unavailable"));
    check(&suite.log_out(&token, None).await, (503, "unavailable"));
    check(&suite.log_out("nonsense", None).await, (204, ""));
    proxy.restore();
    check(&suite.refresh(1).await, (200, ""));
    suite.database.end_connections("token").await;
    check(&suite.refresh(2).await, (200, ""));
    suite.database.end_connections("token").await;
    check(&suite.log_out(&token, None).await, (204, ""));
    assert_eq!(suite.ended(suite.ada.session).await, "logout");
}

#[tokio::test]
async fn a_refresh_takes_one_round_trip_beside_its_limit() {
    let mut suite = Suite::new(&[]).await;
    let proxy = Proxy::start(&suite.database).await.unwrap();
    let pool = Pool::new(proxy.url("token").parse().unwrap(), None, "1".parse().unwrap());
    suite.function = token::routes(Parts { pool, ..parts(&suite.database, &[]) });
    // Opens the connection.
    check(&suite.refresh(0).await, (200, ""));
    let before = proxy.round_trips();
    check(&suite.refresh(1).await, (200, ""));
    // The others ask whether the connection that rested still leads anywhere, and count the client's attempt.
    assert_eq!(proxy.round_trips() - before, 1 + 2);
    let before = proxy.round_trips();
    check(&suite.refresh_text("nonsense").await, (401, "invalid-refresh-token"));
    assert_eq!(proxy.round_trips(), before, "what is no token of ours is not asked for");
}

#[tokio::test]
async fn a_databases_refusal_is_500_and_stays_unsaid() {
    for table in ["auth_throttle", "sessions", "users", "auth_events"] {
        let suite = Suite::new(&[]).await;
        suite.owner.batch_execute(&format!("revoke all on {table} from streamly_token")).await.unwrap();
        let mut replies = vec![suite.refresh(0).await];
        if matches!(table, "sessions" | "auth_events") {
            replies.push(suite.log_out(&suite.token(suite.ada.session, 0), None).await);
        }
        for reply in replies {
            check(&reply, (500, "internal-error"));
            let text = reply.text().to_lowercase();
            for word in ["permission", "denied", "table", "sessions", "auth_", "sql", "rt1."] {
                assert!(!text.contains(word), "{word}: {text}");
            }
        }
        // The effect and its event are one.
        assert_eq!((suite.counter().await, suite.owner.count("auth_events").await), (0, 0), "{table}");
        assert_eq!(suite.ended(suite.ada.session).await, "");
    }
}

#[tokio::test]
async fn a_reuse_that_cannot_be_told_of_ends_nothing_yet() {
    let suite = Suite::new(&[]).await;
    suite.set("counter = 5").await;
    suite.owner.batch_execute("revoke insert on auth_events from streamly_token").await.unwrap();
    check(&suite.refresh(2).await, (500, "internal-error"));
    assert_eq!(suite.ended(suite.ada.session).await, "");
    suite.owner.batch_execute("grant insert on auth_events to streamly_token").await.unwrap();
    check(&suite.refresh(2).await, (401, "refresh-token-reused"));
    assert_eq!(suite.ended(suite.ada.session).await, "token-reuse");
}

#[tokio::test]
async fn a_scope_that_nobody_grants_is_a_defect() {
    let suite = Suite::new(&[]).await;
    let broken = "alter table users drop constraint users_scope_check; update users set scope = 'root'";
    suite.owner.batch_execute(broken).await.unwrap();
    let reply = suite.refresh(0).await;
    check(&reply, (500, "internal-error"));
    assert!(!reply.text().contains("root"));
}

/// Changes the session on another connection, which holds its row until a refresh waits for it.
async fn check_overlap(change: &str, expected: (u16, &str)) {
    let suite = Suite::new(&[]).await;
    suite.owner.batch_execute("begin").await.unwrap();
    suite.set(change).await;
    let reply = suite.database.behind(&suite.owner, suite.refresh(0)).await;
    check(&reply, expected);
    if expected.0 == 200 {
        assert_eq!(suite.named(&text(&reply, "refresh_token")).counter, 1);
    }
}

#[tokio::test]
async fn what_another_function_changes_meanwhile_decides() {
    let gone = (401, "invalid-refresh-token");
    check_overlap("revoked_at = now(), revoke_reason = 'password-reset'", gone).await;
    check_overlap("idle_expires_at = now()", (401, "session-expired")).await;
    check_overlap("counter = 1, rotated_at = now()", (200, "")).await;
    check_overlap("counter = 2, rotated_at = now()", (401, "refresh-token-reused")).await;
    check_overlap("last_used_at = now()", (200, "")).await;
}

#[tokio::test]
async fn a_locked_row_is_503() {
    let suite = Suite::new(&[]).await;
    suite.owner.batch_execute("begin; select from sessions for update").await.unwrap();
    let token = suite.token(suite.ada.session, 0);
    let (refreshed, ended) = tokio::join!(suite.refresh(0), suite.log_out(&token, None));
    check(&refreshed, (503, "unavailable"));
    check(&ended, (503, "unavailable"));
    suite.owner.batch_execute("rollback").await.unwrap();
    // Neither happened, then or later.
    assert_eq!((suite.counter().await, suite.ended(suite.ada.session).await), (0, String::new()));
    check(&suite.refresh(0).await, (200, ""));
}
