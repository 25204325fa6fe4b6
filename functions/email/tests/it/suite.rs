//! An email function over a database of its own, and people with passwords in it.

pub(crate) use testkit::accounts::{PASSWORD, hasher};
pub(crate) use testkit::replies::check_fields;

use email::{Config, Parts};
use functions_framework::env::read_from;
use functions_framework::{Request, Routes};
use serde_json::{Value, json};
use streamly::accounts::one_time::OneTimeToken;
use streamly::db::one_time_tokens::{self, Purpose};
use testkit::{CLIENT, Database, Owner, Person, Reply, ask, authorized, passed_on, post, replies, variables};

/// One address for everybody's tests.
pub(crate) const ADA: &str = "ada@example.com";
/// A token that was never sent.
pub(crate) const UNKNOWN: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

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
        let function = email::routes(parts(&database, changes));
        Self { database, owner, function }
    }

    /// With one verified person, who has [`PASSWORD`] and a session.
    pub(crate) async fn with_ada() -> (Self, Person) {
        let suite = Self::new(&[]).await;
        let ada = suite.owner.person_with_password(ADA).await;
        (suite, ada)
    }

    /// The token of the latest mail with this text.
    pub(crate) async fn mailed(&self, template: &str) -> String {
        let latest = format!(
            "select params->>'token' from mail_outbox where template = '{template}' order by created_at desc limit 1"
        );
        self.owner.value(&latest).await
    }

    /// A token that proves this person's address, as registering writes it.
    pub(crate) async fn registered(&self, person: &Person) -> String {
        let token = OneTimeToken::new().unwrap();
        one_time_tokens::replace(
            &*self.owner,
            Purpose::Verify,
            &token.hash(),
            person.id,
            &person.email.to_lowercase(),
        )
        .await
        .unwrap();
        self.owner.run("update users set verified_at = null where id = $1", &[&person.id.uuid()]).await;
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
}

pub(crate) fn parts(database: &Database, changes: &[(&str, &str)]) -> Parts {
    let all: Vec<(&str, &str)> = WIDE.iter().chain(changes).copied().collect();
    let config = read_from(&variables(database, "email", &all), Config::read).unwrap();
    Parts::real(config).unwrap()
}

/// A request as our proxy passes it on.
pub(crate) fn request(route: &str, body: &Value) -> Request {
    passed_on(CLIENT, post(&format!("/v1/email/{route}"), body))
}

pub(crate) fn verify(token: &str) -> Request {
    request("verify", &json!({ "token": token }))
}

pub(crate) fn change(person: &Person, current: &str, new: &str) -> Request {
    authorized(person, request("change", &json!({ "current_password": current, "new_email": new })))
}

/// As every reply is checked; besides, whoever asks for a mail is told nothing.
#[track_caller]
pub(crate) fn check(reply: &Reply, expected: (u16, &str)) {
    replies::check(reply, expected);
    if expected.0 == 202 {
        assert_eq!(reply.text(), "");
    }
}
