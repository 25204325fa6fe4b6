//! `POST /v1/email/verify` proves an address by the token of a mail, `/verify/resend` sends that mail again, and `/change` asks
//! for another address, which the mail sent there makes the account's own.
//!
//! - Tokens are used up by POST alone, since mail scanners open links; they give no session, since whoever made the account
//!   need not be who reads its mail.
//! - A token proves the address to which it was sent, and no other. It is taken before the account, as registering anew
//!   takes it, so that nobody confirms a password that was set a moment later.
//! - Whether an address has an account, neither the answers of `/resend` and `/change` tell nor their time. An address's
//!   mail counter is written first and in every branch; over the limit nothing changes.
//! - `/change` asks for the current password, limited and counted as at login. The old address is told twice: when a change
//!   is asked for, and when it is made.
//! - No connection is held while a hash is computed.
//!
//! Variables: `DATABASE_URL`, `DATABASE_CA_FILE`, `DATABASE_POOL_SIZE`, `JWT_ISSUER`, `JWT_AUDIENCE`, `JWT_VERIFY_KEYS`,
//! `AUTH_TOKEN_HEADER`, `ARGON2_MEMORY_KIB`, `ARGON2_TIME_COST`, `TRUSTED_PROXY_HOPS`, `THROTTLE_IP_CREDENTIALS`,
//! `CORS_ALLOWED_ORIGINS`.

mod change;
mod config;
mod error;
mod resend;
mod verify;

pub use config::{Config, Parts};
pub use error::EmailError;

use adapters::callers::client;
use functions_framework::{Problem, Request, RequestPayloadExt, Routes};
use http::StatusCode;
use std::sync::Arc;
use std::time::Duration;
use streamly::accounts::client::Client;
use streamly::accounts::throttle::{self, Turn};
use streamly::db::Connection;

/// The least time of work whose branches must look alike: a mail is a row to write, no mail is none.
const TIME_MIN: Duration = Duration::from_millis(50);

/// The routes.
pub fn routes(parts: Parts) -> Routes<Parts> {
    let origins = parts.origins.clone();
    Routes::new(parts)
        .post("/v1/email/verify", verify)
        .post("/v1/email/verify/resend", resend)
        .post("/v1/email/change", change)
        .cors(origins)
}

async fn verify(email: Arc<Parts>, request: Request) -> Result<StatusCode, Problem> {
    email.verify(request.json()?, &client(&request, email.proxy_hops)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn resend(email: Arc<Parts>, request: Request) -> Result<StatusCode, Problem> {
    email.resend(request.json()?, &client(&request, email.proxy_hops)).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn change(email: Arc<Parts>, request: Request) -> Result<StatusCode, Problem> {
    let caller = email.callers.of(&request)?;
    email.change(request.json()?, &caller, &client(&request, email.proxy_hops)).await?;
    Ok(StatusCode::ACCEPTED)
}

impl Parts {
    /// A connection, once the client is within its limits on this route.
    async fn admit(&self, route: &str, client: &Client) -> Result<Connection, EmailError> {
        let connection = self.pool.get().await?;
        match throttle::count_client(&*connection, route, client, &self.limits).await? {
            Turn::Now => Ok(connection),
            Turn::After(wait) => Err(EmailError::Throttled(wait)),
        }
    }
}
