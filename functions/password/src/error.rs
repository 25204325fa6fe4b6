//! What can go wrong, and what the client is told of it.

use functions_framework::{Kind, Problem, problem};
use http::StatusCode;
use std::time::Duration;
use streamly::accounts::InvalidScope;
use streamly::accounts::address::InvalidAddress;
use streamly::accounts::hash::HashError;
use streamly::accounts::one_time::NoRandomness;
use streamly::accounts::policy::{InvalidPassword, Weakness};
use streamly::accounts::reauthentication::ReauthenticationError;
use streamly::accounts::token::SigningFailed;
use streamly::accounts::verify::InvalidToken;
use streamly::db;

const INVALID_OR_EXPIRED_TOKEN: Kind = Kind {
    slug: "invalid-or-expired-token",
    status: StatusCode::BAD_REQUEST,
    title: "This link is not valid any more",
};
const REAUTHENTICATION_FAILED: Kind = Kind {
    slug: "reauthentication-failed",
    status: StatusCode::FORBIDDEN,
    title: "The current password is wrong",
};
const WEAK_PASSWORD: Kind = Kind {
    slug: "weak-password",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    title: "The password is too weak",
};

/// Why no password was set and no mail written.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The caller's token does not hold.
    #[error(transparent)]
    Bearer(#[from] InvalidToken),
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
            PasswordError::Bearer(_) => Self::invalid_token(),
            PasswordError::Email(invalid) => email(invalid),
            PasswordError::Invalid { current, new_is_too_long } => passwords(current, new_is_too_long),
            PasswordError::Weak(weakness) => weak(weakness),
            PasswordError::Unchanged => {
                Self::new(WEAK_PASSWORD).field("#/new_password", "unchanged", "this is the current password")
            }
            PasswordError::Throttled(wait) => Self::new(problem::TOO_MANY_REQUESTS).retry_after(wait),
            PasswordError::NoSuchToken => {
                Self::new(INVALID_OR_EXPIRED_TOKEN).detail("ask for a new mail, and open its link")
            }
            PasswordError::Reauthentication(error) => reauthentication(error),
            PasswordError::Hash(HashError::Overloaded) => Self::unavailable(error),
            PasswordError::Database(cause) if cause.is_unavailable() => Self::unavailable(cause),
            PasswordError::Database(cause) => Self::internal(cause),
            PasswordError::Hash(_)
            | PasswordError::Token(_)
            | PasswordError::Signing(_)
            | PasswordError::StoredAddress(_)
            | PasswordError::Scope(_) => Self::internal(error),
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

fn email(invalid: InvalidAddress) -> Problem {
    let problem = Problem::new(problem::VALIDATION_ERROR);
    match invalid {
        InvalidAddress::Form => problem.field("#/email", "invalid", "this is no e-mail address"),
        InvalidAddress::TooLong => problem.field("#/email", "too-long", "this address is too long"),
    }
}

fn passwords(current: Option<InvalidPassword>, new_is_too_long: bool) -> Problem {
    let too_long = "a password has 256 characters at most";
    let mut problem = Problem::new(problem::VALIDATION_ERROR);
    problem = match current {
        Some(InvalidPassword::Empty) => {
            problem.field("#/current_password", "too-short", "this password is empty")
        }
        Some(InvalidPassword::TooLong) => problem.field("#/current_password", "too-long", too_long),
        None => problem,
    };
    if new_is_too_long { problem.field("#/new_password", "too-long", too_long) } else { problem }
}

fn weak(weakness: Weakness) -> Problem {
    let problem = Problem::new(WEAK_PASSWORD);
    match weakness {
        Weakness::TooShort { length_min } => problem.field(
            "#/new_password",
            "too-short",
            format!("a password has {length_min} characters at least"),
        ),
        Weakness::TooCommon => {
            problem.field("#/new_password", "too-common", "this password is among the most common ones")
        }
        Weakness::ContainsContext => problem.field(
            "#/new_password",
            "contains-context",
            "this password is little more than the address or the service's name",
        ),
    }
}
