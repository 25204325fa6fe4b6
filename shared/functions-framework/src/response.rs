//! What a handler may return, and the body type both directions share.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::{Problem, Response};

/// A whole body in memory.
#[derive(Debug, Clone, Default)]
pub struct Body(Bytes);

impl Body {
    /// The bytes, unchanged.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, by value.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl std::ops::Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<&[u8]> for Body {
    fn from(bytes: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(bytes))
    }
}

impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut self.0);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(http_body::Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.0.len() as u64)
    }
}

/// Room for most replies, in bytes, so that none of these moves while it is written.
const JSON_BYTES: usize = 4 * 1024;

/// A value sent as `application/json`.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

/// Turns what a handler returned into a reply.
pub trait IntoResponse {
    /// The reply.
    fn into_response(self) -> Response;
}

impl IntoResponse for Response {
    fn into_response(self) -> Response {
        self
    }
}

impl IntoResponse for StatusCode {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = self;
        response
    }
}

impl<T: IntoResponse> IntoResponse for (StatusCode, T) {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        *response.status_mut() = self.0;
        response
    }
}

/// Headers beside a reply; each replaces what the reply has of that name.
impl<T: IntoResponse> IntoResponse for (HeaderMap, T) {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        let headers = response.headers_mut();
        for name in self.0.keys() {
            headers.remove(name);
        }
        for (name, value) in &self.0 {
            headers.append(name, value.clone());
        }
        response
    }
}

impl<T: IntoResponse> IntoResponse for (StatusCode, HeaderMap, T) {
    fn into_response(self) -> Response {
        (self.0, (self.1, self.2)).into_response()
    }
}

impl IntoResponse for () {
    fn into_response(self) -> Response {
        Response::default()
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut bytes = Vec::with_capacity(JSON_BYTES);
        match serde_json::to_writer(&mut bytes, &self.0) {
            Ok(()) => with_type(bytes.into(), "application/json"),
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}

/// What moved handlers build with `json!`; a handler of the product's has a type and [`Json`].
impl IntoResponse for serde_json::Value {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

impl IntoResponse for &'static str {
    fn into_response(self) -> Response {
        with_type(self.into(), "text/plain; charset=utf-8")
    }
}

impl IntoResponse for String {
    fn into_response(self) -> Response {
        with_type(self.into(), "text/plain; charset=utf-8")
    }
}

impl<T: IntoResponse, E: Into<Problem>> IntoResponse for Result<T, E> {
    fn into_response(self) -> Response {
        match self {
            Ok(value) => value.into_response(),
            Err(error) => error.into().into_response(),
        }
    }
}

/// A 200 with this body and `Content-Type`.
fn with_type(body: Body, media_type: &'static str) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Body as _;
    use std::collections::BTreeMap;

    #[track_caller]
    fn check(reply: impl IntoResponse, status: u16, media_type: Option<&str>, body: &str) {
        let response = reply.into_response();
        assert_eq!(response.status().as_u16(), status);
        let found = response.headers().get(header::CONTENT_TYPE).map(|value| value.to_str().expect("text"));
        assert_eq!(found, media_type);
        assert_eq!(response.body().as_bytes(), body.as_bytes());
    }

    #[test]
    fn what_a_handler_returns_becomes_a_reply() {
        check("a", 200, Some("text/plain; charset=utf-8"), "a");
        check("a".to_owned(), 200, Some("text/plain; charset=utf-8"), "a");
        check((), 200, None, "");
        check(StatusCode::NO_CONTENT, 204, None, "");
        check(Json([1, 2]), 200, Some("application/json"), "[1,2]");
        check(serde_json::json!({"a": 1}), 200, Some("application/json"), r#"{"a":1}"#);
        check((StatusCode::CREATED, Json("a")), 201, Some("application/json"), "\"a\"");
        check(Ok::<_, Problem>("a"), 200, Some("text/plain; charset=utf-8"), "a");
        check(Response::new(Body::from(b"\x00".as_slice())), 200, None, "\0");
    }

    #[test]
    fn headers_beside_a_reply_replace_its_own_and_keep_their_repetitions() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv"));
        headers.append(header::LINK, HeaderValue::from_static("<a>"));
        headers.append(header::LINK, HeaderValue::from_static("<b>"));
        let response = (StatusCode::ACCEPTED, headers, "a,b").into_response();
        assert_eq!(response.status(), StatusCode::ACCEPTED);
        assert_eq!(response.headers().get_all(header::LINK).iter().collect::<Vec<_>>(), ["<a>", "<b>"]);
        assert_eq!(response.headers().get_all(header::CONTENT_TYPE).iter().collect::<Vec<_>>(), ["text/csv"]);
    }

    #[test]
    fn what_cannot_be_json_is_a_defect_of_ours() {
        let keyed_by_list = BTreeMap::from([(vec![1], 1)]);
        assert_eq!(Json(keyed_by_list).into_response().status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn a_body_knows_its_length_before_it_is_sent() {
        assert_eq!(Body::from("abc").size_hint().exact(), Some(3));
        assert!(Body::default().is_end_stream() && !Body::from("a").is_end_stream());
    }
}
