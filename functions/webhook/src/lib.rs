//! `POST /v1/webhooks/stripe`: takes Stripe's events, of any content type and up to 1 MiB.
//!
//! Promises: nothing is parsed or stored before the signature over the raw bytes holds; a verified event is stored once,
//! however often and however many at once it is delivered; a 200 is sent after the commit, never before; every fault of
//! the database is a 503, so that Stripe delivers again; Stripe itself is never asked.
//!
//! Variables: `DATABASE_URL`, `DATABASE_CA_FILE`, `DATABASE_POOL_SIZE`, `STRIPE_WEBHOOK_SECRET`, `STRIPE_LIVEMODE` and
//! `PLANS`.

pub use adapters::problems::INVALID_SIGNATURE;
use adapters::variables;
use functions_framework::env::{Invalid, Reader};
use functions_framework::problem::MALFORMED_JSON;
use functions_framework::{Json, Limits, MediaType, Problem, Request, RequestExt, Routes, Severity};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use std::sync::Arc;
use streamly::billing::{ApplyError, Effect, Event, InvalidEvent, Outcome, Plans, Rules, apply};
use streamly::clock::Clock;
use streamly::db::Pool;
use streamly::signature::{InvalidSignature, STRIPE, WebhookSecrets};

/// Stripe's Checkout waits up to 10 seconds for an answer.
const LIMITS: Limits =
    Limits { body_bytes_max: 1024 * 1024, handler_ms_max: 9_000, media_type: MediaType::Any };

/// What the variables say.
#[derive(Debug)]
pub struct Config {
    pool: Pool,
    secrets: WebhookSecrets,
    rules: Rules,
}

impl Config {
    /// Reads the variables.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let pool = variables::database(env);
        let secrets = env.required_secret("STRIPE_WEBHOOK_SECRET");
        let plans = env.required::<Plans>("PLANS");
        let livemode = env.or("STRIPE_LIVEMODE", false);
        Ok(Self { pool: pool?, secrets: secrets?, rules: Rules { plans: plans?, livemode: livemode? } })
    }
}

/// What the work needs.
pub struct Parts {
    /// Tells how old a signature is.
    pub clock: Clock,
    /// The database.
    pub pool: Pool,
    /// The endpoint's secrets.
    pub secrets: WebhookSecrets,
    /// The plans and the mode.
    pub rules: Rules,
}

impl Parts {
    /// The real parts.
    pub fn real(config: Config) -> Self {
        let Config { pool, secrets, rules } = config;
        Self { clock: Clock::system(), pool, secrets, rules }
    }
}

/// The routes.
pub fn routes(parts: Parts) -> Routes<Parts> {
    Routes::new(parts).post("/v1/webhooks/stripe", receive).limits(LIMITS)
}

#[derive(Serialize)]
struct Reply {
    received: bool,
    outcome: Outcome,
}

/// Why an event is not taken.
#[derive(Debug, thiserror::Error)]
enum ReceiveError {
    #[error(transparent)]
    Signature(#[from] InvalidSignature),
    #[error(transparent)]
    Event(#[from] InvalidEvent),
    #[error("the event is not settled")]
    Apply(#[from] ApplyError),
}

impl From<ReceiveError> for Problem {
    fn from(error: ReceiveError) -> Self {
        match error {
            // One refusal for all: what exactly is wrong helps only who guesses.
            ReceiveError::Signature(_) => Self::new(INVALID_SIGNATURE),
            ReceiveError::Event(_) => {
                Self::new(MALFORMED_JSON).detail("the body must be an event of Stripe's")
            }
            // Even a defect of ours: the next delivery may meet a mended revision.
            ReceiveError::Apply(cause) => Self::unavailable(cause),
        }
    }
}

async fn receive(webhook: Arc<Parts>, request: Request) -> Result<(StatusCode, Json<Reply>), Problem> {
    let received = webhook.receive(request.headers(), request.body()).await;
    report(&request, &received);
    let (_, Effect { outcome, .. }) = received?;
    Ok((StatusCode::OK, Json(Reply { received: true, outcome })))
}

impl Parts {
    async fn receive(&self, headers: &HeaderMap, body: &[u8]) -> Result<(Event, Effect), ReceiveError> {
        self.secrets.verify(&STRIPE, headers, body, self.clock.unix_seconds())?;
        let payload = std::str::from_utf8(body).map_err(|_| InvalidEvent::Json)?;
        let event = Event::read(body, &self.rules.plans)?;
        let effect = apply(&self.pool, &self.rules, &event, payload).await?;
        Ok((event, effect))
    }
}

/// Fields of the request's line, by which outcomes are counted, and a line for each thing that a person should look at.
fn report(request: &Request, received: &Result<(Event, Effect), ReceiveError>) {
    let (event, effect) = match received {
        Ok(received) => received,
        Err(ReceiveError::Signature(invalid)) => {
            // Their rate tells of a wrong secret, or of someone who tries.
            request.log_field("webhook.outcome", INVALID_SIGNATURE.slug);
            return request.log_field("webhook.detail", invalid.to_string());
        }
        Err(_) => return,
    };
    let mut fields: Vec<(&'static str, String)> = vec![
        ("webhook.outcome", effect.outcome.as_str().to_owned()),
        ("stripe.event.id", event.id.clone()),
        ("stripe.event.type", event.event_type.clone()),
    ];
    fields.extend(effect.detail.map(|detail| ("webhook.detail", detail.to_owned())));
    fields.extend(event.names.subscription.clone().map(|id| ("stripe.subscription.id", id)));
    fields.extend(effect.user_id.map(|user_id| ("user.id", user_id.to_string())));
    for (name, value) in &fields {
        request.log_field(name, value.as_str());
    }
    for alert in &effect.alerts {
        let named = fields.iter().map(|(name, value)| (*name, value.as_str().into()));
        let fields: Vec<_> = named.chain([("alert", alert.as_str().into())]).collect();
        request.log(Severity::Warning, &format!("event {}: {}", event.id, alert.as_str()), &fields);
    }
}
