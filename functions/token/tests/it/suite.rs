//! A token function over a database of its own, and people with sessions in it.

pub(crate) use testkit::replies::check;

use functions_framework::env::read_from;
use functions_framework::{Request, Routes};
use serde_json::{Value, json};
use streamly::accounts::refresh::{Named, RefreshKey};
use streamly::accounts::verify::{Caller, Verifier};
use streamly::clock::Clock;
use streamly::ids::SessionId;
use testkit::{AUDIENCE, CLIENT, Database, ISSUER, Owner, Person, Reply, ask, passed_on, post, variables};
use token::{Config, Parts};

pub(crate) const REFRESH: &str = "/v1/token/refresh";
pub(crate) const LOGOUT: &str = "/v1/logout";

/// Limits that no test meets by accident.
const WIDE: &[(&str, &str)] = &[("THROTTLE_IP_REFRESH", "100000/60"), ("TRUSTED_PROXY_HOPS", "1")];

pub(crate) struct Suite {
    pub(crate) database: Database,
    pub(crate) owner: Owner,
    pub(crate) function: Routes<Parts>,
    /// Somebody with a session that was never refreshed.
    pub(crate) ada: Person,
    key: RefreshKey,
}

impl Suite {
    pub(crate) async fn new(changes: &[(&str, &str)]) -> Self {
        let database = Database::new().await;
        let owner = Owner::new(&database).await;
        let ada = Person::new(&owner).await;
        let key = variables(&database, "token", &[])["REFRESH_TOKEN_KEY"].parse().unwrap();
        let function = token::routes(parts(&database, changes));
        Self { database, owner, function, ada, key }
    }

    /// The token of this session after so many refreshes, as our key makes it.
    pub(crate) fn token(&self, session_id: SessionId, counter: u64) -> String {
        self.key.token(Named { session_id, counter })
    }

    /// What a refresh token names.
    #[track_caller]
    pub(crate) fn named(&self, token: &str) -> Named {
        self.key.open(token).unwrap()
    }

    /// Presents ada's token after so many refreshes.
    pub(crate) async fn refresh(&self, counter: u64) -> Reply {
        self.refresh_text(&self.token(self.ada.session, counter)).await
    }

    pub(crate) async fn refresh_text(&self, token: &str) -> Reply {
        ask(&self.function, from(CLIENT, REFRESH, &json!({ "refresh_token": token }))).await
    }

    pub(crate) async fn log_out(&self, token: &str, scope: Option<&str>) -> Reply {
        let body = match scope {
            Some(scope) => json!({ "refresh_token": token, "scope": scope }),
            None => json!({ "refresh_token": token }),
        };
        ask(&self.function, from(CLIENT, LOGOUT, &body)).await
    }

    /// Changes ada's session.
    pub(crate) async fn set(&self, assignments: &str) {
        let update = format!("update sessions set {assignments} where id = $1");
        self.owner.run(&update, &[&self.ada.session.uuid()]).await;
    }

    /// How many events of this name there are.
    pub(crate) async fn events(&self, name: &str) -> i64 {
        self.owner.count(&format!("auth_events where name = '{name}'")).await
    }

    /// How often ada's session was refreshed.
    pub(crate) async fn counter(&self) -> i64 {
        let select = "select counter from sessions where id = $1";
        self.owner.query_one(select, &[&self.ada.session.uuid()]).await.unwrap().get(0)
    }

    /// Why this session was ended; empty where it was not.
    pub(crate) async fn ended(&self, session: SessionId) -> String {
        let select = "
            select coalesce(case when revoked_at is not null then revoke_reason end, '')
              from sessions where id = $1";
        self.owner.query_one(select, &[&session.uuid()]).await.unwrap().get(0)
    }
}

/// The parts of a function over this database.
pub(crate) fn parts(database: &Database, changes: &[(&str, &str)]) -> Parts {
    let all: Vec<(&str, &str)> = WIDE.iter().chain(changes).copied().collect();
    Parts::real(read_from(&variables(database, "token", &all), Config::read).unwrap())
}

/// A request as our proxy passes it on.
pub(crate) fn from(address: &str, path: &str, body: &Value) -> Request {
    passed_on(address, post(path, body))
}

/// Whom an access token names, as every function verifies it.
#[track_caller]
pub(crate) fn caller(database: &Database, reply: &Reply) -> Caller {
    let keys = variables(database, "token", &[])["JWT_VERIFY_KEYS"].parse().unwrap();
    let verifier = Verifier::new(keys, ISSUER.parse().unwrap(), AUDIENCE.parse().unwrap(), Clock::system());
    verifier.verify(reply.json()["access_token"].as_str().unwrap()).unwrap()
}

/// A member of a reply that is a text.
#[track_caller]
pub(crate) fn text(reply: &Reply, name: &str) -> String {
    reply.json()[name].as_str().unwrap().to_owned()
}
