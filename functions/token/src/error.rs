//! What can go wrong, and what the client is told of it.

use adapters::problems;
use functions_framework::{Kind, Problem};
use http::StatusCode;
use std::time::Duration;
use streamly::accounts::InvalidScope;
use streamly::accounts::token::SigningFailed;
use streamly::db;

const INVALID_REFRESH_TOKEN: Kind = Kind {
    slug: "invalid-refresh-token",
    status: StatusCode::UNAUTHORIZED,
    title: "The refresh token is not valid",
};
const REFRESH_TOKEN_REUSED: Kind = Kind {
    slug: "refresh-token-reused",
    status: StatusCode::UNAUTHORIZED,
    title: "The refresh token was used before, so its session was ended",
};
const SESSION_EXPIRED: Kind =
    Kind { slug: "session-expired", status: StatusCode::UNAUTHORIZED, title: "The session has expired" };

/// What somebody with none of these can do.
const LOG_IN: &str = "log in again";

/// Why there are no new tokens.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The client must wait.
    #[error("too many requests")]
    Throttled(Duration),
    /// We never made it, or its session was ended.
    #[error("the refresh token is not valid")]
    Invalid,
    /// The session's time is over.
    #[error("the session has expired")]
    Expired,
    /// Another token has taken its place long ago, so somebody has both; the session was ended.
    #[error("the refresh token was used before")]
    Reused,
    /// The session was refused and good within one moment.
    #[error("the session changed while it was looked at")]
    Contended,
    /// The tokens could not be signed.
    #[error(transparent)]
    Signing(#[from] SigningFailed),
    /// A row names a scope that does not exist.
    #[error("an account's scope cannot be read")]
    Scope(#[from] InvalidScope),
    /// A statement failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        let refused = |kind| Self::new(kind).detail(LOG_IN).challenge();
        match error {
            RefreshError::Throttled(wait) => problems::throttled(wait),
            RefreshError::Invalid => refused(INVALID_REFRESH_TOKEN),
            RefreshError::Expired => refused(SESSION_EXPIRED),
            RefreshError::Reused => refused(REFRESH_TOKEN_REUSED),
            RefreshError::Contended => Self::unavailable(error),
            RefreshError::Signing(_) | RefreshError::Scope(_) => Self::internal(error),
            RefreshError::Database(cause) => problems::database(cause),
        }
    }
}

/// Why nothing was ended.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct LogOutError(#[from] db::Error);

impl From<LogOutError> for Problem {
    fn from(LogOutError(cause): LogOutError) -> Self {
        problems::database(cause)
    }
}
