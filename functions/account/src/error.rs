//! What can go wrong, and what the client is told of it.

use adapters::problems::{self, Faults};
use functions_framework::{Problem, problem};
use std::time::Duration;
use streamly::accounts::policy::InvalidPassword;
use streamly::accounts::reauthentication::ReauthenticationError;
use streamly::db;

/// Why nothing is told and nothing ends.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
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
            AccountError::SessionRevoked => Self::session_revoked(),
            AccountError::NotFound => Self::new(problem::NOT_FOUND),
            AccountError::Password(invalid) => {
                Faults::default().password("#/current_password", Some(invalid)).into()
            }
            AccountError::Throttled(wait) => problems::throttled(wait),
            AccountError::Reauthentication(error) => problems::reauthentication(error),
            AccountError::Database(cause) => problems::database(cause),
        }
    }
}
