//! A database that is away or refuses, and a full queue: the client is told to come back, nothing of the cause, and
//! nothing is half-written.

use crate::suite::{ADA, PASSWORD, Suite, check, from};
use register::Parts;
use streamly::accounts::hash::{Capacity, Cost, Hasher};
use streamly::db::{Pool, PoolSize};
use testkit::{CLIENT, Proxy, ask_all};

#[tokio::test]
async fn a_lost_database_is_503_and_its_return_is_noticed() {
    let mut suite = Suite::new(&[]).await;
    let proxy = Proxy::start(&suite.database).await.unwrap();
    let pool = Pool::new(proxy.url("register").parse().unwrap(), None, PoolSize::default());
    let all = [("THROTTLE_IP_REGISTER", "100000/60")];
    let variables = testkit::variables(&suite.database, "register", &all);
    let config = functions_framework::env::read_from(&variables, register::Config::read).unwrap();
    suite.function = register::routes(Parts { pool, ..Parts::real(config).unwrap() });
    check(&suite.register("first@example.com", PASSWORD).await, (201, ""));
    proxy.cut();
    check(&suite.register(ADA, PASSWORD).await, (503, "unavailable"));
    proxy.restore();
    check(&suite.register(ADA, PASSWORD).await, (201, ""));
}

#[tokio::test]
async fn a_databases_refusal_is_500_and_stays_unsaid_and_nothing_is_written() {
    for table in ["users", "credentials", "one_time_tokens", "mail_outbox", "auth_events", "auth_throttle"] {
        let suite = Suite::new(&[]).await;
        suite.owner.batch_execute(&format!("revoke insert on {table} from streamly_register")).await.unwrap();
        let reply = suite.register(ADA, PASSWORD).await;
        check(&reply, (500, "internal-error"));
        let text = reply.text().to_lowercase();
        for word in ["permission", "denied", "table", table, "sql", "argon2", "ada@"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        assert_eq!(suite.written().await, [0; 5], "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_surplus_of_a_full_queue_is_turned_away() {
    let suite = Suite::with(&[("DATABASE_POOL_SIZE", "20")], |parts, _| {
        // Room for one hash at a time.
        Parts { hasher: Hasher::new(Cost::default(), Capacity::new(160 << 20, 1)).unwrap(), ..parts }
    })
    .await;
    let requests = (0..200).map(|number| from(CLIENT, &format!("ada{number}@example.com"), PASSWORD));
    let mut made = 0;
    for reply in ask_all(&suite.function, requests).await {
        check(&reply, if reply.status == 201 { (201, "") } else { (503, "unavailable") });
        made += i64::from(reply.status == 201);
    }
    assert!((1..200).contains(&made), "{made}");
    assert_eq!(suite.written().await, [made; 5]);
    check(&suite.register(ADA, PASSWORD).await, (201, ""));
}
