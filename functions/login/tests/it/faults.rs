//! A database that is away or refuses: the client is told to come back, and nothing of the cause.

use crate::suite::{ADA, PASSWORD, Suite, check};
use streamly::db::{Pool, PoolSize};
use testkit::Proxy;

#[tokio::test]
async fn a_lost_database_is_503_and_its_return_is_noticed() {
    let mut suite = Suite::new(&[]).await;
    suite.owner.user_with_password(ADA).await;
    let proxy = Proxy::start(&suite.database).await.unwrap();
    let pool = Pool::new(proxy.url("login").parse().unwrap(), None, PoolSize::default());
    let all = [("THROTTLE_IP_CREDENTIALS", "100000/60")];
    let variables = testkit::variables(&suite.database, "login", &all);
    let config = functions_framework::env::read_from(&variables, login::Config::read).unwrap();
    suite.function = login::routes(login::Parts { pool, ..login::Parts::real(config).unwrap() });
    check(&suite.log_in(ADA, PASSWORD).await, (200, ""));
    proxy.cut();
    check(&suite.log_in(ADA, PASSWORD).await, (503, "unavailable"));
    proxy.restore();
    check(&suite.log_in(ADA, PASSWORD).await, (200, ""));
    suite.database.end_connections("login").await;
    check(&suite.log_in(ADA, PASSWORD).await, (200, ""));
}

#[tokio::test]
async fn a_databases_refusal_is_500_and_stays_unsaid() {
    let suite = Suite::new(&[]).await;
    suite.owner.user_with_password(ADA).await;
    for (revoke, password, status) in [
        ("revoke all on auth_throttle from streamly_login", PASSWORD, 500),
        ("revoke all on sessions from streamly_login", PASSWORD, 500),
        ("revoke all on auth_events from streamly_login", "analytical engine", 500),
    ] {
        let suite = Suite::new(&[]).await;
        suite.owner.user_with_password(ADA).await;
        suite.owner.batch_execute(revoke).await.unwrap();
        let reply = suite.log_in(ADA, password).await;
        check(&reply, (status, "internal-error"));
        let text = reply.text().to_lowercase();
        for word in ["permission", "denied", "table", "sessions", "auth_", "sql", "argon2", "ada@"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        assert_eq!(suite.owner.count("sessions").await, 0);
        assert_eq!(suite.owner.count("auth_events").await, 0);
        assert_eq!(suite.owner.value::<i32>("select failures from credentials").await, 0);
        assert_eq!(suite.owner.attempts(ADA).await, 0, "an attempt without a verdict is taken back");
    }
    check(&suite.log_in(ADA, PASSWORD).await, (200, ""));
}

#[tokio::test]
async fn a_locked_row_is_503() {
    let suite = Suite::new(&[]).await;
    suite.owner.user_with_password(ADA).await;
    suite.owner.batch_execute("begin; select from credentials for update").await.unwrap();
    check(&suite.log_in(ADA, PASSWORD).await, (503, "unavailable"));
    suite.owner.batch_execute("rollback").await.unwrap();
    check(&suite.log_in(ADA, PASSWORD).await, (200, ""));
}
