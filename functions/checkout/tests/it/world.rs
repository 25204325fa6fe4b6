//! A checkout over a database of its own and a scripted provider, and someone who wants to subscribe.

use checkout::{Config, Parts};
use functions_framework::{Request, Routes, env};
use serde_json::{Value, json};
use streamly::clock::Clock;
use streamly::db::Pool;
use testkit::{Database, Person, Reply, ask, authorized, post, variables};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use crate::provider::Provider;

pub(crate) const PATH: &str = "/v1/checkout";
/// The second at which a ten-minute wish begins.
pub(crate) const NOW: u64 = 1_790_000_400;

/// Two plans: one bare, one with everything.
pub(crate) const PLANS: &str = r#"[
  {"slug": "basic", "name": "Basic", "price_id": "price_basic", "tier": "basic", "amount_minor": 900, "currency": "eur",
   "interval": "month"},
  {"slug": "premium", "name": "Premium", "price_id": "price_premium", "tier": "premium", "trial_days": 7,
   "amount_minor": 1900, "currency": "eur", "interval": "month", "allow_promotion_codes": true, "automatic_tax": true}
]"#;

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) owner: Client,
    pub(crate) person: Person,
    pub(crate) provider: Provider,
    pub(crate) checkout: Routes<Parts>,
}

/// The parts of a checkout that asks this provider.
pub(crate) fn parts(database: &Database, provider: &str, changes: &[(&str, &str)]) -> Parts {
    let standard = [("STRIPE_API_BASE", provider), ("PLANS", PLANS)];
    let all: Vec<_> = standard.iter().chain(changes).copied().collect();
    let config = env::read_from(&variables(database, "checkout", &all), Config::read).expect("variables");
    let parts = Parts::real(config);
    let url = database.url("checkout").parse().expect("an address");
    Parts { clock: Clock::fixed(NOW), pool: Pool::new(url, None, "8".parse().expect("a size")), ..parts }
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = Database::new().await;
        let owner = database.owner().await;
        let provider = Provider::start().await;
        let checkout = checkout::routes(parts(&database, &provider.url(), &[]));
        let person = Person::new(&owner).await;
        Self { database, owner, person, provider, checkout }
    }

    /// The same checkout at another second.
    pub(crate) fn at(&self, now: u64) -> Routes<Parts> {
        let parts = parts(&self.database, &self.provider.url(), &[]);
        checkout::routes(Parts { clock: Clock::fixed(now), ..parts })
    }

    /// The person's wish for a plan.
    pub(crate) fn wish(&self, plan: &str) -> Request {
        authorized(&self.person, post(PATH, &json!({"plan": plan})))
    }

    /// Asks for a plan.
    pub(crate) async fn subscribe(&self, plan: &str) -> Reply {
        ask(&self.checkout, self.wish(plan)).await
    }

    /// Asks for a plan and gets a page: its session.
    #[track_caller]
    pub(crate) fn page(&self, plan: &str) -> impl Future<Output = String> {
        let caller = std::panic::Location::caller();
        async move {
            let reply = self.subscribe(plan).await;
            assert_eq!(reply.status, 200, "{caller}: {}", reply.text());
            reply.json()["checkout_session_id"].as_str().expect("an id").to_owned()
        }
    }

    pub(crate) async fn run(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) {
        self.owner.execute(sql, parameters).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// The person's row of `users` as JSON.
    pub(crate) async fn user(&self) -> Value {
        let select = "select to_jsonb(u) from users u where id = $1";
        self.owner.query_one(select, &[&self.person.id.uuid()]).await.expect("the row is readable").get(0)
    }
}
