//! `POST /v1/webhooks/mux` and `POST /v1/webhooks/cloudflare`: take what video providers tell of uploads, of any content type
//! and up to 1 MiB.
//!
//! Promises: nothing is parsed or stored before the signature over the raw bytes holds; an event counts once, however often
//! and however many at once it is delivered, and none undoes a later one; a title that not everyone may watch never becomes
//! ready while its provider would play it to everyone; a 200 is sent after the commit, never before; every fault of the
//! database is a 503 within the five seconds that Mux waits, so that the event is delivered again; no provider is asked.
//! What names no title of ours leaves no row.
//!
//! Variables: `DATABASE_URL`, `DATABASE_CA_FILE`, `DATABASE_POOL_SIZE`, `MUX_WEBHOOK_SECRET` and `CLOUDFLARE_WEBHOOK_SECRET`.
//! A provider without a secret is off: no signature of its holds.

use adapters::problems::INVALID_SIGNATURE;
use adapters::variables;
use functions_framework::env::{Invalid, Reader};
use functions_framework::problem::MALFORMED_JSON;
use functions_framework::{Json, Limits, MediaType, Problem, Request, RequestExt, Routes, Severity};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use std::sync::Arc;
use streamly::clock::Clock;
use streamly::db::video_states::{self, Change};
use streamly::db::videos::Provider;
use streamly::db::{self, Pool, TransactionLimits, webhook_events};
use streamly::ids::VideoId;
use streamly::signature::{CLOUDFLARE, InvalidSignature, MUX, Scheme, WebhookSecrets};
use streamly::video::report::{self, Event, InvalidEvent, Report, Verdict};

/// Mux waits 5 seconds for an answer.
const LIMITS: Limits =
    Limits { body_bytes_max: 1024 * 1024, handler_ms_max: 4_500, media_type: MediaType::Any };

/// So that a database which is busy answers as such before the request is given up.
const TRANSACTION: TransactionLimits = TransactionLimits { lock_ms_max: 1_500, statement_ms_max: 2_000 };

/// What the variables say.
#[derive(Debug)]
pub struct Config {
    pool: Pool,
    mux: Option<WebhookSecrets>,
    cloudflare: Option<WebhookSecrets>,
}

impl Config {
    /// Reads the variables.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let pool = variables::database(env);
        let mux = env.optional_secret("MUX_WEBHOOK_SECRET");
        let cloudflare = env.optional_secret("CLOUDFLARE_WEBHOOK_SECRET");
        Ok(Self { pool: pool?, mux: mux?, cloudflare: cloudflare? })
    }
}

/// What the work needs.
pub struct Parts {
    /// Tells how old a signature is.
    pub clock: Clock,
    /// The database.
    pub pool: Pool,
    /// The secrets of Mux's endpoint.
    pub mux: Option<WebhookSecrets>,
    /// The secrets of Cloudflare Stream's.
    pub cloudflare: Option<WebhookSecrets>,
}

impl Parts {
    /// The real parts.
    pub fn real(config: Config) -> Self {
        let Config { pool, mux, cloudflare } = config;
        Self { clock: Clock::system(), pool, mux, cloudflare }
    }
}

/// The routes.
pub fn routes(parts: Parts) -> Routes<Parts> {
    Routes::new(parts)
        .post("/v1/webhooks/mux", from_mux)
        .post("/v1/webhooks/cloudflare", from_cloudflare)
        .limits(LIMITS)
}

/// How one provider tells.
struct Sender {
    provider: Provider,
    scheme: Scheme,
    secrets: fn(&Parts) -> Option<&WebhookSecrets>,
    read: fn(&[u8]) -> Result<Event, InvalidEvent>,
}

const FROM_MUX: Sender = Sender {
    provider: Provider::Mux,
    scheme: MUX,
    secrets: |parts| parts.mux.as_ref(),
    read: report::mux_event,
};

const FROM_CLOUDFLARE: Sender = Sender {
    provider: Provider::Cloudflare,
    scheme: CLOUDFLARE,
    secrets: |parts| parts.cloudflare.as_ref(),
    read: report::cloudflare_event,
};

/// What came of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    /// The title changed.
    Applied,
    /// The title is further already.
    Stale,
    /// It counted before.
    Duplicate,
    /// It is not about how far a video is.
    Ignored,
    /// It is about none of our titles.
    Unmatched,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Stale => "stale",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
            Self::Unmatched => "unmatched",
        }
    }
}

#[derive(Serialize)]
struct Reply {
    received: bool,
    outcome: Outcome,
}

/// An event that was taken.
struct Taken {
    event: Event,
    outcome: Outcome,
    video: Option<VideoId>,
    change: Option<Box<Change>>,
}

/// Why an event is not taken.
#[derive(Debug, thiserror::Error)]
enum ReceiveError {
    #[error("this provider is off here")]
    Off,
    #[error(transparent)]
    Signature(#[from] InvalidSignature),
    #[error(transparent)]
    Event(#[from] InvalidEvent),
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<ReceiveError> for Problem {
    fn from(error: ReceiveError) -> Self {
        match error {
            // One refusal for all: what exactly is wrong helps only who guesses.
            ReceiveError::Off | ReceiveError::Signature(_) => Self::new(INVALID_SIGNATURE),
            ReceiveError::Event(_) => {
                Self::new(MALFORMED_JSON).detail("the body must be an event of this provider's")
            }
            // Even a defect of ours: the next delivery may meet a mended revision.
            ReceiveError::Database(cause) => Self::unavailable(cause),
        }
    }
}

type Answer = Result<(StatusCode, Json<Reply>), Problem>;

async fn from_mux(webhook: Arc<Parts>, request: Request) -> Answer {
    webhook.answer(&FROM_MUX, &request).await
}

async fn from_cloudflare(webhook: Arc<Parts>, request: Request) -> Answer {
    webhook.answer(&FROM_CLOUDFLARE, &request).await
}

impl Parts {
    async fn answer(&self, sender: &Sender, request: &Request) -> Answer {
        let received = self.receive(sender, request.headers(), request.body()).await;
        log(sender, request, &received);
        Ok((StatusCode::OK, Json(Reply { received: true, outcome: received?.outcome })))
    }

    async fn receive(
        &self,
        sender: &Sender,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Taken, ReceiveError> {
        let secrets = (sender.secrets)(self).ok_or(ReceiveError::Off)?;
        secrets.verify(&sender.scheme, headers, body, self.clock.unix_seconds())?;
        let mut event = (sender.read)(body)?;
        match event.report.take() {
            Some(report) => Ok(self.apply(sender.provider, event, &report).await?),
            None => Ok(Taken { event, outcome: Outcome::Ignored, video: None, change: None }),
        }
    }

    /// Notes the event and moves its title, in one transaction.
    async fn apply(&self, provider: Provider, event: Event, report: &Report) -> Result<Taken, db::Error> {
        let transaction = self.pool.get().await?.begin(TRANSACTION).await?;
        if !webhook_events::insert(&*transaction, provider, &event.id, &event.kind).await? {
            transaction.rollback().await?;
            return Ok(Taken { event, outcome: Outcome::Duplicate, video: None, change: None });
        }
        let state = video_states::lock(&*transaction, provider, &report.names).await?;
        let verdict = state.as_ref().map_or(Verdict::Foreign, |state| report::judge(state, report));
        let video = state.map(|state| state.id);
        let (outcome, change) = match (verdict, video) {
            (Verdict::Change(change), Some(video)) => {
                video_states::change(&*transaction, video, &change).await?;
                (Outcome::Applied, Some(change))
            }
            (Verdict::Stale, _) => (Outcome::Stale, None),
            // Nothing is kept of what is not ours: neither is staging told of its own videos alone.
            _ => {
                transaction.rollback().await?;
                return Ok(Taken { event, outcome: Outcome::Unmatched, video: None, change: None });
            }
        };
        transaction.commit().await?;
        Ok(Taken { event, outcome, video, change })
    }
}

/// Fields of the request's line, by which outcomes are counted, and a line for a title that cannot be shown as it is.
fn log(sender: &Sender, request: &Request, received: &Result<Taken, ReceiveError>) {
    request.log_field("video.provider", sender.provider.as_str());
    let taken = match received {
        Ok(taken) => taken,
        Err(error @ (ReceiveError::Off | ReceiveError::Signature(_))) => {
            // Their rate tells of a wrong secret, or of someone who tries.
            request.log_field("webhook.outcome", INVALID_SIGNATURE.slug);
            return request.log_field("webhook.detail", error.to_string());
        }
        Err(_) => return,
    };
    request.log_field("webhook.outcome", taken.outcome.as_str());
    request.log_field("webhook.event.type", taken.event.kind.as_str());
    let Some(video) = taken.video else { return };
    request.log_field("video.id", video.to_string());
    let Some(change) = &taken.change else { return };
    request.log_field("video.status", change.status.as_str());
    if let Some((code, _)) = &change.error {
        let severity = if report::is_about_playback(code) { Severity::Error } else { Severity::Warning };
        let fields = [("video.id", video.to_string().into()), ("video.error_code", code.as_str().into())];
        request.log(severity, &format!("video {video} will not play: {code}"), &fields);
    }
}
