//! Why somebody does not get to watch, in the work's words, and what each refusal is over HTTP.

use adapters::problems;
use adapters::watching::{self, Active};
use functions_framework::{Kind, Problem, problem};
use http::StatusCode;
use std::time::Duration;
use streamly::accounts::verify::InvalidToken;
use streamly::db;
use streamly::db::streams::ActiveStream;
use streamly::ids::VideoId;
use streamly::video::providers::Unservable;
use streamly::video::rights::Refusal;

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
    Refused(Refusal),
    #[error("the video is not shown where the caller is")]
    Geo,
    #[error("the video is not ready")]
    NotReady,
    #[error("as many streams play as may")]
    Full(Vec<ActiveStream>),
    #[error("video {0} cannot be served")]
    Unservable(VideoId, #[source] Unservable),
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<PlaybackError> for Problem {
    fn from(error: PlaybackError) -> Self {
        match error {
            PlaybackError::NotFound => watching::video_not_found(),
            PlaybackError::SessionId => Self::new(problem::VALIDATION_ERROR).field(
                "#/session_id",
                "invalid",
                "give the session_id of an earlier answer, once",
            ),
            PlaybackError::MissingToken => Self::missing_token(),
            PlaybackError::InvalidToken(InvalidToken) => Self::invalid_token(),
            PlaybackError::TooMany(wait) => problems::throttled(wait),
            PlaybackError::SessionRevoked => Self::session_revoked(),
            PlaybackError::Refused(refusal) => watching::refused(refusal),
            PlaybackError::Geo => watching::geo_blocked(),
            PlaybackError::NotReady => Self::new(VIDEO_NOT_READY).retry_after(PREPARING),
            PlaybackError::Full(streams) => {
                let streams: Vec<Active> = streams.into_iter().map(Active::from).collect();
                let streams = serde_json::to_value(streams).expect("ids, texts and times serialize to JSON");
                Self::new(STREAM_LIMIT_REACHED)
                    .detail("end one of these, or watch there")
                    .member("active_streams", streams)
            }
            PlaybackError::Unservable(..) => Self::unavailable(error),
            PlaybackError::Database(cause) => problems::database(cause),
        }
    }
}
