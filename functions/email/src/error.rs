//! What can go wrong, and what the client is told of it.

use functions_framework::{Kind, Problem, problem};
use http::StatusCode;
use std::time::Duration;
use streamly::accounts::address::InvalidAddress;
use streamly::accounts::hash::HashError;
use streamly::accounts::one_time::NoRandomness;
use streamly::accounts::policy::InvalidPassword;
use streamly::accounts::reauthentication::ReauthenticationError;
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

/// Why no address was proven and no mail written.
#[derive(Debug, thiserror::Error)]
pub enum EmailError {
    /// The caller's token does not hold.
    #[error(transparent)]
    Bearer(#[from] InvalidToken),
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
            EmailError::Bearer(_) => Self::invalid_token(),
            EmailError::Email(invalid) => address(Self::new(problem::VALIDATION_ERROR), "#/email", invalid),
            EmailError::Invalid(new, current) => fields(new, current),
            EmailError::Throttled(wait) => Self::new(problem::TOO_MANY_REQUESTS).retry_after(wait),
            EmailError::NoSuchToken => {
                Self::new(INVALID_OR_EXPIRED_TOKEN).detail("ask for a new mail, and open its link")
            }
            EmailError::Reauthentication(error) => reauthentication(error),
            EmailError::Database(cause) if cause.is_unavailable() => Self::unavailable(cause),
            EmailError::Database(cause) => Self::internal(cause),
            EmailError::Token(_) | EmailError::StoredAddress(_) => Self::internal(error),
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

fn fields(new: Option<InvalidAddress>, current: Option<InvalidPassword>) -> Problem {
    let mut problem = Problem::new(problem::VALIDATION_ERROR);
    problem = match current {
        Some(InvalidPassword::Empty) => {
            problem.field("#/current_password", "too-short", "this password is empty")
        }
        Some(InvalidPassword::TooLong) => {
            problem.field("#/current_password", "too-long", "a password has 256 characters at most")
        }
        None => problem,
    };
    match new {
        Some(invalid) => address(problem, "#/new_email", invalid),
        None => problem,
    }
}

fn address(problem: Problem, pointer: &'static str, invalid: InvalidAddress) -> Problem {
    match invalid {
        InvalidAddress::Form => problem.field(pointer, "invalid", "this is no e-mail address"),
        InvalidAddress::TooLong => problem.field(pointer, "too-long", "this address is too long"),
    }
}
