//! What can go wrong, and what the client is told of it.

use functions_framework::{Kind, Problem, problem};
use http::StatusCode;
use std::time::Duration;
use streamly::accounts::hash::HashError;
use streamly::accounts::policy::InvalidPassword;
use streamly::accounts::reauthentication::ReauthenticationError;
use streamly::accounts::verify::InvalidToken;
use streamly::db;

const REAUTHENTICATION_FAILED: Kind = Kind {
    slug: "reauthentication-failed",
    status: StatusCode::FORBIDDEN,
    title: "The current password is wrong",
};

/// Why nothing is told and nothing ends.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The caller's token does not hold.
    #[error(transparent)]
    Bearer(#[from] InvalidToken),
    /// The session or the account is over.
    #[error("the session is over")]
    SessionRevoked,
    /// The caller has no such session.
    #[error("the caller has no such session")]
    NotFound,
    /// The text cannot be a password.
    #[error("the password cannot be one")]
    Password(#[source] InvalidPassword),
    /// The caller must wait.
    #[error("too many requests")]
    Throttled(Duration),
    /// The caller did not prove the current password.
    #[error(transparent)]
    Reauthentication(#[from] ReauthenticationError),
    /// A statement failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Bearer(_) => Self::invalid_token(),
            AccountError::SessionRevoked => Self::session_revoked(),
            AccountError::NotFound => Self::new(problem::NOT_FOUND),
            AccountError::Password(InvalidPassword::Empty) => Self::new(problem::VALIDATION_ERROR).field(
                "#/current_password",
                "too-short",
                "this password is empty",
            ),
            AccountError::Password(InvalidPassword::TooLong) => Self::new(problem::VALIDATION_ERROR).field(
                "#/current_password",
                "too-long",
                "a password has 256 characters at most",
            ),
            AccountError::Throttled(wait) => Self::new(problem::TOO_MANY_REQUESTS).retry_after(wait),
            AccountError::Reauthentication(error) => reauthentication(error),
            AccountError::Database(cause) if cause.is_unavailable() => Self::unavailable(cause),
            AccountError::Database(cause) => Self::internal(cause),
        }
    }
}

fn reauthentication(error: ReauthenticationError) -> Problem {
    match error {
        ReauthenticationError::SessionRevoked => Problem::session_revoked(),
        ReauthenticationError::Throttled(wait) => Problem::new(problem::TOO_MANY_REQUESTS).retry_after(wait),
        ReauthenticationError::WrongPassword => Problem::new(REAUTHENTICATION_FAILED),
        ReauthenticationError::Contended | ReauthenticationError::Hash(HashError::Overloaded) => {
            Problem::unavailable(error)
        }
        ReauthenticationError::Database(cause) if cause.is_unavailable() => Problem::unavailable(cause),
        ReauthenticationError::Database(cause) => Problem::internal(cause),
        ReauthenticationError::Hash(_) | ReauthenticationError::Address(_) => Problem::internal(error),
    }
}
