//! `POST /drain`: sends the mails that wait in the outbox. Private: a scheduler alone calls it, every minute or oftener, and
//! the platform lets nobody else in.
//!
//! - What is due is leased in one statement and committed before the first mail is sent, so that any number of drains at
//!   once send each mail once.
//! - A mail is sent at least once: one whose delivery is not known, since the connection or this process ended meanwhile,
//!   is due again when its lease ends, under the same `Message-ID`.
//! - What was sent or refused for good loses its token in the same statement. Failures wait, longer each time, and end with
//!   what the mail is good for.
//! - An unreachable relay is no error of this route: 200, and the mails are counted as failed.
//!
//! Variables: `DATABASE_URL`, `DATABASE_CA_FILE`, `DATABASE_POOL_SIZE`, `SMTP_URL`, `MAIL_FROM`, `PUBLIC_APP_URL`.

mod config;
mod drain;
mod message;
mod relay;
mod text;

pub use config::{AppUrl, Config, InvalidAppUrl, InvalidSender, Sender};
pub use drain::Patience;
pub use relay::{InvalidRelay, Relay};
pub use text::{Text, Values, text};

use functions_framework::{Json, Limits, MediaType, Problem, Request, RequestExt, Routes};
use http::StatusCode;
use serde::Serialize;
use std::sync::Arc;
use streamly::clock::Clock;
use streamly::db::{self, Pool};

/// Longer than a drain takes, and shorter than the schedulers' patience; the body is not looked at.
const LIMITS: Limits = Limits {
    body_bytes_max: 1024,
    handler_ms_max: Patience::STANDARD.ms_max() + 10_000,
    media_type: MediaType::Any,
};

/// What the function works with.
pub struct Parts {
    /// The database.
    pub pool: Pool,
    /// Where mails are handed over.
    pub relay: Relay,
    /// Who sends them.
    pub sender: Sender,
    /// Where their links lead.
    pub app: AppUrl,
    /// Tells when they were sent.
    pub clock: Clock,
    /// How long the relay is waited for.
    pub patience: Patience,
}

impl Parts {
    /// The parts that these variables describe.
    pub fn real(config: Config) -> Self {
        Self {
            pool: config.pool,
            relay: config.relay,
            sender: config.sender,
            app: config.app,
            clock: Clock::system(),
            patience: Patience::default(),
        }
    }
}

/// The routes.
pub fn routes(parts: Parts) -> Routes<Parts> {
    Routes::new(parts).post("/drain", drain).limits(LIMITS)
}

/// What a drain came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Drained {
    /// Mails that the relay took.
    pub sent: usize,
    /// Mails that it did not take, now or ever.
    pub failed: usize,
}

/// The database failed: what was leased is due again when its lease ends.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DrainError(#[from] db::Error);

impl From<DrainError> for Problem {
    fn from(DrainError(cause): DrainError) -> Self {
        if cause.is_unavailable() { Self::unavailable(cause) } else { Self::internal(cause) }
    }
}

/// The request's line says what came of it, and how long the oldest mail has waited, by which an operator is woken.
async fn drain(mailer: Arc<Parts>, request: Request) -> Result<(StatusCode, Json<Drained>), Problem> {
    let drained = mailer.drain().await?;
    request.log_field("mailer.sent", drained.sent);
    request.log_field("mailer.failed", drained.failed);
    request.log_field("mailer.oldest_s", mailer.oldest_s().await?);
    Ok((StatusCode::OK, Json(drained)))
}
