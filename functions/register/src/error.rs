//! What can go wrong, and what the client is told of it.

use adapters::problems::{self, Faults};
use functions_framework::{Kind, Problem};
use http::StatusCode;
use std::time::Duration;
use streamly::accounts::address::InvalidAddress;
use streamly::accounts::hash::HashError;
use streamly::accounts::one_time::NoRandomness;
use streamly::accounts::policy::{InvalidPassword, Weakness};
use streamly::db;

const EMAIL_TAKEN: Kind =
    Kind { slug: "email-taken", status: StatusCode::CONFLICT, title: "This e-mail address has an account" };

/// Why no account was made.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The address cannot be one, or the password is too long to be one.
    #[error("the address or the password cannot be one")]
    Invalid {
        /// What is wrong with the address.
        address: Option<InvalidAddress>,
        /// Whether the password is too long.
        password_is_too_long: bool,
    },
    /// The password must not be set.
    #[error("the password is too weak")]
    Weak(Weakness),
    /// The client must wait.
    #[error("too many attempts")]
    Throttled(Duration),
    /// A living account has the address.
    #[error("the address is taken")]
    Taken,
    /// The account of this address was deleted at this very moment.
    #[error("the account of this address was deleted meanwhile")]
    Contended,
    /// No hash.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// No token.
    #[error(transparent)]
    Token(#[from] NoRandomness),
    /// An instant of the database cannot be written.
    #[error("an instant cannot be written")]
    Time(#[from] time::error::Format),
    /// A statement failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Invalid { address, password_is_too_long } => {
                let password = password_is_too_long.then_some(InvalidPassword::TooLong);
                Faults::default().address("#/email", address).password("#/password", password).into()
            }
            RegisterError::Weak(weakness) => problems::weak_password("#/password", weakness),
            RegisterError::Throttled(wait) => problems::throttled(wait),
            RegisterError::Taken => Self::new(EMAIL_TAKEN),
            RegisterError::Contended | RegisterError::Hash(HashError::Overloaded) => Self::unavailable(error),
            RegisterError::Database(cause) => problems::database(cause),
            RegisterError::Hash(_) | RegisterError::Token(_) | RegisterError::Time(_) => {
                Self::internal(error)
            }
        }
    }
}
