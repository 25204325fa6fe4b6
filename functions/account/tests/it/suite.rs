//! An account function over a database of its own, and people with passwords in it.

use account::{Config, Parts};
use functions_framework::env::read_from;
use functions_framework::{Body, Request, Routes};
use http::{Method, header};
use serde_json::{Value, json};
use streamly::accounts::hash::{Capacity, Cost, Hasher};
use streamly::accounts::policy::Password;
use streamly::accounts::throttle::Key;
use streamly::ids::{SessionId, UserId};
use testkit::{Database, Person, Reply, ask, bearer, variables};
use tokio_postgres::Client;
use tokio_postgres::types::{FromSqlOwned, ToSql};

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "difference engine no 2";
/// One address for everybody's tests.
pub(crate) const ADA: &str = "Ada@example.com";

/// Limits that no test meets by accident.
const WIDE: &[(&str, &str)] =
    &[("THROTTLE_IP_CREDENTIALS", "100000/60"), ("TRUSTED_PROXY_HOPS", "1"), ("DATABASE_POOL_SIZE", "8")];

pub(crate) struct Suite {
    pub(crate) database: Database,
    pub(crate) owner: Client,
    pub(crate) function: Routes<Parts>,
}

impl Suite {
    pub(crate) async fn new(changes: &[(&str, &str)]) -> Self {
        let database = Database::new().await;
        let owner = database.owner().await;
        let function = account::routes(parts(&database, changes));
        Self { database, owner, function }
    }

    /// With one verified person, who has [`PASSWORD`] and a session.
    pub(crate) async fn with_ada() -> (Self, Person) {
        let suite = Self::new(&[]).await;
        let ada = suite.person(ADA).await;
        (suite, ada)
    }

    /// Somebody verified, with [`PASSWORD`] and a session.
    pub(crate) async fn person(&self, email: &str) -> Person {
        let hasher = Hasher::new(Cost::default(), Capacity::new(1 << 30, 2)).unwrap();
        let phc = hasher.hash(&Password::new(PASSWORD).unwrap()).await.unwrap();
        let (id, session) = (UserId::new(), SessionId::new());
        let user =
            "insert into users (id, email, email_canonical, verified_at) values ($1, $2, lower($2), now())";
        self.run(user, &[&id.uuid(), &email]).await;
        let credential = "insert into credentials (user_id, kind, phc) values ($1, 'password', $2)";
        self.run(credential, &[&id.uuid(), &phc.expose()]).await;
        let person = Person { id, session, email: email.to_owned(), scope: "user".to_owned() };
        person.log_in(&self.owner, session).await;
        person
    }

    /// The same person in another session.
    pub(crate) async fn log_in(&self, person: &Person) -> Person {
        let session = SessionId::new();
        person.log_in(&self.owner, session).await;
        Person { session, ..person.clone() }
    }

    pub(crate) async fn run(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) {
        self.owner.execute(sql, parameters).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// The one value that this query finds.
    pub(crate) async fn value<T: FromSqlOwned>(&self, sql: &str) -> T {
        self.owner.query_one(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
    }

    pub(crate) async fn count(&self, what: &str) -> i64 {
        self.value(&format!("select count(*) from {what}")).await
    }

    /// Every row that the function may have changed, but for counters.
    pub(crate) async fn state(&self) -> String {
        self.value(
            "
            select concat_ws(E'\\n',
              (select jsonb_agg(u order by id) from users u),
              (select jsonb_agg(c order by user_id) from credentials c),
              (select jsonb_agg(t order by hash) from one_time_tokens t),
              (select jsonb_agg(s order by id) from sessions s),
              (select jsonb_agg(m order by id) from mail_outbox m),
              (select jsonb_agg(e order by id) from auth_events e))",
        )
        .await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, person: &Person) -> Reply {
        ask(&self.function, request(method, path, Some(person), None)).await
    }

    pub(crate) async fn delete(&self, person: &Person, password: &str) -> Reply {
        ask(&self.function, delete(person, password)).await
    }

    /// How many attempts of its run are counted on an account.
    pub(crate) async fn attempts(&self, email: &str) -> i32 {
        let key = Key::account(&email.parse().unwrap());
        let select = "select count from auth_throttle where key = $1";
        let row = self.owner.query_opt(select, &[&key.as_bytes()]).await.unwrap();
        row.map_or(0, |row| row.get(0))
    }
}

pub(crate) fn parts(database: &Database, changes: &[(&str, &str)]) -> Parts {
    let all: Vec<(&str, &str)> = WIDE.iter().chain(changes).copied().collect();
    let config = read_from(&variables(database, "account", &all), Config::read).unwrap();
    Parts::real(config).unwrap()
}

/// A request as our proxy passes it on.
pub(crate) fn request(method: Method, path: &str, person: Option<&Person>, body: Option<&Value>) -> Request {
    let mut builder =
        http::Request::builder().method(method).uri(path).header("x-forwarded-for", "203.0.113.1");
    if let Some(person) = person {
        builder = builder.header(header::AUTHORIZATION, bearer(person));
    }
    if body.is_some() {
        builder = builder.header(header::CONTENT_TYPE, "application/json");
    }
    let body = body.map_or_else(Body::default, |body| body.to_string().into());
    builder.body(body).expect("a test's path is a path")
}

pub(crate) fn delete(person: &Person, password: &str) -> Request {
    request(Method::DELETE, "/v1/account", Some(person), Some(&json!({ "current_password": password })))
}

#[track_caller]
pub(crate) fn check(reply: &Reply, expected: (u16, &str)) {
    assert_eq!(reply.outcome(), (expected.0, expected.1.to_owned()), "{}", reply.text());
    if matches!(reply.status.as_u16(), 429 | 503) {
        assert!(reply.header("retry-after").parse::<u32>().unwrap() >= 1);
    }
    if reply.status.as_u16() == 204 {
        assert_eq!(reply.text(), "");
    }
    assert_eq!(reply.header("cache-control"), "no-store");
}
