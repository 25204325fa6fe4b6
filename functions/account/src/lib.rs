//! `GET /v1/account` tells who the caller is, `/sessions` where they are logged in, and `/export` everything that is held on
//! them; `DELETE /v1/account/sessions/{id}` ends one of those sessions, and `DELETE /v1/account` the account.
//!
//! - Every answer is about the caller of the token, whose session is looked up in the same statement: once it is over, so is
//!   the access. Another person's session is not found, as if there were none.
//! - An export holds what is stored of a person in every table, but no hash and no token. A test holds it to the schema.
//! - Deleting asks for the current password, limited and counted as at login. The account is closed at once, its address is
//!   free again, and 14 days later the reconcile job erases what the law does not want kept. No route undoes it.
//! - No connection is held while a hash is computed.
//!
//! Variables: `DATABASE_URL`, `DATABASE_CA_FILE`, `DATABASE_POOL_SIZE`, `JWT_ISSUER`, `JWT_AUDIENCE`, `JWT_VERIFY_KEYS`,
//! `AUTH_TOKEN_HEADER`, `ARGON2_MEMORY_KIB`, `ARGON2_TIME_COST`, `TRUSTED_PROXY_HOPS`, `THROTTLE_IP_CREDENTIALS`,
//! `CORS_ALLOWED_ORIGINS`.

mod config;
mod delete;
mod error;

pub use config::{Config, Parts};
pub use error::AccountError;

use adapters::callers::client;
use functions_framework::{Json, Problem, Request, RequestExt, RequestPayloadExt, Routes};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use streamly::accounts::client::Client;
use streamly::accounts::throttle::{self, Turn};
use streamly::accounts::verify::Caller;
use streamly::db::{exports, own_sessions, users};
use streamly::ids::{SessionId, UserId};
use time::OffsetDateTime;

/// The routes.
pub fn routes(parts: Parts) -> Routes<Parts> {
    let origins = parts.origins.clone();
    Routes::new(parts)
        .get("/v1/account", profile)
        .delete("/v1/account", delete)
        .get("/v1/account/sessions", list_sessions)
        .delete("/v1/account/sessions/{id}", end_session)
        .get("/v1/account/export", export)
        .cors(origins)
}

#[derive(Serialize)]
struct Profile {
    id: UserId,
    email: String,
    email_verified: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

#[derive(Serialize)]
struct Sessions {
    sessions: Vec<Session>,
}

#[derive(Serialize)]
struct Session {
    id: SessionId,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    last_used_at: OffsetDateTime,
    ip_prefix: Option<String>,
    user_agent: Option<String>,
    current: bool,
}

#[derive(Serialize)]
struct Deleted {
    #[serde(with = "time::serde::rfc3339")]
    deletes_at: OffsetDateTime,
}

async fn profile(account: Arc<Parts>, request: Request) -> Result<(StatusCode, Json<Profile>), Problem> {
    let caller = account.callers.of(&request)?;
    Ok((StatusCode::OK, Json(account.profile(&caller).await?)))
}

async fn list_sessions(
    account: Arc<Parts>,
    request: Request,
) -> Result<(StatusCode, Json<Sessions>), Problem> {
    let caller = account.callers.of(&request)?;
    Ok((StatusCode::OK, Json(account.sessions(&caller).await?)))
}

async fn end_session(account: Arc<Parts>, request: Request) -> Result<StatusCode, Problem> {
    let caller = account.callers.of(&request)?;
    account.end_session(&caller, request.param("id"), &client(&request, account.proxy_hops)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn export(
    account: Arc<Parts>,
    request: Request,
) -> Result<(StatusCode, Json<Map<String, Value>>), Problem> {
    let caller = account.callers.of(&request)?;
    Ok((StatusCode::OK, Json(account.export(&caller).await?)))
}

async fn delete(account: Arc<Parts>, request: Request) -> Result<(StatusCode, Json<Deleted>), Problem> {
    let caller = account.callers.of(&request)?;
    let deletes_at = account.delete(request.json()?, &caller, &client(&request, account.proxy_hops)).await?;
    Ok((StatusCode::ACCEPTED, Json(Deleted { deletes_at })))
}

impl Parts {
    async fn profile(&self, caller: &Caller) -> Result<Profile, AccountError> {
        let connection = self.pool.get().await?;
        let found = users::profile_by_session(&*connection, caller.user_id(), caller.session_id()).await?;
        let profile = found.ok_or(AccountError::SessionRevoked)?;
        Ok(Profile {
            id: caller.user_id(),
            email: profile.email,
            email_verified: profile.is_verified,
            created_at: profile.created_at,
        })
    }

    async fn sessions(&self, caller: &Caller) -> Result<Sessions, AccountError> {
        let connection = self.pool.get().await?;
        let live = own_sessions::live_of_user(&*connection, caller.user_id()).await?;
        let session = |row: own_sessions::Live| Session {
            id: row.id,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            ip_prefix: row.ip_prefix,
            user_agent: row.user_agent,
            current: row.id == caller.session_id(),
        };
        let sessions: Vec<Session> = live.into_iter().map(session).collect();
        if sessions.iter().any(|session| session.current) {
            Ok(Sessions { sessions })
        } else {
            Err(AccountError::SessionRevoked)
        }
    }

    async fn end_session(&self, caller: &Caller, id: &str, client: &Client) -> Result<(), AccountError> {
        // What no session could be called is nobody's, once it is known that the caller may ask.
        let id = id.parse::<SessionId>().ok();
        let end = own_sessions::End {
            user_id: caller.user_id(),
            caller: caller.session_id(),
            id,
            ip_prefix: client.ip_prefix(),
            request_id: client.request_id(),
        };
        let ended = own_sessions::end(&*self.pool.get().await?, &end).await?;
        match (ended.caller_is_live, ended.is_own) {
            (false, _) => Err(AccountError::SessionRevoked),
            (true, false) => Err(AccountError::NotFound),
            (true, true) => Ok(()),
        }
    }

    async fn export(&self, caller: &Caller) -> Result<Map<String, Value>, AccountError> {
        let connection = self.pool.get().await?;
        let found = users::profile_by_session(&*connection, caller.user_id(), caller.session_id()).await?;
        found.ok_or(AccountError::SessionRevoked)?;
        match throttle::count_export(&*connection, caller.user_id()).await? {
            Turn::Now => Ok(exports::of_user(&*connection, caller.user_id()).await?),
            Turn::After(wait) => Err(AccountError::Throttled(wait)),
        }
    }
}
