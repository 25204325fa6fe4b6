//! A webhook over a database of its own, someone whose customer is `cus_1`, and Stripe's pen.

use functions_framework::{Body, Request, Routes, env};
use http::Method;
use serde_json::Value;
use streamly::clock::Clock;
use streamly::db::{Pool, PoolSize};
use testkit::{Database, Person, Reply, ask, variables, webhook_mac};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;
use webhook::{Config, Parts};

pub(crate) const SECRET: &str = "whsec_test_secret";
pub(crate) const PATH: &str = "/v1/webhooks/stripe";
pub(crate) const DAY: i64 = 86_400;

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) owner: Client,
    pub(crate) person: Person,
    pub(crate) webhook: Routes<Parts>,
    /// The database's time when the test began, which is the webhook's too.
    pub(crate) now: i64,
}

/// The webhook's parts over a pool, at this second.
pub(crate) fn parts(database: &Database, pool: Pool, now: i64, changes: &[(&str, &str)]) -> Parts {
    let config = env::read_from(&variables(database, "webhook", changes), Config::read).expect("variables");
    let clock = Clock::fixed(u64::try_from(now).expect("after 1970"));
    Parts { clock, pool, ..Parts::real(config) }
}

/// A pool of this many connections.
pub(crate) fn pool(url: &str, size: &str) -> Pool {
    let size: PoolSize = size.parse().expect("a size");
    Pool::new(url.parse().expect("an address"), None, size)
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With other variables.
    pub(crate) async fn with(changes: &[(&str, &str)]) -> Self {
        let database = Database::new().await;
        let owner = database.owner().await;
        let now: i64 =
            owner.query_one("select extract(epoch from now())::bigint", &[]).await.expect("a clock").get(0);
        let webhook = webhook::routes(parts(&database, pool(&database.url("webhook"), "8"), now, changes));
        let person = Person::new(&owner).await;
        let world = Self { database, owner, person, webhook, now };
        world.be_customer(&world.person, "cus_1").await;
        world
    }

    /// Makes someone a customer.
    pub(crate) async fn be_customer(&self, person: &Person, customer: &str) {
        let update = "update users set stripe_customer_id = $2, stripe_livemode = false where id = $1";
        self.run(update, &[&person.id.uuid(), &customer]).await;
    }

    pub(crate) async fn run(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) {
        self.owner.execute(sql, parameters).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Delivers an event, signed now: the status, and the outcome or the problem's slug.
    pub(crate) async fn deliver(&self, event: &Value) -> (u16, String) {
        outcome(&ask(&self.webhook, self.signed(event.to_string().as_bytes())).await)
    }

    /// Delivers one that is applied.
    #[track_caller]
    pub(crate) fn apply(&self, event: &Value) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let found = self.deliver(event).await;
            assert_eq!(found, (200, "applied".to_owned()), "{caller}: {event}");
        }
    }

    /// A delivery of these bytes, signed now.
    pub(crate) fn signed(&self, body: &[u8]) -> Request {
        request(body, &[signature(SECRET, self.now, body)])
    }

    /// A row of `subscriptions` as JSON; null where there is none.
    pub(crate) async fn stored(&self, id: &str) -> Value {
        let select = "select to_jsonb(s) from subscriptions s where stripe_subscription_id = $1";
        let row = self.owner.query_opt(select, &[&id]).await.expect("the row is readable");
        row.map_or(Value::Null, |row| row.get(0))
    }

    /// A row of the ledger as JSON; null where there is none.
    pub(crate) async fn entry(&self, event_id: &str) -> Value {
        let select = "select to_jsonb(l) from payment_logs l where stripe_event_id = $1";
        let row = self.owner.query_opt(select, &[&event_id]).await.expect("the row is readable");
        row.map_or(Value::Null, |row| row.get(0))
    }

    /// The person's row of `users` as JSON.
    pub(crate) async fn user(&self, person: &Person) -> Value {
        let select = "select to_jsonb(u) from users u where id = $1";
        self.owner.query_one(select, &[&person.id.uuid()]).await.expect("the row is readable").get(0)
    }

    /// How many rows the ledger and the subscriptions have.
    pub(crate) async fn rows(&self) -> (i64, i64) {
        let count = "select (select count(*) from payment_logs), (select count(*) from subscriptions)";
        let row = self.owner.query_one(count, &[]).await.expect("the rows are counted");
        (row.get(0), row.get(1))
    }

    /// Whether the person may watch: the rule of access, written here a second time.
    pub(crate) async fn has_access(&self) -> bool {
        let rule = "
            select coalesce(bool_or(until > now()), false)
              from (
                select case
                         when pause_behavior is not null then null
                         when status in ('active', 'trialing') then
                           least(cancel_at, coalesce(
                             current_period_end
                               + case when cancel_at_period_end then interval '0' else interval '72 hours' end,
                             created_at + interval '72 hours'))
                         when status = 'past_due' then
                           least(cancel_at, case when cancel_at_period_end then current_period_end end,
                             past_due_since + interval '7 days')
                       end as until
                  from subscriptions
                 where user_id = $1 and not livemode) rights";
        self.owner.query_one(rule, &[&self.person.id.uuid()]).await.expect("the rule is readable").get(0)
    }
}

/// The status, and the outcome or the problem's slug.
pub(crate) fn outcome(reply: &Reply) -> (u16, String) {
    let word = if reply.status.is_success() {
        assert_eq!(reply.json()["received"], true);
        reply.json()["outcome"].as_str().expect("an outcome").to_owned()
    } else {
        reply.slug()
    };
    (reply.status.as_u16(), word)
}

/// `Stripe-Signature`.
pub(crate) fn signature(secret: &str, at: i64, body: &[u8]) -> String {
    format!("t={at},v1={}", webhook_mac(secret, at, body))
}

/// A delivery with these lines of the header.
pub(crate) fn request(body: &[u8], signatures: &[String]) -> Request {
    let mut request = http::Request::builder().method(Method::POST).uri(PATH);
    for signature in signatures {
        request = request.header("stripe-signature", signature);
    }
    let request = request.header("content-type", "application/json; charset=utf-8");
    request.body(Body::from(body.to_vec())).expect("header text")
}
