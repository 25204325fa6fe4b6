//! What the edge answers: bytes with their type, or a refusal with its status.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

/// Bytes to serve.
pub(super) struct Content {
    kind: &'static str,
    bytes: Vec<u8>,
}

impl Content {
    pub(super) fn new(kind: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { kind, bytes: bytes.into() }
    }
}

impl IntoResponse for Content {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, self.kind)], self.bytes).into_response()
    }
}

/// Why a request is refused, in the order in which the reasons are looked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// No asset has this playback id.
    #[error("no asset has this playback id")]
    UnknownId,
    /// The token is no token, or a parameter says nothing.
    #[error("this cannot be read: {0}")]
    Malformed(&'static str),
    /// The token is one, but does not open this.
    #[error("the token does not open this: {0}")]
    Forbidden(&'static str),
    /// The token opens it, but there is nothing to play yet.
    #[error("the asset is not ready")]
    NotReady,
    /// The asset has nothing here, or not within what the token grants.
    #[error("the asset has nothing here within what the token grants")]
    NothingHere,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::UnknownId | Self::NothingHere => StatusCode::NOT_FOUND,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotReady => StatusCode::PRECONDITION_FAILED,
        };
        (status, format!("{self}\n")).into_response()
    }
}
