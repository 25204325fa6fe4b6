//! A login function over a database of its own, and people with passwords in it.

pub(crate) use testkit::accounts::{PASSWORD, hasher};
pub(crate) use testkit::replies::check;

use functions_framework::env::read_from;
use functions_framework::{Request, Routes};
use login::{Config, Parts};
use serde_json::json;
use streamly::accounts::throttle::Key;
use testkit::{CLIENT, Database, Owner, Reply, ask, passed_on, post, variables};

/// One address for everybody's tests.
pub(crate) const ADA: &str = "ada@example.com";

/// Limits that no test meets by accident.
const WIDE: &[(&str, &str)] = &[("THROTTLE_IP_CREDENTIALS", "100000/60"), ("TRUSTED_PROXY_HOPS", "1")];

pub(crate) struct Suite {
    pub(crate) database: Database,
    pub(crate) owner: Owner,
    pub(crate) function: Routes<Parts>,
}

impl Suite {
    pub(crate) async fn new(changes: &[(&str, &str)]) -> Self {
        Self::with(changes, |parts| parts).await
    }

    /// A function whose parts the test changes.
    pub(crate) async fn with(changes: &[(&str, &str)], change: impl FnOnce(Parts) -> Parts) -> Self {
        let database = Database::new().await;
        let owner = Owner::new(&database).await;
        let all: Vec<(&str, &str)> = WIDE.iter().chain(changes).copied().collect();
        let config = read_from(&variables(&database, "login", &all), Config::read).unwrap();
        let function = login::routes(change(Parts::real(config).unwrap()));
        Self { database, owner, function }
    }

    /// Ends the wait that the account's run has earned.
    pub(crate) async fn let_the_wait_pass(&self, email: &str) {
        self.set_run(email, "until = now()").await;
    }

    /// Changes the run of attempts on an account.
    pub(crate) async fn set_run(&self, email: &str, assignments: &str) {
        let key = Key::account(&email.parse().unwrap());
        let update = format!("update auth_throttle set {assignments} where key = $1");
        self.owner.run(&update, &[&key.as_bytes()]).await;
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Reply {
        self.log_in_from(CLIENT, email, password).await
    }

    pub(crate) async fn log_in_from(&self, address: &str, email: &str, password: &str) -> Reply {
        ask(&self.function, from(address, email, password)).await
    }
}

/// A request as our proxy passes it on.
pub(crate) fn from(address: &str, email: &str, password: &str) -> Request {
    passed_on(address, post("/v1/login", &json!({ "email": email, "password": password })))
}

/// A reply without what differs in every one.
pub(crate) fn without_id(reply: &Reply) -> serde_json::Value {
    let mut body = reply.json();
    body.as_object_mut().unwrap().remove("request_id");
    body
}
