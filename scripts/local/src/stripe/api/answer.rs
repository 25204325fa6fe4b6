//! Answers with Stripe's headers, and what a fault makes of them.

use crate::stripe::calendar;
use crate::stripe::error::Refusal;
use crate::stripe::fault::FaultKind;
use crate::stripe::idempotency::Saved;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;
use std::io;

/// An answer before it is written.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    request_id: String,
    original_request_id: Option<String>,
    should_retry: Option<bool>,
}

impl Answer {
    pub(super) fn success(request_id: &str, body: Value) -> Self {
        Self {
            status: 200,
            body,
            request_id: request_id.to_owned(),
            original_request_id: None,
            should_retry: None,
        }
    }

    pub(super) fn refusal(request_id: &str, refusal: &Refusal) -> Self {
        Self { status: refusal.status, ..Self::success(request_id, refusal.body(request_id)) }
    }

    /// The first answer under an idempotency key, once more.
    pub(super) fn replayed(request_id: &str, saved: Saved) -> Self {
        let first = Some(saved.request_id);
        Self { status: saved.status, original_request_id: first, ..Self::success(request_id, saved.body) }
    }

    pub(super) fn should_retry(self, should_retry: Option<bool>) -> Self {
        Self { should_retry, ..self }
    }

    /// The response, befallen by this fault.
    pub(super) fn finish(self, fault: Option<&FaultKind>, version: &str, now: i64) -> Response<Body> {
        if fault == Some(&FaultKind::Html) {
            return page_of_html();
        }
        let body = serde_json::to_vec_pretty(&self.body).expect("a JSON value can be written");
        let body = Bytes::from(body);
        let mut response = Response::new(Body::empty());
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        set("content-type", "application/json");
        set("request-id", &self.request_id);
        set("stripe-version", version);
        set("date", &calendar::http_date(now));
        set("cache-control", "no-cache, no-store");
        if let Some(first) = &self.original_request_id {
            set("idempotent-replayed", "true");
            set("original-request", first);
        }
        if let Some(should_retry) = self.should_retry {
            set("stripe-should-retry", if should_retry { "true" } else { "false" });
        }
        match self.status {
            401 => set("www-authenticate", "Basic realm=\"Stripe\""),
            429 => set("stripe-rate-limited-reason", "global-rate"),
            _ => {}
        }
        *response.body_mut() = match fault {
            Some(FaultKind::Cut) => {
                response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(body.len().max(64)));
                cut(Some(body.slice(..body.len() / 2)))
            }
            Some(FaultKind::Close) => cut(None),
            _ => Body::from(body),
        };
        response
    }
}

/// A body that breaks off: after these bytes, or before the head has been sent.
fn cut(sent: Option<Bytes>) -> Body {
    let broken = || io::Error::other("cut off on purpose");
    let Some(sent) = sent else { return Body::from_stream(stream::iter([Err::<Bytes, _>(broken())])) };
    Body::from_stream(stream::unfold(Some(sent), move |next| async move {
        match next {
            Some(bytes) if !bytes.is_empty() => Some((Ok(bytes), Some(Bytes::new()))),
            // The pause lets the server write out what it has before the connection breaks.
            Some(_) => {
                tokio::task::yield_now().await;
                Some((Err(broken()), None))
            }
            None => None,
        }
    }))
}

fn page_of_html() -> Response<Body> {
    let page =
        "<!doctype html><html lang=\"en\"><title>Welcome</title><p>Please sign in to the network.</p></html>";
    let mut response = Response::new(Body::from(page));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}
