//! A register function over a database of its own.

use functions_framework::env::read_from;
use functions_framework::{Request, Routes};
use http::HeaderValue;
use register::{Config, Parts};
use serde_json::{Value, json};
use streamly::accounts::hash::{Capacity, Cost, Hasher, Phc, Verdict};
use streamly::accounts::policy::Password;
use testkit::{Database, Reply, ask, post, variables};
use tokio_postgres::Client;
use tokio_postgres::types::{FromSqlOwned, ToSql};

/// A password that nobody minds.
pub(crate) const PASSWORD: &str = "difference engine no 2";
/// One address for everybody's tests.
pub(crate) const ADA: &str = "ada@example.com";

/// Limits that no test meets by accident.
const WIDE: &[(&str, &str)] = &[("THROTTLE_IP_REGISTER", "100000/60"), ("TRUSTED_PROXY_HOPS", "1")];

pub(crate) struct Suite {
    pub(crate) database: Database,
    pub(crate) owner: Client,
    pub(crate) function: Routes<Parts>,
}

impl Suite {
    pub(crate) async fn new(changes: &[(&str, &str)]) -> Self {
        Self::with(changes, |parts, _| parts).await
    }

    /// A function whose parts the test changes.
    pub(crate) async fn with(
        changes: &[(&str, &str)],
        change: impl FnOnce(Parts, &Database) -> Parts,
    ) -> Self {
        let database = Database::new().await;
        let owner = database.owner().await;
        let all: Vec<(&str, &str)> = WIDE.iter().chain(changes).copied().collect();
        let config = read_from(&variables(&database, "register", &all), Config::read).unwrap();
        let function = register::routes(change(Parts::real(config).unwrap(), &database));
        Self { database, owner, function }
    }

    pub(crate) async fn run(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) {
        self.owner.execute(sql, parameters).await.unwrap();
    }

    /// The one value that this query finds.
    pub(crate) async fn value<T: FromSqlOwned>(&self, sql: &str) -> T {
        self.owner.query_one(sql, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn count(&self, what: &str) -> i64 {
        self.value(&format!("select count(*) from {what}")).await
    }

    /// How many rows every table has that registering writes.
    pub(crate) async fn written(&self) -> [i64; 5] {
        let mut counts = [0; 5];
        for (count, table) in
            counts.iter_mut().zip(["users", "credentials", "one_time_tokens", "mail_outbox", "auth_events"])
        {
            *count = self.count(table).await;
        }
        counts
    }

    pub(crate) async fn register(&self, email: &str, password: &str) -> Reply {
        self.register_from("203.0.113.1", email, password).await
    }

    pub(crate) async fn register_from(&self, address: &str, email: &str, password: &str) -> Reply {
        ask(&self.function, from(address, email, password)).await
    }

    /// Whether this is the password of the one account.
    pub(crate) async fn is_password(&self, text: &str) -> bool {
        let stored = Phc::from(self.value::<String>("select phc from credentials").await);
        let hasher = Hasher::new(Cost::default(), Capacity::new(1 << 30, 2)).unwrap();
        let verdict = hasher.verify(&Password::new(text).unwrap(), Some(&stored)).await.unwrap();
        verdict == Verdict::Right { outdated: false }
    }

    /// Lets this much time pass for everything that is counted.
    pub(crate) async fn let_pass(&self, time: &str) {
        let earlier = format!(
            "update auth_throttle set started_at = started_at - interval '{time}',
               touched_at = touched_at - interval '{time}', until = until - interval '{time}'"
        );
        self.run(&earlier, &[]).await;
    }
}

/// A request as our proxy passes it on.
pub(crate) fn from(address: &str, email: &str, password: &str) -> Request {
    let mut request = post("/v1/register", &json!({ "email": email, "password": password }));
    request.headers_mut().insert("x-forwarded-for", HeaderValue::from_str(address).unwrap());
    request
}

#[track_caller]
pub(crate) fn check(reply: &Reply, expected: (u16, &str)) {
    assert_eq!(reply.outcome(), (expected.0, expected.1.to_owned()), "{}", reply.text());
    if matches!(reply.status.as_u16(), 429 | 503) {
        assert!(reply.header("retry-after").parse::<u32>().unwrap() >= 1);
    }
}

/// Expects a 422 with these pointers and codes.
#[track_caller]
pub(crate) fn check_fields(reply: &Reply, slug: &str, expected: &[[&str; 2]]) {
    check(reply, (422, slug));
    let errors = reply.json()["errors"].as_array().unwrap().clone();
    let found: Vec<Value> = errors.iter().map(|error| json!([error["pointer"], error["code"]])).collect();
    assert_eq!(json!(found), json!(expected));
}
