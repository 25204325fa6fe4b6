//! Why a question to the catalog is not answered.

use adapters::{problems, watching};
use functions_framework::{Kind, Problem, problem};
use http::StatusCode;
use streamly::db;

use crate::query::{LIMIT_MAX, WORDS_CHARS_MAX};

const INVALID_CURSOR: Kind =
    Kind { slug: "invalid-cursor", status: StatusCode::BAD_REQUEST, title: "This cursor leads nowhere" };

/// Why a question is not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogError {
    #[error("the video is not there, or not for viewers")]
    NotFound,
    #[error("the cursor is repeated, or none of ours")]
    Cursor,
    #[error("the limit is repeated, or none")]
    Limit,
    #[error("the words are repeated, or too many")]
    Words,
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<CatalogError> for Problem {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::NotFound => watching::video_not_found(),
            CatalogError::Cursor => {
                Self::new(INVALID_CURSOR).detail("give the next_cursor of a page as it is, once, or none")
            }
            CatalogError::Limit => Self::new(problem::VALIDATION_ERROR).field(
                "#/limit",
                "invalid",
                format!("give a number from 1 to {LIMIT_MAX}, once"),
            ),
            CatalogError::Words => Self::new(problem::VALIDATION_ERROR).field(
                "#/q",
                "too-long",
                format!("give {WORDS_CHARS_MAX} characters at most, once"),
            ),
            CatalogError::Database(cause) => problems::database(cause),
        }
    }
}
