//! Why Stripe did not answer as expected. Nothing of Stripe's own text is kept but its short codes.

/// Why Stripe did not answer as expected.
#[derive(Debug, thiserror::Error)]
pub enum StripeError {
    /// Not in time.
    #[error("Stripe did not answer in time")]
    TimedOut,
    /// No connection, or one that ended before an answer.
    #[error("Stripe could not be reached")]
    Unreachable(#[source] reqwest::Error),
    /// What came is no HTTP.
    #[error("Stripe's answer is no HTTP")]
    Protocol(#[source] reqwest::Error),
    /// The answer ended in its middle.
    #[error("Stripe's answer was cut off")]
    Cut(#[source] reqwest::Error),
    /// The answer is longer than any of Stripe's.
    #[error("Stripe's answer is too long")]
    TooLong,
    /// The answer is not JSON, or lacks what every such object has.
    #[error("Stripe's answer cannot be read")]
    Unreadable,
    /// The key is not, or no longer, good.
    #[error("Stripe refuses the secret key")]
    Unauthorized,
    /// The machine gave no random key to ask under.
    #[error("there is no randomness for an idempotency key")]
    NoRandomness,
    /// Stripe answered with an error.
    #[error("Stripe answered {status}, {}", code.as_deref().unwrap_or("without a code"))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Stripe's code for it.
        code: Option<String>,
        /// The parameter that it is about.
        parameter: Option<String>,
    },
}

impl StripeError {
    /// Whether Stripe does not know the customer that was named.
    pub fn is_missing_customer(&self) -> bool {
        matches!(self, Self::Refused { status: 400, code: Some(code), parameter: Some(parameter) }
            if code == "resource_missing" && parameter == "customer")
    }

    /// Whether an operator has to act, since no later request will fare better.
    pub fn needs_operator(&self) -> bool {
        matches!(self, Self::Unauthorized)
    }

    /// Whether the key is refused, or may not do what was asked.
    pub fn is_refused_key(&self) -> bool {
        matches!(self, Self::Unauthorized | Self::Refused { status: 403, .. })
    }
}
