//! A database that is away or refuses, and requests of another kind.

use crate::suite::{Suite, request};
use functions_framework::Body;
use mailer::Parts;
use streamly::db::{Pool, PoolSize};
use testkit::{Proxy, ask};

#[tokio::test]
async fn a_lost_database_is_503_and_its_return_is_noticed() {
    let mut suite = Suite::new().await;
    let proxy = Proxy::start(&suite.database).await.unwrap();
    let pool = Pool::new(proxy.url("mailer").parse().unwrap(), None, PoolSize::default());
    let variables = testkit::variables(&suite.database, "mailer", &[("SMTP_URL", &suite.smtp.url())]);
    let config = functions_framework::env::read_from(&variables, mailer::Config::read).unwrap();
    suite.function = mailer::routes(Parts { pool, ..Parts::real(config) });
    suite.put("ada@example.com").await;
    proxy.cut();
    assert_eq!(suite.drain().await.outcome(), (503, "unavailable".to_owned()));
    proxy.restore();
    suite.check(1, 0).await;
    suite.database.end_connections("mailer").await;
    suite.check(0, 0).await;
}

#[tokio::test]
async fn a_databases_refusal_is_500_and_stays_unsaid() {
    let suite = Suite::new().await;
    suite.put("ada@example.com").await;
    suite.owner.batch_execute("revoke all on mail_outbox from streamly_mailer").await.unwrap();
    let reply = suite.drain().await;
    assert_eq!(reply.outcome(), (500, "internal-error".to_owned()));
    for word in ["permission", "mail_outbox", "streamly_mailer", "sql"] {
        assert!(!reply.text().to_lowercase().contains(word), "{}", reply.text());
    }
    assert!(suite.smtp.mails().is_empty());
}

#[tokio::test]
async fn a_scheduler_may_send_any_body_and_nothing_else_is_answered() {
    let suite = Suite::new().await;
    for (kind, body) in
        [("application/octet-stream", ""), ("application/json", "{}"), ("text/plain", "drain")]
    {
        let mut asked = request();
        asked.headers_mut().insert("content-type", kind.parse().unwrap());
        *asked.body_mut() = Body::from(body.to_owned());
        assert_eq!(ask(&suite.function, asked).await.status, 200, "{kind}");
    }
    assert_eq!(ask(&suite.function, testkit::get("/drain")).await.status, 405);
    assert_eq!(ask(&suite.function, testkit::get("/v1/drain")).await.status, 404);
}
