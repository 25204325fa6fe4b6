//! What can go wrong, and what the client is told of it.

use adapters::problems::{self, Faults};
use functions_framework::{Kind, Problem};
use http::StatusCode;
use std::time::Duration;
use streamly::accounts::InvalidScope;
use streamly::accounts::address::InvalidAddress;
use streamly::accounts::hash::HashError;
use streamly::accounts::policy::InvalidPassword;
use streamly::accounts::token::SigningFailed;
use streamly::db;

const INVALID_CREDENTIALS: Kind = Kind {
    slug: "invalid-credentials",
    status: StatusCode::UNAUTHORIZED,
    title: "The e-mail address or the password is wrong",
};
const EMAIL_NOT_VERIFIED: Kind = Kind {
    slug: "email-not-verified",
    status: StatusCode::FORBIDDEN,
    title: "The e-mail address is not verified yet",
};
const OVERLOADED: Kind = Kind {
    slug: "overloaded",
    status: StatusCode::SERVICE_UNAVAILABLE,
    title: "Too many people are logging in at this moment",
};

/// When somebody who found the queue full may try again.
const OVERLOADED_RETRY: Duration = Duration::from_secs(2);

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The address or the password cannot be one.
    #[error("the address or the password cannot be one")]
    Invalid(Option<InvalidAddress>, Option<InvalidPassword>),
    /// The client or the account must wait.
    #[error("too many attempts")]
    Throttled(Duration),
    /// They do not belong together, or the account must not log in.
    #[error("wrong credentials")]
    InvalidCredentials,
    /// They belong together, but the address must be verified first.
    #[error("the address is not verified")]
    NotVerified,
    /// The stored hash changed under every verification.
    #[error("the stored hash changed during every verification")]
    Contended,
    /// No verdict.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The tokens could not be signed.
    #[error(transparent)]
    Signing(#[from] SigningFailed),
    /// A row names a scope that does not exist.
    #[error("an account's scope cannot be read")]
    Scope(#[source] InvalidScope),
    /// A statement failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl LoginError {
    /// Whether the attempt was judged and failed, so that it stays counted.
    pub(crate) fn is_failure(&self) -> bool {
        matches!(self, Self::InvalidCredentials)
    }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Invalid(address, password) => {
                Faults::default().address("#/email", address).password("#/password", password).into()
            }
            LoginError::Throttled(wait) => problems::throttled(wait),
            LoginError::InvalidCredentials => Self::new(INVALID_CREDENTIALS).challenge(),
            LoginError::NotVerified => Self::new(EMAIL_NOT_VERIFIED)
                .detail("follow the link in the mail that was sent to the address"),
            LoginError::Hash(HashError::Overloaded) => Self::new(OVERLOADED).retry_after(OVERLOADED_RETRY),
            LoginError::Contended => Self::unavailable(error),
            LoginError::Database(cause) => problems::database(cause),
            LoginError::Hash(_) | LoginError::Signing(_) | LoginError::Scope(_) => Self::internal(error),
        }
    }
}
