//! Why somebody does not get to watch, in the work's words, and what each refusal is over HTTP.

use adapters::problems;
use functions_framework::{Kind, Problem, problem};
use http::StatusCode;
use serde::Serialize;
use std::time::Duration;
use streamly::accounts::verify::InvalidToken;
use streamly::billing::access::Denial;
use streamly::db;
use streamly::db::streams::ActiveStream;
use streamly::ids::{StreamId, VideoId};
use time::OffsetDateTime;

use crate::source::Unservable;

const VIDEO_NOT_FOUND: Kind =
    Kind { slug: "video-not-found", status: StatusCode::NOT_FOUND, title: "There is no such video" };
const SUBSCRIPTION_REQUIRED: Kind = Kind {
    slug: "subscription-required",
    status: StatusCode::FORBIDDEN,
    title: "This video takes a subscription",
};
const SUBSCRIPTION_LAPSED: Kind =
    Kind { slug: "subscription-lapsed", status: StatusCode::FORBIDDEN, title: "The subscription has ended" };
const PAYMENT_REQUIRED: Kind = Kind {
    slug: "payment-required",
    status: StatusCode::FORBIDDEN,
    title: "A payment for the subscription is due",
};
const TIER_REQUIRED: Kind =
    Kind { slug: "tier-required", status: StatusCode::FORBIDDEN, title: "This video needs a higher plan" };
const GEO_BLOCKED: Kind = Kind {
    slug: "geo-blocked",
    status: StatusCode::FORBIDDEN,
    title: "This video is not available in your country",
};
const VIDEO_NOT_READY: Kind = Kind {
    slug: "video-not-ready",
    status: StatusCode::CONFLICT,
    title: "This video is still being prepared",
};
const STREAM_LIMIT_REACHED: Kind = Kind {
    slug: "stream-limit-reached",
    status: StatusCode::CONFLICT,
    title: "As many streams run as the plan allows",
};

/// How long a provider may take to prepare a video until it is worth asking again.
const PREPARING: Duration = Duration::from_secs(30);

/// Why somebody does not get to watch.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaybackError {
    #[error("the video is not there, or not for viewers")]
    NotFound,
    #[error("the session id is repeated or no id")]
    SessionId,
    #[error("the video takes a caller with a token")]
    MissingToken,
    #[error(transparent)]
    InvalidToken(#[from] InvalidToken),
    #[error("the caller asks too often")]
    TooMany(Duration),
    #[error("the caller's account or login has ended")]
    SessionRevoked,
    #[error("the caller has no subscription that opens the video")]
    Denied(Denial),
    #[error("the video takes tier {0}")]
    Tier(String),
    #[error("the video is not shown where the caller is")]
    Geo,
    #[error("the video is not ready")]
    NotReady,
    #[error("as many streams play as may")]
    Full(Vec<ActiveStream>),
    #[error(transparent)]
    Unservable(#[from] Unservable),
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// A running play as the reply lists it.
#[derive(Serialize)]
struct Active {
    id: StreamId,
    video_id: VideoId,
    title: String,
    device: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    started_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    last_seen_at: OffsetDateTime,
}

impl From<ActiveStream> for Active {
    fn from(stream: ActiveStream) -> Self {
        let ActiveStream { id, video, title, device, started_at, last_seen_at } = stream;
        Self { id, video_id: video, title, device, started_at, last_seen_at }
    }
}

impl From<PlaybackError> for Problem {
    fn from(error: PlaybackError) -> Self {
        match error {
            PlaybackError::NotFound => Self::new(VIDEO_NOT_FOUND),
            PlaybackError::SessionId => Self::new(problem::VALIDATION_ERROR).field(
                "#/session_id",
                "invalid",
                "give the session_id of an earlier answer, once",
            ),
            PlaybackError::MissingToken => Self::missing_token(),
            PlaybackError::InvalidToken(InvalidToken) => Self::invalid_token(),
            PlaybackError::TooMany(wait) => problems::throttled(wait),
            PlaybackError::SessionRevoked => Self::session_revoked(),
            PlaybackError::Denied(Denial::SubscriptionRequired) => Self::new(SUBSCRIPTION_REQUIRED),
            PlaybackError::Denied(Denial::SubscriptionLapsed) => Self::new(SUBSCRIPTION_LAPSED),
            PlaybackError::Denied(Denial::PaymentRequired) => Self::new(PAYMENT_REQUIRED),
            PlaybackError::Tier(tier) => Self::new(TIER_REQUIRED).member("required_tier", tier),
            PlaybackError::Geo => Self::new(GEO_BLOCKED),
            PlaybackError::NotReady => Self::new(VIDEO_NOT_READY).retry_after(PREPARING),
            PlaybackError::Full(streams) => {
                let streams: Vec<Active> = streams.into_iter().map(Active::from).collect();
                let streams = serde_json::to_value(streams).expect("ids, texts and times serialize to JSON");
                Self::new(STREAM_LIMIT_REACHED)
                    .detail("end one of these, or watch there")
                    .member("active_streams", streams)
            }
            PlaybackError::Unservable(cause) => Self::unavailable(cause),
            PlaybackError::Database(cause) => problems::database(cause),
        }
    }
}
