//! Why a play does not go on, and what each refusal is over HTTP.

use adapters::{problems, watching};
use functions_framework::{Kind, Problem, problem};
use http::StatusCode;
use std::time::Duration;
use streamly::db;
use streamly::video::rights::Refusal;

const STREAM_TAKEN_OVER: Kind =
    Kind { slug: "stream-taken-over", status: StatusCode::GONE, title: "This stream has ended" };

/// Why a play does not go on, or nothing is told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgressError {
    #[error("the caller asks too often")]
    TooMany(Duration),
    #[error("the caller's account or login has ended")]
    SessionRevoked,
    #[error("the video is not there, or not for viewers")]
    VideoNotFound,
    #[error("the caller has no such play")]
    StreamNotFound,
    #[error("the position is no place in a title")]
    Position,
    #[error("the play was ended from elsewhere, or its place is taken")]
    TakenOver,
    #[error("the caller has no subscription that opens the video")]
    Refused(Refusal),
    #[error("the video is not shown where the caller is")]
    Geo,
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<ProgressError> for Problem {
    fn from(error: ProgressError) -> Self {
        match error {
            ProgressError::TooMany(wait) => problems::throttled(wait),
            ProgressError::SessionRevoked => Self::session_revoked(),
            ProgressError::VideoNotFound => watching::video_not_found(),
            ProgressError::StreamNotFound => Self::new(problem::NOT_FOUND),
            ProgressError::Position => Self::new(problem::VALIDATION_ERROR).field(
                "#/position_seconds",
                "invalid",
                "give the seconds from the start, 0 or more",
            ),
            ProgressError::TakenOver => {
                Self::new(STREAM_TAKEN_OVER).detail("stop here, and ask for playback again to go on")
            }
            ProgressError::Refused(refusal) => watching::refused(refusal),
            ProgressError::Geo => watching::geo_blocked(),
            ProgressError::Database(cause) => problems::database(cause),
        }
    }
}
