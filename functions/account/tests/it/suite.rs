//! An account function over a database of its own, and people with passwords in it.

pub(crate) use testkit::accounts::PASSWORD;
pub(crate) use testkit::replies::check;

use account::{Config, Parts};
use functions_framework::env::read_from;
use functions_framework::{Request, Routes};
use http::Method;
use serde_json::{Value, json};
use testkit::{CLIENT, Database, Owner, Person, Reply, ask, authorized, get, passed_on, post, variables};

/// One address for everybody's tests.
pub(crate) const ADA: &str = "Ada@example.com";

/// Limits that no test meets by accident.
const WIDE: &[(&str, &str)] =
    &[("THROTTLE_IP_CREDENTIALS", "100000/60"), ("TRUSTED_PROXY_HOPS", "1"), ("DATABASE_POOL_SIZE", "8")];

pub(crate) struct Suite {
    pub(crate) database: Database,
    pub(crate) owner: Owner,
    pub(crate) function: Routes<Parts>,
}

impl Suite {
    pub(crate) async fn new(changes: &[(&str, &str)]) -> Self {
        let database = Database::new().await;
        let owner = Owner::new(&database).await;
        let function = account::routes(parts(&database, changes));
        Self { database, owner, function }
    }

    /// With one verified person, who has [`PASSWORD`] and a session.
    pub(crate) async fn with_ada() -> (Self, Person) {
        let suite = Self::new(&[]).await;
        let ada = suite.owner.person_with_password(ADA).await;
        (suite, ada)
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, person: &Person) -> Reply {
        ask(&self.function, request(method, path, Some(person), None)).await
    }

    pub(crate) async fn delete(&self, person: &Person, password: &str) -> Reply {
        ask(&self.function, delete(person, password)).await
    }
}

pub(crate) fn parts(database: &Database, changes: &[(&str, &str)]) -> Parts {
    let all: Vec<(&str, &str)> = WIDE.iter().chain(changes).copied().collect();
    let config = read_from(&variables(database, "account", &all), Config::read).unwrap();
    Parts::real(config).unwrap()
}

/// A request as our proxy passes it on.
pub(crate) fn request(method: Method, path: &str, person: Option<&Person>, body: Option<&Value>) -> Request {
    let mut request = body.map_or_else(|| get(path), |body| post(path, body));
    *request.method_mut() = method;
    let request = passed_on(CLIENT, request);
    match person {
        Some(person) => authorized(person, request),
        None => request,
    }
}

pub(crate) fn delete(person: &Person, password: &str) -> Request {
    request(Method::DELETE, "/v1/account", Some(person), Some(&json!({ "current_password": password })))
}
