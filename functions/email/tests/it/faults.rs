//! A database that is away or refuses: the client is told to come back, nothing of the cause, and nothing is half-written.

use crate::suite::{ADA, PASSWORD, Suite, change, check, parts, request, verify};
use email::Parts;
use functions_framework::Request;
use serde_json::json;
use streamly::db::{Pool, PoolSize};
use testkit::{Proxy, ask};

#[tokio::test]
async fn a_lost_database_is_503_and_its_return_is_noticed() {
    let (mut suite, ada) = Suite::with_ada().await;
    let proxy = Proxy::start(&suite.database).await.unwrap();
    let pool = Pool::new(proxy.url("email").parse().unwrap(), None, PoolSize::default());
    suite.function = email::routes(Parts { pool, ..parts(&suite.database, &[]) });
    let token = suite.registered(&ada).await;
    check(&suite.resend("other@example.com").await, (202, ""));
    proxy.cut();
    check(&suite.verify(&token).await, (503, "unavailable"));
    check(&suite.resend(ADA).await, (503, "unavailable"));
    check(&suite.change(&ada, PASSWORD, "b@example.com").await, (503, "unavailable"));
    proxy.restore();
    check(&suite.verify(&token).await, (204, ""));
}

/// Takes a right away, asks, and expects a 500 that says nothing and changes nothing.
async fn check_refused(suite: &Suite, right: &str, table: &str, request: Request) {
    let revoke = format!("revoke {right} on {table} from streamly_email");
    suite.owner.batch_execute(&revoke).await.unwrap();
    let before = suite.owner.accounts().await;
    let reply = ask(&suite.function, request).await;
    assert_eq!(reply.outcome(), (500, "internal-error".to_owned()), "{revoke}");
    let text = reply.text().to_lowercase();
    for word in ["permission", "denied", table, "sql", "ada@", "countess", "engine"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    assert_eq!(suite.owner.accounts().await, before, "{revoke}");
}

#[tokio::test]
async fn a_refusal_of_the_database_leaves_nothing_behind() {
    for (right, table) in [("update", "users"), ("insert", "auth_events"), ("delete", "one_time_tokens")] {
        let (suite, ada) = Suite::with_ada().await;
        let token = suite.registered(&ada).await;
        check_refused(&suite, right, table, verify(&token)).await;
    }
    for table in ["mail_outbox", "auth_events", "one_time_tokens"] {
        let (suite, ada) = Suite::with_ada().await;
        check_refused(&suite, "insert", table, change(&ada, PASSWORD, "countess@example.com")).await;
        assert_eq!(suite.owner.attempts(ADA).await, 0, "{table}");
        suite.owner.run("update users set verified_at = null", &[]).await;
        check_refused(&suite, "insert", table, request("verify/resend", &json!({ "email": ADA }))).await;
    }
    for table in ["mail_outbox", "auth_events"] {
        let (suite, ada) = Suite::with_ada().await;
        check(&suite.change(&ada, PASSWORD, "countess@example.com").await, (202, ""));
        let token = suite.mailed("change-email").await;
        check_refused(&suite, "insert", table, verify(&token)).await;
    }
}
