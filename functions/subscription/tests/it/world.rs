//! A function over a database of its own, and people with subscriptions.

use functions_framework::{Request, Routes, env};
use http::HeaderValue;
use serde_json::Value;
use streamly::db::Pool;
use subscription::{Config, Parts};
use testkit::{Database, Person, Reply, Subscription, ask, bearer, get, variables};
use tokio_postgres::Client;

pub(crate) const STATUS: &str = "/v1/subscription";
pub(crate) const PLANS: &str = "/v1/plans";

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) owner: Client,
    pub(crate) subscription: Routes<Parts>,
}

/// The parts under these variables.
pub(crate) fn parts(database: &Database, changes: &[(&str, &str)]) -> Parts {
    let config =
        env::read_from(&variables(database, "subscription", changes), Config::read).expect("variables");
    let url = database.url("subscription").parse().expect("an address");
    Parts { pool: Pool::new(url, None, "8".parse().expect("a size")), ..Parts::real(config) }
}

/// The question of this person.
pub(crate) fn request(person: &Person) -> Request {
    let mut request = get(STATUS);
    let token = HeaderValue::from_str(&bearer(person)).expect("header text");
    request.headers_mut().insert("authorization", token);
    request
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(changes: &[(&str, &str)]) -> Self {
        let database = Database::new().await;
        let owner = database.owner().await;
        let subscription = subscription::routes(parts(&database, changes));
        Self { database, owner, subscription }
    }

    /// Someone with these subscriptions.
    pub(crate) async fn person(&self, subscriptions: &[Subscription]) -> Person {
        let person = Person::new(&self.owner).await;
        for subscription in subscriptions {
            subscription.insert(&self.owner, &person).await;
        }
        person
    }

    pub(crate) async fn ask(&self, person: &Person) -> Reply {
        ask(&self.subscription, request(person)).await
    }

    /// How someone with these subscriptions stands.
    pub(crate) async fn status(&self, subscriptions: &[Subscription]) -> Value {
        let reply = self.ask(&self.person(subscriptions).await).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }
}
