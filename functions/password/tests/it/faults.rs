//! A database that is away or refuses, and a full queue: the client is told to come back, nothing of the cause, and nothing is
//! half-written.

use crate::suite::{ADA, NEW, PASSWORD, Suite, change, check, parts, request, reset};
use functions_framework::Request;
use password::Parts;
use serde_json::json;
use streamly::accounts::hash::{Capacity, Cost, Hasher};
use streamly::db::{Pool, PoolSize};
use testkit::{Proxy, ask};

#[tokio::test]
async fn a_lost_database_is_503_and_its_return_is_noticed() {
    let (mut suite, ada) = Suite::with_ada().await;
    let proxy = Proxy::start(&suite.database).await.unwrap();
    let pool = Pool::new(proxy.url("password").parse().unwrap(), None, PoolSize::default());
    suite.function = password::routes(Parts { pool, ..parts(&suite.database, &[]) });
    let token = suite.mailed(ADA).await;
    proxy.cut();
    check(&suite.forgot(ADA).await, (503, "unavailable"));
    check(&suite.reset(&token, NEW).await, (503, "unavailable"));
    check(&suite.change(&ada, PASSWORD, NEW).await, (503, "unavailable"));
    proxy.restore();
    check(&suite.change(&ada, PASSWORD, NEW).await, (200, ""));
    suite.owner.let_pass("1 minute").await;
    check(&suite.reset(&suite.mailed(ADA).await, PASSWORD).await, (204, ""));
}

/// Takes a right away, asks, and expects a 500 that says nothing and changes nothing.
async fn check_refused(suite: &Suite, right: &str, table: &str, request: Request) {
    let revoke = format!("revoke {right} on {table} from streamly_password");
    suite.owner.batch_execute(&revoke).await.unwrap();
    let before = suite.owner.accounts().await;
    let reply = ask(&suite.function, request).await;
    assert_eq!(reply.outcome(), (500, "internal-error".to_owned()), "{revoke}");
    let text = reply.text().to_lowercase();
    for word in ["permission", "denied", table, "sql", "argon2", "ada@", "engine"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    assert_eq!(suite.owner.accounts().await, before, "{revoke}");
}

#[tokio::test]
async fn where_a_mail_cannot_be_written_there_is_no_token() {
    for table in ["mail_outbox", "auth_events", "one_time_tokens", "auth_throttle"] {
        let (suite, _) = Suite::with_ada().await;
        check_refused(&suite, "insert", table, request("forgot", &json!({ "email": ADA }))).await;
    }
}

#[tokio::test]
async fn a_reset_that_fails_leaves_its_token_good() {
    for (right, table, columns) in [
        ("insert", "mail_outbox", ""),
        ("insert", "auth_events", ""),
        ("update", "sessions", "(revoked_at, revoke_reason)"),
        ("update", "credentials", "(phc, failures, disabled_at)"),
        ("update", "users", "(verified_at)"),
        ("delete", "auth_throttle", ""),
    ] {
        let (suite, _) = Suite::with_ada().await;
        let token = suite.mailed(ADA).await;
        check_refused(&suite, right, table, reset(&token, NEW)).await;
        let grant = format!("grant {right} {columns} on {table} to streamly_password");
        suite.owner.batch_execute(&grant).await.unwrap();
        check(&suite.reset(&token, NEW).await, (204, ""));
    }
}

#[tokio::test]
async fn a_change_that_fails_changes_nothing_and_does_not_count() {
    for (right, table) in [
        ("insert", "mail_outbox"),
        ("insert", "sessions"),
        ("update", "sessions"),
        ("update", "credentials"),
        ("delete", "one_time_tokens"),
    ] {
        let (suite, ada) = Suite::with_ada().await;
        check_refused(&suite, right, table, change(&ada, PASSWORD, NEW)).await;
        assert_eq!(suite.owner.attempts(ADA).await, 0, "{right} {table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_surplus_of_a_full_queue_is_turned_away() {
    let (mut suite, _) = Suite::with_ada().await;
    // Room for one hash at a time.
    let hasher = Hasher::new(Cost::new(65_536, 3).unwrap(), Capacity::new(200 << 20, 1)).unwrap();
    suite.function = password::routes(Parts { hasher, ..parts(&suite.database, &[]) });
    let token = suite.mailed(ADA).await;
    let asked: Vec<_> = (0..60)
        .map(|_| {
            let (function, request) = (suite.function.clone(), reset(&token, NEW));
            tokio::spawn(async move { ask(&function, request).await })
        })
        .collect();
    let (mut turned_away, mut done) = (0, 0);
    for reply in asked {
        let reply = reply.await.unwrap();
        match reply.status.as_u16() {
            503 => check(&reply, (503, "unavailable")),
            204 => check(&reply, (204, "")),
            _ => check(&reply, (400, "invalid-or-expired-token")),
        }
        turned_away += i32::from(reply.status == 503);
        done += i32::from(reply.status == 204);
    }
    assert!((1..60).contains(&turned_away), "{turned_away}");
    assert_eq!(done, 1);
}
