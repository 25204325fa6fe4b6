//! A database that is away or refuses: the client is told to come back, nothing of the cause, and nothing is half-written.

use crate::suite::{PASSWORD, Suite, check, parts, request};
use account::Parts;
use http::Method;
use streamly::db::{Pool, PoolSize};
use testkit::Proxy;

#[tokio::test]
async fn a_lost_database_is_503_and_its_return_is_noticed() {
    let (mut suite, ada) = Suite::with_ada().await;
    let proxy = Proxy::start(&suite.database).await.unwrap();
    let pool = Pool::new(proxy.url("account").parse().unwrap(), None, PoolSize::default());
    suite.function = account::routes(Parts { pool, ..parts(&suite.database, &[]) });
    check(&suite.ask(Method::GET, "/v1/account", &ada).await, (200, ""));
    proxy.cut();
    for path in ["/v1/account", "/v1/account/sessions", "/v1/account/export"] {
        check(&suite.ask(Method::GET, path, &ada).await, (503, "unavailable"));
    }
    check(&suite.delete(&ada, PASSWORD).await, (503, "unavailable"));
    proxy.restore();
    check(&suite.ask(Method::GET, "/v1/account", &ada).await, (200, ""));
    check(&suite.delete(&ada, PASSWORD).await, (202, ""));
}

#[tokio::test]
async fn a_caller_costs_one_round_trip_with_what_is_asked_and_a_forged_one_none() {
    let (mut suite, ada) = Suite::with_ada().await;
    let proxy = Proxy::start(&suite.database).await.unwrap();
    let pool = Pool::new(proxy.url("account").parse().unwrap(), None, "1".parse().unwrap());
    suite.function = account::routes(Parts { pool, ..parts(&suite.database, &[]) });
    let get = || suite.ask(Method::GET, "/v1/account", &ada);
    // Opens the connection.
    check(&get().await, (200, ""));
    let before = proxy.round_trips();
    check(&get().await, (200, ""));
    // The other asks whether the connection that rested still leads anywhere.
    assert_eq!(proxy.round_trips() - before, 1 + 1);
    ada.log_out(&suite.owner).await;
    let before = proxy.round_trips();
    check(&get().await, (401, "session-revoked"));
    assert_eq!(proxy.round_trips() - before, 1 + 1);
    let mut forged = request(Method::GET, "/v1/account", None, None);
    forged.headers_mut().insert("authorization", http::HeaderValue::from_static("Bearer a.b.c"));
    let before = proxy.round_trips();
    check(&testkit::ask(&suite.function, forged).await, (401, "invalid-token"));
    assert_eq!(proxy.round_trips(), before);
}

#[tokio::test]
async fn an_end_that_fails_ends_nothing_and_tells_nothing() {
    for (right, table) in [
        ("insert", "mail_outbox"),
        ("insert", "auth_events"),
        ("update (revoked_at, revoke_reason)", "sessions"),
        ("update (deleted_at)", "users"),
        ("delete", "one_time_tokens"),
        ("delete", "auth_throttle"),
    ] {
        let (suite, ada) = Suite::with_ada().await;
        let revoke = format!("revoke {right} on {table} from streamly_account");
        suite.owner.batch_execute(&revoke).await.unwrap();
        let before = suite.owner.accounts().await;
        let reply = suite.delete(&ada, PASSWORD).await;
        check(&reply, (500, "internal-error"));
        let text = reply.text().to_lowercase();
        for word in ["permission", "denied", table, "sql", "argon2", "ada@"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        assert_eq!(suite.owner.accounts().await, before, "{revoke}");
    }
}
