//! What can go wrong, and what the client is told of it.

use adapters::problems::{self, Faults};
use functions_framework::Problem;
use std::time::Duration;
use streamly::accounts::InvalidScope;
use streamly::accounts::address::InvalidAddress;
use streamly::accounts::hash::HashError;
use streamly::accounts::one_time::NoRandomness;
use streamly::accounts::policy::{InvalidPassword, Weakness};
use streamly::accounts::reauthentication::ReauthenticationError;
use streamly::accounts::token::SigningFailed;
use streamly::db;

/// Why no password was set and no mail written.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The address cannot be one.
    #[error("the address cannot be one")]
    Email(#[source] InvalidAddress),
    /// A text cannot be a password.
    #[error("a password cannot be one")]
    Invalid {
        /// What is wrong with the current one.
        current: Option<InvalidPassword>,
        /// Whether the new one is too long.
        new_is_too_long: bool,
    },
    /// The password must not be set.
    #[error("the password is too weak")]
    Weak(Weakness),
    /// The new password is the current one.
    #[error("the password is the current one")]
    Unchanged,
    /// The client must wait.
    #[error("too many attempts")]
    Throttled(Duration),
    /// No live token is this one.
    #[error("no such token is live")]
    NoSuchToken,
    /// The caller did not prove the current password.
    #[error(transparent)]
    Reauthentication(#[from] ReauthenticationError),
    /// No hash.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// No token.
    #[error(transparent)]
    Token(#[from] NoRandomness),
    /// The tokens of the new session could not be signed.
    #[error(transparent)]
    Signing(#[from] SigningFailed),
    /// A row holds an address that cannot be one.
    #[error("an account's address cannot be read")]
    StoredAddress(#[source] InvalidAddress),
    /// A row names a scope that does not exist.
    #[error("an account's scope cannot be read")]
    Scope(#[from] InvalidScope),
    /// A statement failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Email(invalid) => Faults::default().address("#/email", Some(invalid)).into(),
            PasswordError::Invalid { current, new_is_too_long } => {
                let new = new_is_too_long.then_some(InvalidPassword::TooLong);
                Faults::default()
                    .password("#/current_password", current)
                    .password("#/new_password", new)
                    .into()
            }
            PasswordError::Weak(weakness) => problems::weak_password("#/new_password", weakness),
            PasswordError::Unchanged => Self::new(problems::WEAK_PASSWORD).field(
                "#/new_password",
                "unchanged",
                "this is the current password",
            ),
            PasswordError::Throttled(wait) => problems::throttled(wait),
            PasswordError::NoSuchToken => problems::invalid_or_expired_token(),
            PasswordError::Reauthentication(error) => problems::reauthentication(error),
            PasswordError::Hash(HashError::Overloaded) => Self::unavailable(error),
            PasswordError::Database(cause) => problems::database(cause),
            PasswordError::Hash(_)
            | PasswordError::Token(_)
            | PasswordError::Signing(_)
            | PasswordError::StoredAddress(_)
            | PasswordError::Scope(_) => Self::internal(error),
        }
    }
}
