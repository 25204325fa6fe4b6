//! `POST /v1/token/refresh`: trades the present refresh token of a session for the next one and a new access token, and
//! `POST /v1/logout`: ends the session, the person's others, or all.
//!
//! - A refresh token is good once. Of many requests with it at once one makes the successor, and all get that same one.
//! - For 30 s its parent gets the successor too, since a reply may have been lost. Any older one tells that two have it:
//!   the session ends.
//! - A text that we never signed costs no query.
//! - Logging out needs no access token, and says the same whatever it was given. An old token ends its own session only.
//!
//! Variables: `DATABASE_URL`, `DATABASE_CA_FILE`, `DATABASE_POOL_SIZE`, `JWT_ISSUER`, `JWT_AUDIENCE`,
//! `JWT_SIGNING_KEY`, `JWT_SIGNING_KEY_ID`, `JWT_VERIFY_KEYS`, `REFRESH_TOKEN_KEY`, `TRUSTED_PROXY_HOPS`,
//! `THROTTLE_IP_REFRESH`, `CORS_ALLOWED_ORIGINS`.

mod config;
mod error;

pub use config::Config;
pub use error::{LogOutError, RefreshError};

use adapters::callers::client;
use functions_framework::{Json, Problem, Request, RequestExt, RequestPayloadExt, Routes, Severity};
use http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use streamly::accounts::client::Client;
use streamly::accounts::refresh::{Named, RefreshKey};
use streamly::accounts::session::TokenSet;
use streamly::accounts::throttle::{self, ClientLimits, Turn};
use streamly::accounts::token::{Signer, Subject};
use streamly::db::sessions::{self, Holder, Standing};
use streamly::db::{Connection, Pool, TransactionLimits};

/// What the function works with.
pub struct Parts {
    /// The database.
    pub pool: Pool,
    /// Signs access tokens.
    pub signer: Signer,
    /// Makes refresh tokens, and knows its own.
    pub refresh_key: RefreshKey,
    /// The limits of one client.
    pub limits: ClientLimits,
    /// How many proxies of ours stand before this service.
    pub proxy_hops: usize,
    /// The browser origins that may read replies.
    pub origins: functions_framework::cors::Origins,
}

impl Parts {
    /// The parts that these variables describe.
    pub fn real(config: Config) -> Self {
        Self {
            pool: config.pool,
            signer: config.signer,
            refresh_key: config.refresh_key,
            limits: config.limits,
            proxy_hops: config.proxy_hops,
            origins: config.origins,
        }
    }
}

/// The routes.
pub fn routes(parts: Parts) -> Routes<Parts> {
    let origins = parts.origins.clone();
    Routes::new(parts).post("/v1/token/refresh", refresh).post("/v1/logout", log_out).cors(origins)
}

/// What a client sends to go on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefreshBody {
    refresh_token: String,
}

/// What a client sends to end.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogOutBody {
    refresh_token: String,
    #[serde(default)]
    scope: Scope,
}

/// Which sessions end.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scope {
    /// The token's own.
    #[default]
    Session,
    /// The person's others.
    Others,
    /// Both.
    All,
}

impl Scope {
    fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Others => "others",
            Self::All => "all",
        }
    }
}

async fn refresh(token: Arc<Parts>, request: Request) -> Result<(StatusCode, Json<TokenSet>), Problem> {
    let RefreshBody { refresh_token } = request.json()?;
    let named = token.refresh_key.open(&refresh_token).ok_or(RefreshError::Invalid)?;
    let session_id = named.session_id.to_string();
    request.log_field("session.id", session_id.clone());
    let refreshed = token.refresh(named, &client(&request, token.proxy_hops)).await;
    if let Err(RefreshError::Reused) = refreshed {
        let message = format!("a refresh token of session {session_id} came again, so the session was ended");
        request.log(Severity::Warning, &message, &[("session.id", session_id.into())]);
    }
    Ok((StatusCode::OK, Json(refreshed?)))
}

async fn log_out(token: Arc<Parts>, request: Request) -> Result<StatusCode, Problem> {
    let LogOutBody { refresh_token, scope } = request.json()?;
    if let Some(named) = token.refresh_key.open(&refresh_token) {
        request.log_field("session.id", named.session_id.to_string());
        token.log_out(named, scope, &client(&request, token.proxy_hops)).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

impl Parts {
    /// The next tokens of the session, or the same ones again for who may have missed them.
    async fn refresh(&self, named: Named, client: &Client) -> Result<TokenSet, RefreshError> {
        // No row counts that far: whoever made this has the key, and has no session of ours.
        let counter = i64::try_from(named.counter).map_err(|_| RefreshError::Invalid)?;
        let connection = self.pool.get().await?;
        if let Turn::After(wait) =
            throttle::count_client(&*connection, "refresh", client, &self.limits).await?
        {
            return Err(RefreshError::Throttled(wait));
        }
        let by = client.token_use();
        let rotated = sessions::rotate(&*connection, named.session_id, counter, &by);
        let rotated = connection.alone(TransactionLimits::default(), rotated).await?;
        let holder = match rotated {
            Some(holder) => holder,
            None => self.again(&connection, named, counter, client).await?,
        };
        self.tokens(named, &holder)
    }

    /// Whose session it is, if this token's successor is still to be told; otherwise the reason why not. Which token is
    /// older is the counter's to say, never a clock's.
    async fn again(
        &self,
        connection: &Connection,
        named: Named,
        counter: i64,
        client: &Client,
    ) -> Result<Holder, RefreshError> {
        let found = sessions::standing(&**connection, named.session_id).await?;
        let standing = found.filter(|standing| !standing.is_over).ok_or(RefreshError::Invalid)?;
        let Standing { counter: present, is_expired, is_in_grace, holder, .. } = standing;
        match present - counter {
            _ if is_expired => Err(RefreshError::Expired),
            ..0 => Err(RefreshError::Invalid),
            0 => Err(RefreshError::Contended),
            1 if is_in_grace => Ok(holder),
            _ => {
                let by = client.token_use();
                let ended = sessions::end_reused(&**connection, named.session_id, &by);
                connection.alone(TransactionLimits::default(), ended).await?;
                Err(RefreshError::Reused)
            }
        }
    }

    /// The tokens that follow this one.
    fn tokens(&self, named: Named, holder: &Holder) -> Result<TokenSet, RefreshError> {
        let subject = Subject {
            user_id: holder.user_id,
            session_id: named.session_id,
            auth_time: holder.auth_time,
            scope: holder.scope.parse()?,
        };
        let (signer, key) = (&self.signer, &self.refresh_key);
        Ok(TokenSet::of(&subject, named.counter + 1, holder.refresh_expires_in_s, signer, key)?)
    }

    /// Ends what this token may end.
    async fn log_out(&self, named: Named, scope: Scope, client: &Client) -> Result<(), LogOutError> {
        let connection = self.pool.get().await?;
        let counter = i64::try_from(named.counter).ok();
        let by = client.token_use();
        let ended = sessions::log_out(&*connection, named.session_id, counter, scope.as_str(), &by);
        Ok(connection.alone(TransactionLimits::default(), ended).await?)
    }
}
