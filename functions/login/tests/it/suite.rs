//! A login function over a database of its own, and people with passwords in it.

use functions_framework::env::read_from;
use functions_framework::{Request, Routes};
use http::HeaderValue;
use login::{Config, Parts};
use serde_json::json;
use streamly::accounts::hash::{Capacity, Cost, Hasher};
use streamly::accounts::policy::Password;
use streamly::accounts::throttle::Key;
use streamly::ids::UserId;
use testkit::{Database, Reply, ask, post, variables};
use tokio_postgres::Client;
use tokio_postgres::types::{FromSqlOwned, ToSql};

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "difference engine no 2";
/// One address for everybody's tests.
pub(crate) const ADA: &str = "ada@example.com";

/// Limits that no test meets by accident.
const WIDE: &[(&str, &str)] = &[("THROTTLE_IP_CREDENTIALS", "100000/60"), ("TRUSTED_PROXY_HOPS", "1")];

pub(crate) struct Suite {
    pub(crate) database: Database,
    pub(crate) owner: Client,
    pub(crate) function: Routes<Parts>,
}

impl Suite {
    pub(crate) async fn new(changes: &[(&str, &str)]) -> Self {
        Self::with(changes, |parts| parts).await
    }

    /// A function whose parts the test changes.
    pub(crate) async fn with(changes: &[(&str, &str)], change: impl FnOnce(Parts) -> Parts) -> Self {
        let database = Database::new().await;
        let owner = database.owner().await;
        let all: Vec<(&str, &str)> = WIDE.iter().chain(changes).copied().collect();
        let config = read_from(&variables(&database, "login", &all), Config::read).unwrap();
        let function = login::routes(change(Parts::real(config).unwrap()));
        Self { database, owner, function }
    }

    /// Somebody verified, with [`PASSWORD`].
    pub(crate) async fn person(&self, email: &str) -> UserId {
        let password = Password::new(PASSWORD).unwrap();
        let phc = hasher().hash(&password).await.unwrap();
        self.person_with(email, phc.expose()).await
    }

    /// Somebody verified, with this text for a hash.
    pub(crate) async fn person_with(&self, email: &str, phc: &str) -> UserId {
        let id = UserId::new();
        let user = "insert into users (id, email, email_canonical, verified_at) values ($1, $2, $2, now())";
        self.run(user, &[&id.uuid(), &email]).await;
        let credential = "insert into credentials (user_id, kind, phc) values ($1, 'password', $2)";
        self.run(credential, &[&id.uuid(), &phc]).await;
        id
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

    /// How many attempts of its run are counted on an account.
    pub(crate) async fn attempts(&self, email: &str) -> i32 {
        let key = Key::account(&email.parse().unwrap());
        let select = "select count from auth_throttle where key = $1";
        let row = self.owner.query_opt(select, &[&key.as_bytes()]).await.unwrap();
        row.map_or(0, |row| row.get(0))
    }

    /// Ends the wait that the account's run has earned.
    pub(crate) async fn let_the_wait_pass(&self, email: &str) {
        self.set_run(email, "until = now()").await;
    }

    /// Changes the run of attempts on an account.
    pub(crate) async fn set_run(&self, email: &str, assignments: &str) {
        let key = Key::account(&email.parse().unwrap());
        let update = format!("update auth_throttle set {assignments} where key = $1");
        self.run(&update, &[&key.as_bytes()]).await;
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Reply {
        self.log_in_from("203.0.113.1", email, password).await
    }

    pub(crate) async fn log_in_from(&self, address: &str, email: &str, password: &str) -> Reply {
        ask(&self.function, from(address, email, password)).await
    }
}

pub(crate) fn hasher() -> Hasher {
    Hasher::new(Cost::default(), Capacity::new(1 << 30, 2)).unwrap()
}

/// A request as our proxy passes it on.
pub(crate) fn from(address: &str, email: &str, password: &str) -> Request {
    let mut request = post("/v1/login", &json!({ "email": email, "password": password }));
    request.headers_mut().insert("x-forwarded-for", HeaderValue::from_str(address).unwrap());
    request
}

#[track_caller]
pub(crate) fn check(reply: &Reply, expected: (u16, &str)) {
    assert_eq!(reply.outcome(), (expected.0, expected.1.to_owned()), "{}", reply.text());
    if matches!(reply.status.as_u16(), 429 | 503) {
        assert!(reply.header("retry-after").parse::<u32>().unwrap() >= 1);
    }
    if reply.status == 401 {
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
}

/// A reply without what differs in every one.
pub(crate) fn without_id(reply: &Reply) -> serde_json::Value {
    let mut body = reply.json();
    body.as_object_mut().unwrap().remove("request_id");
    body
}
