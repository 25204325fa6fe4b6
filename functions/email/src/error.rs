//! What can go wrong, and what the client is told of it.

use adapters::problems::{self, Faults};
use functions_framework::Problem;
use std::time::Duration;
use streamly::accounts::address::InvalidAddress;
use streamly::accounts::one_time::NoRandomness;
use streamly::accounts::policy::InvalidPassword;
use streamly::accounts::reauthentication::ReauthenticationError;
use streamly::db;

/// Why no address was proven and no mail written.
#[derive(Debug, thiserror::Error)]
pub enum EmailError {
    /// The address cannot be one.
    #[error("the address cannot be one")]
    Email(#[source] InvalidAddress),
    /// The new address or the password cannot be one.
    #[error("the address or the password cannot be one")]
    Invalid(Option<InvalidAddress>, Option<InvalidPassword>),
    /// The client must wait.
    #[error("too many attempts")]
    Throttled(Duration),
    /// No live token is this one, or another account has the address meanwhile.
    #[error("no such token is live")]
    NoSuchToken,
    /// The caller did not prove the current password.
    #[error(transparent)]
    Reauthentication(#[from] ReauthenticationError),
    /// No token.
    #[error(transparent)]
    Token(#[from] NoRandomness),
    /// A row holds an address that cannot be one.
    #[error("a token's address cannot be read")]
    StoredAddress(#[source] InvalidAddress),
    /// A statement failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<EmailError> for Problem {
    fn from(error: EmailError) -> Self {
        match error {
            EmailError::Email(invalid) => Faults::default().address("#/email", Some(invalid)).into(),
            EmailError::Invalid(new, current) => {
                Faults::default().password("#/current_password", current).address("#/new_email", new).into()
            }
            EmailError::Throttled(wait) => problems::throttled(wait),
            EmailError::NoSuchToken => problems::invalid_or_expired_token(),
            EmailError::Reauthentication(error) => problems::reauthentication(error),
            EmailError::Database(cause) => problems::database(cause),
            EmailError::Token(_) | EmailError::StoredAddress(_) => Self::internal(error),
        }
    }
}
