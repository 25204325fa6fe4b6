//! The gateway's own answers: JSON of a code and a message, and no problem of the contract's.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

/// Why the gateway answers by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// A header name with `_`, a path that is none, or a body that broke off.
    #[error("Bad Request")]
    BadRequest,
    #[error("The current request is not defined by this API.")]
    NotFound,
    #[error(
        "The current request is matched to the defined url template \"{0}\" but its http method is not allowed"
    )]
    MethodNotAllowed(String),
    #[error("Payload Too Large")]
    TooLarge,
    #[error("Request Header Fields Too Large")]
    HeadersTooLarge,
    /// Neither attempt reached the function, or it broke off.
    #[error("upstream connect error or disconnect/reset before headers")]
    Unreachable,
    #[error("upstream request timeout")]
    TimedOut,
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Unreachable => StatusCode::SERVICE_UNAVAILABLE,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

#[derive(Serialize)]
struct Body {
    code: u16,
    message: String,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        (status, Json(Body { code: status.as_u16(), message: self.to_string() })).into_response()
    }
}
