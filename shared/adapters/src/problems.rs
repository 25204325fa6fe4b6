//! What a client is told of the product's errors, where several functions tell the same.

use functions_framework::{Kind, Problem, Request, RequestExt, Severity, log, problem};
use http::StatusCode;
use std::error::Error;
use std::time::Duration;
use streamly::accounts::address::InvalidAddress;
use streamly::accounts::hash::HashError;
use streamly::accounts::policy::{InvalidPassword, Weakness};
use streamly::accounts::reauthentication::ReauthenticationError;
use streamly::accounts::verify::Caller;
use streamly::billing::stripe::StripeError;
use streamly::db;
use streamly::ids::UserId;

/// A mailed token that was never sent, was used, is too old or was replaced.
pub const INVALID_OR_EXPIRED_TOKEN: Kind = Kind {
    slug: "invalid-or-expired-token",
    status: StatusCode::BAD_REQUEST,
    title: "This link is not valid any more",
};
/// A webhook's signature does not hold.
pub const INVALID_SIGNATURE: Kind =
    Kind { slug: "invalid-signature", status: StatusCode::BAD_REQUEST, title: "The signature is not valid" };
/// Who is logged in did not prove the password once more.
pub const REAUTHENTICATION_FAILED: Kind = Kind {
    slug: "reauthentication-failed",
    status: StatusCode::FORBIDDEN,
    title: "The current password is wrong",
};
/// A password that must not be set.
pub const WEAK_PASSWORD: Kind = Kind {
    slug: "weak-password",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    title: "The password is too weak",
};
/// Stripe refused, or answered what cannot be read.
pub const PAYMENT_PROVIDER_ERROR: Kind = Kind {
    slug: "payment-provider-error",
    status: StatusCode::BAD_GATEWAY,
    title: "The payment provider did not answer as expected",
};
/// Stripe did not answer in time.
pub const PAYMENT_PROVIDER_TIMEOUT: Kind = Kind {
    slug: "payment-provider-timeout",
    status: StatusCode::GATEWAY_TIMEOUT,
    title: "The payment provider took too long",
};

/// A statement that failed: come back, or a defect of ours.
pub fn database(cause: db::Error) -> Problem {
    if cause.is_unavailable() { Problem::unavailable(cause) } else { Problem::internal(cause) }
}

/// So many that this one must wait.
pub fn throttled(wait: Duration) -> Problem {
    Problem::new(problem::TOO_MANY_REQUESTS).retry_after(wait)
}

/// The link of a mail leads nowhere.
pub fn invalid_or_expired_token() -> Problem {
    Problem::new(INVALID_OR_EXPIRED_TOKEN).detail("ask for a new mail, and open its link")
}

/// Nothing was proven.
pub fn reauthentication(error: ReauthenticationError) -> Problem {
    match error {
        ReauthenticationError::SessionRevoked => Problem::session_revoked(),
        ReauthenticationError::Throttled(wait) => throttled(wait),
        ReauthenticationError::WrongPassword => Problem::new(REAUTHENTICATION_FAILED),
        ReauthenticationError::UnusableHash(user_id) => {
            report_unusable_hash(user_id);
            Problem::new(REAUTHENTICATION_FAILED)
        }
        ReauthenticationError::Contended | ReauthenticationError::Hash(HashError::Overloaded) => {
            Problem::unavailable(error)
        }
        ReauthenticationError::Database(cause) => database(cause),
        ReauthenticationError::Hash(_) | ReauthenticationError::Address(_) => Problem::internal(error),
    }
}

/// A line for an operator: no password fits this person's stored hash, whatever they type.
pub fn report_unusable_hash(user_id: UserId) {
    let id = user_id.to_string();
    let message = format!("the stored hash of user {id} cannot be used");
    log(Severity::Error, &message, &[("user.id", id.into()), ("alert", "unusable-hash".into())]);
}

/// The faults of a body, each at its place; none where there is none.
#[derive(Debug)]
pub struct Faults(Problem);

impl Default for Faults {
    fn default() -> Self {
        Self(Problem::new(problem::VALIDATION_ERROR))
    }
}

impl Faults {
    /// What is wrong with an address, if something is.
    #[must_use]
    pub fn address(self, pointer: &'static str, invalid: Option<InvalidAddress>) -> Self {
        match invalid {
            Some(InvalidAddress::Form) => Self(self.0.field(pointer, "invalid", "this is no e-mail address")),
            Some(InvalidAddress::TooLong) => {
                Self(self.0.field(pointer, "too-long", "this address is too long"))
            }
            None => self,
        }
    }

    /// What is wrong with a password, if something is.
    #[must_use]
    pub fn password(self, pointer: &'static str, invalid: Option<InvalidPassword>) -> Self {
        match invalid {
            Some(InvalidPassword::Empty) => {
                Self(self.0.field(pointer, "too-short", "this password is empty"))
            }
            Some(InvalidPassword::TooLong) => {
                Self(self.0.field(pointer, "too-long", "a password has 256 characters at most"))
            }
            None => self,
        }
    }
}

impl From<Faults> for Problem {
    fn from(faults: Faults) -> Self {
        faults.0
    }
}

/// Why a password must not be set.
pub fn weak_password(pointer: &'static str, weakness: Weakness) -> Problem {
    let problem = Problem::new(WEAK_PASSWORD);
    match weakness {
        Weakness::TooShort { length_min } => {
            problem.field(pointer, "too-short", format!("a password has {length_min} characters at least"))
        }
        Weakness::TooCommon => {
            problem.field(pointer, "too-common", "this password is among the most common ones")
        }
        Weakness::ContainsContext => problem.field(
            pointer,
            "contains-context",
            "this password is little more than the address or the service's name",
        ),
    }
}

/// Nothing came of asking Stripe. The client learns nothing of Stripe's own text.
pub fn stripe(error: &StripeError) -> Problem {
    match error {
        StripeError::TimedOut => Problem::new(PAYMENT_PROVIDER_TIMEOUT),
        _ => Problem::new(PAYMENT_PROVIDER_ERROR),
    }
}

/// A line of its own for a failure of Stripe's; a refused key is for an operator.
pub fn report_stripe(request: &Request, caller: &Caller, error: &StripeError, what: &str) {
    let severity = if error.needs_operator() { Severity::Error } else { Severity::Warning };
    let mut cause = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        cause = format!("{cause}: {error}");
        source = error.source();
    }
    let mut fields = vec![("user.id", caller.user_id().to_string().into()), ("cause", cause.into())];
    if error.needs_operator() {
        fields.push(("alert", "stripe-unauthorized".into()));
    }
    request.log(severity, &format!("{what}: the payment provider failed"), &fields);
}
