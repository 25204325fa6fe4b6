//! A register function over a database of its own.

pub(crate) use testkit::accounts::PASSWORD;
pub(crate) use testkit::replies::{check, check_fields};

use functions_framework::env::read_from;
use functions_framework::{Request, Routes};
use register::{Config, Parts};
use serde_json::json;
use testkit::{CLIENT, Database, Owner, Reply, ask, passed_on, post, variables};

/// One address for everybody's tests.
pub(crate) const ADA: &str = "ada@example.com";

/// Limits that no test meets by accident.
const WIDE: &[(&str, &str)] = &[("THROTTLE_IP_REGISTER", "100000/60"), ("TRUSTED_PROXY_HOPS", "1")];

pub(crate) struct Suite {
    pub(crate) database: Database,
    pub(crate) owner: Owner,
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
        let owner = Owner::new(&database).await;
        let all: Vec<(&str, &str)> = WIDE.iter().chain(changes).copied().collect();
        let config = read_from(&variables(&database, "register", &all), Config::read).unwrap();
        let function = register::routes(change(Parts::real(config).unwrap(), &database));
        Self { database, owner, function }
    }

    /// How many rows every table has that registering writes.
    pub(crate) async fn written(&self) -> [i64; 5] {
        let mut counts = [0; 5];
        for (count, table) in
            counts.iter_mut().zip(["users", "credentials", "one_time_tokens", "mail_outbox", "auth_events"])
        {
            *count = self.owner.count(table).await;
        }
        counts
    }

    pub(crate) async fn register(&self, email: &str, password: &str) -> Reply {
        self.register_from(CLIENT, email, password).await
    }

    pub(crate) async fn register_from(&self, address: &str, email: &str, password: &str) -> Reply {
        ask(&self.function, from(address, email, password)).await
    }
}

/// A request as our proxy passes it on.
pub(crate) fn from(address: &str, email: &str, password: &str) -> Request {
    passed_on(address, post("/v1/register", &json!({ "email": email, "password": password })))
}
