//! A portal over a database of its own and a scripted provider, and someone who pays.

use functions_framework::{Body, Request, Routes, env};
use portal::{Config, Parts};
use serde_json::Value;
use streamly::db::Pool;
use testkit::{Database, Person, Reply, ask, authorized, post, variables};
use tokio_postgres::Client;

use crate::provider::Provider;

pub(crate) const PATH: &str = "/v1/portal";

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) owner: Client,
    pub(crate) person: Person,
    pub(crate) provider: Provider,
    pub(crate) portal: Routes<Parts>,
}

/// The parts of a portal that asks this provider.
pub(crate) fn parts(database: &Database, provider: &str, changes: &[(&str, &str)]) -> Parts {
    let all: Vec<_> = [("STRIPE_API_BASE", provider)].iter().chain(changes).copied().collect();
    let config = env::read_from(&variables(database, "portal", &all), Config::read).expect("variables");
    let url = database.url("portal").parse().expect("an address");
    Parts { pool: Pool::new(url, None, "8".parse().expect("a size")), ..Parts::real(config) }
}

/// A request as this person sends it; no body is sent without a type.
pub(crate) fn request(person: &Person, body: Option<&Value>) -> Request {
    let mut request = post(PATH, body.unwrap_or(&Value::Null));
    if body.is_none() {
        *request.body_mut() = Body::default();
        request.headers_mut().remove("content-type");
    }
    authorized(person, request)
}

impl World {
    /// With a person who has no customer yet.
    pub(crate) async fn new() -> Self {
        let database = Database::new().await;
        let owner = database.owner().await;
        let provider = Provider::start().await;
        let portal = portal::routes(parts(&database, &provider.url(), &[]));
        let person = Person::new(&owner).await;
        Self { database, owner, person, provider, portal }
    }

    /// With a person who is `cus_1`.
    pub(crate) async fn of_payer() -> Self {
        let world = Self::new().await;
        world.make_customer(&world.person, "cus_1", false).await;
        world
    }

    pub(crate) async fn make_customer(&self, person: &Person, customer: &str, livemode: bool) {
        let sql = "update users set stripe_customer_id = $2, stripe_livemode = $3 where id = $1";
        let updated = self.owner.execute(sql, &[&person.id.uuid(), &customer, &livemode]).await;
        assert_eq!(updated.expect("the owner may"), 1);
    }

    pub(crate) async fn run(&self, sql: &str) {
        self.owner.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// The person asks, without a body.
    pub(crate) async fn ask(&self) -> Reply {
        ask(&self.portal, request(&self.person, None)).await
    }
}
