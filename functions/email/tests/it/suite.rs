//! An email function over a database of its own, and people with passwords in it.

use email::{Config, Parts};
use functions_framework::env::read_from;
use functions_framework::{Request, Routes};
use http::HeaderValue;
use serde_json::{Value, json};
use streamly::accounts::hash::{Capacity, Cost, Hasher};
use streamly::accounts::one_time::OneTimeToken;
use streamly::accounts::policy::Password;
use streamly::accounts::throttle::Key;
use streamly::db::one_time_tokens::{self, Purpose};
use streamly::ids::{SessionId, UserId};
use testkit::{Database, Person, Reply, ask, bearer, post, variables};
use tokio_postgres::Client;
use tokio_postgres::types::{FromSqlOwned, ToSql};

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "difference engine no 2";
/// One address for everybody's tests.
pub(crate) const ADA: &str = "ada@example.com";
/// A token that was never sent.
pub(crate) const UNKNOWN: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

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
        let function = email::routes(parts(&database, changes));
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
        let phc = hasher().hash(&Password::new(PASSWORD).unwrap()).await.unwrap();
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

    /// The token of the latest mail with this text.
    pub(crate) async fn mailed(&self, template: &str) -> String {
        let latest = format!(
            "select params->>'token' from mail_outbox where template = '{template}' order by created_at desc limit 1"
        );
        self.value(&latest).await
    }

    /// A token that proves this person's address, as registering writes it.
    pub(crate) async fn registered(&self, person: &Person) -> String {
        let token = OneTimeToken::new().unwrap();
        one_time_tokens::replace(
            &self.owner,
            Purpose::Verify,
            &token.hash(),
            person.id,
            &person.email.to_lowercase(),
        )
        .await
        .unwrap();
        self.run("update users set verified_at = null where id = $1", &[&person.id.uuid()]).await;
        token.expose().to_owned()
    }

    pub(crate) async fn verify(&self, token: &str) -> Reply {
        ask(&self.function, verify(token)).await
    }

    pub(crate) async fn resend(&self, email: &str) -> Reply {
        ask(&self.function, request("verify/resend", &json!({ "email": email }))).await
    }

    pub(crate) async fn change(&self, person: &Person, current: &str, new: &str) -> Reply {
        ask(&self.function, change(person, current, new)).await
    }

    /// Asks, and lets a rival commit what it holds open as soon as the answer waits for it.
    pub(crate) async fn behind(&self, rival: &Client, request: Request) -> Reply {
        let watcher = self.database.superuser().await;
        let waits = "
            select exists (
              select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())";
        let (reply, ()) = tokio::join!(ask(&self.function, request), async {
            while !watcher.query_one(waits, &[]).await.unwrap().get::<_, bool>(0) {}
            rival.batch_execute("commit").await.unwrap();
        });
        reply
    }

    /// How many attempts of its run are counted on an account.
    pub(crate) async fn attempts(&self, email: &str) -> i32 {
        let key = Key::account(&email.parse().unwrap());
        let select = "select count from auth_throttle where key = $1";
        let row = self.owner.query_opt(select, &[&key.as_bytes()]).await.unwrap();
        row.map_or(0, |row| row.get(0))
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

pub(crate) fn parts(database: &Database, changes: &[(&str, &str)]) -> Parts {
    let all: Vec<(&str, &str)> = WIDE.iter().chain(changes).copied().collect();
    let config = read_from(&variables(database, "email", &all), Config::read).unwrap();
    Parts::real(config).unwrap()
}

pub(crate) fn hasher() -> Hasher {
    Hasher::new(Cost::default(), Capacity::new(1 << 30, 2)).unwrap()
}

/// A request as our proxy passes it on.
pub(crate) fn request(route: &str, body: &Value) -> Request {
    let mut request = post(&format!("/v1/email/{route}"), body);
    request.headers_mut().insert("x-forwarded-for", HeaderValue::from_static("203.0.113.1"));
    request
}

pub(crate) fn verify(token: &str) -> Request {
    request("verify", &json!({ "token": token }))
}

pub(crate) fn change(person: &Person, current: &str, new: &str) -> Request {
    let mut request = request("change", &json!({ "current_password": current, "new_email": new }));
    request.headers_mut().insert("authorization", HeaderValue::from_str(&bearer(person)).unwrap());
    request
}

#[track_caller]
pub(crate) fn check(reply: &Reply, expected: (u16, &str)) {
    assert_eq!(reply.outcome(), (expected.0, expected.1.to_owned()), "{}", reply.text());
    if matches!(reply.status.as_u16(), 429 | 503) {
        assert!(reply.header("retry-after").parse::<u32>().unwrap() >= 1);
    }
    if matches!(reply.status.as_u16(), 202 | 204) {
        assert_eq!(reply.text(), "");
    }
    assert_eq!(reply.header("cache-control"), "no-store");
}

/// Expects a 422 with these pointers and codes.
#[track_caller]
pub(crate) fn check_fields(reply: &Reply, slug: &str, expected: &[[&str; 2]]) {
    check(reply, (422, slug));
    let errors = reply.json()["errors"].as_array().unwrap().clone();
    let found: Vec<Value> = errors.iter().map(|error| json!([error["pointer"], error["code"]])).collect();
    assert_eq!(json!(found), json!(expected));
}
