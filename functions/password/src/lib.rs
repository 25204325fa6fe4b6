//! `POST /v1/password/forgot` mails a link that sets a new password, `/reset` is where that link leads, and `/change` sets one
//! by the current one.
//!
//! - Whether an address has an account, neither the answer of `/forgot` nor its time tells. Its mail counter is written
//!   first and in every branch, so that rivals for one address queue up; over the limit nothing changes.
//! - A token resets once. A password that is too weak leaves it good, and nothing is hashed without a live one.
//! - Either way every session ends, the mailed tokens that could undo it are void, and the owner is told.
//! - `/change` asks for the current password, limited and counted as at login, and succeeds only while that still is the
//!   stored one. Its reply are the tokens of a new session; `/reset` gives none.
//! - No connection is held while a hash is computed.
//!
//! Variables: `DATABASE_URL`, `DATABASE_CA_FILE`, `DATABASE_POOL_SIZE`, `JWT_ISSUER`, `JWT_AUDIENCE`,
//! `JWT_SIGNING_KEY`, `JWT_SIGNING_KEY_ID`, `JWT_VERIFY_KEYS`, `AUTH_TOKEN_HEADER`, `REFRESH_TOKEN_KEY`,
//! `PASSWORD_MIN_LENGTH`, `ARGON2_MEMORY_KIB`, `ARGON2_TIME_COST`, `TRUSTED_PROXY_HOPS`, `THROTTLE_IP_CREDENTIALS`,
//! `CORS_ALLOWED_ORIGINS`.

mod change;
mod config;
mod error;
mod forgot;
mod reset;

pub use config::{Config, Parts};
pub use error::PasswordError;

use adapters::callers::client;
use functions_framework::{Json, Problem, Request, RequestPayloadExt, Routes};
use http::StatusCode;
use std::sync::Arc;
use streamly::accounts::address::Address;
use streamly::accounts::client::Client;
use streamly::accounts::policy::{InvalidPassword, Password, Weakness};
use streamly::accounts::session::TokenSet;
use streamly::accounts::throttle::{self, Turn};
use streamly::db::Connection;

/// The routes.
pub fn routes(parts: Parts) -> Routes<Parts> {
    let origins = parts.origins.clone();
    Routes::new(parts)
        .post("/v1/password/forgot", forgot)
        .post("/v1/password/reset", reset)
        .post("/v1/password/change", change)
        .cors(origins)
}

async fn forgot(password: Arc<Parts>, request: Request) -> Result<StatusCode, Problem> {
    password.forgot(request.json()?, &client(&request, password.proxy_hops)).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn reset(password: Arc<Parts>, request: Request) -> Result<StatusCode, Problem> {
    password.reset(request.json()?, &client(&request, password.proxy_hops)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn change(password: Arc<Parts>, request: Request) -> Result<(StatusCode, Json<TokenSet>), Problem> {
    let caller = password.callers.of(&request)?;
    let tokens = password.change(request.json()?, &caller, &client(&request, password.proxy_hops)).await?;
    Ok((StatusCode::OK, Json(tokens)))
}

/// What may be a new password, once it is known for whom; none where it is empty.
struct Candidate(Option<Password>);

impl Candidate {
    /// The text, unless no password is so long.
    fn new(text: &str) -> Option<Self> {
        match Password::new(text) {
            Ok(password) => Some(Self(Some(password))),
            Err(InvalidPassword::Empty) => Some(Self(None)),
            Err(InvalidPassword::TooLong) => None,
        }
    }
}

impl Parts {
    /// A connection, once the client is within its limits on this route.
    async fn admit(&self, route: &str, client: &Client) -> Result<Connection, PasswordError> {
        let connection = self.pool.get().await?;
        match throttle::count_client(&*connection, route, client, &self.limits).await? {
            Turn::Now => Ok(connection),
            Turn::After(wait) => Err(PasswordError::Throttled(wait)),
        }
    }

    /// The password, if it may be set for this address.
    fn acceptable(&self, candidate: Candidate, address: &Address) -> Result<Password, PasswordError> {
        let length_min = self.policy.length_min();
        let password = candidate.0.ok_or(PasswordError::Weak(Weakness::TooShort { length_min }))?;
        self.policy.check(&password, address).map_err(PasswordError::Weak)?;
        Ok(password)
    }
}
