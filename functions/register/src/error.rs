//! What can go wrong, and what the client is told of it.

use functions_framework::{Kind, Problem, problem};
use http::StatusCode;
use std::time::Duration;
use streamly::accounts::address::InvalidAddress;
use streamly::accounts::hash::HashError;
use streamly::accounts::one_time::NoRandomness;
use streamly::accounts::policy::Weakness;
use streamly::db;

const EMAIL_TAKEN: Kind =
    Kind { slug: "email-taken", status: StatusCode::CONFLICT, title: "This e-mail address has an account" };
const WEAK_PASSWORD: Kind = Kind {
    slug: "weak-password",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    title: "The password is too weak",
};

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
                invalid(address, password_is_too_long)
            }
            RegisterError::Weak(weakness) => weak(weakness),
            RegisterError::Throttled(wait) => Self::new(problem::TOO_MANY_REQUESTS).retry_after(wait),
            RegisterError::Taken => Self::new(EMAIL_TAKEN),
            RegisterError::Contended | RegisterError::Hash(HashError::Overloaded) => Self::unavailable(error),
            RegisterError::Database(cause) if cause.is_unavailable() => Self::unavailable(cause),
            RegisterError::Database(cause) => Self::internal(cause),
            RegisterError::Hash(_) | RegisterError::Token(_) | RegisterError::Time(_) => {
                Self::internal(error)
            }
        }
    }
}

fn invalid(address: Option<InvalidAddress>, password_is_too_long: bool) -> Problem {
    let mut problem = Problem::new(problem::VALIDATION_ERROR);
    problem = match address {
        Some(InvalidAddress::Form) => problem.field("#/email", "invalid", "this is no e-mail address"),
        Some(InvalidAddress::TooLong) => problem.field("#/email", "too-long", "this address is too long"),
        None => problem,
    };
    if password_is_too_long {
        return problem.field("#/password", "too-long", "a password has 256 characters at most");
    }
    problem
}

fn weak(weakness: Weakness) -> Problem {
    let problem = Problem::new(WEAK_PASSWORD);
    match weakness {
        Weakness::TooShort { length_min } => problem.field(
            "#/password",
            "too-short",
            format!("a password has {length_min} characters at least"),
        ),
        Weakness::TooCommon => {
            problem.field("#/password", "too-common", "this password is among the most common ones")
        }
        Weakness::ContainsContext => problem.field(
            "#/password",
            "contains-context",
            "this password is little more than the address or the service's name",
        ),
    }
}
