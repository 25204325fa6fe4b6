//! One call of Stripe's: up to three attempts under one key, each bounded, all within one deadline.
//!
//! `Stripe-Should-Retry` is obeyed. Without it an attempt is repeated where nothing can have come of it that the key does
//! not cover: no connection, no answer in time, a connection that ended before its answer, 409 and 5xx. A rate limit is
//! not repeated, nor an answer that was cut off in its body.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::time::{Instant, sleep, timeout};

use super::{API_VERSION, Form, IdempotencyKey, Stripe, StripeError};
use crate::json::Json;

/// The longest attempt, in milliseconds, so that two of them fit into a request.
const ATTEMPT_MS_MAX: u64 = 4_000;
/// How often a call is made at most.
const ATTEMPTS_MAX: u32 = 3;
/// The wait before the second attempt is at most this, in milliseconds, and twice as long before the third.
const BACK_OFF_MS: u64 = 500;
/// The longest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// How long a connection may rest, in seconds: one that rested longer may have died unseen.
const IDLE_S_MAX: u64 = 30;

static VERSION: HeaderName = HeaderName::from_static("stripe-version");
static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
static REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
static SHOULD_RETRY: HeaderName = HeaderName::from_static("stripe-should-retry");

/// When an answer must be there.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// This long from now.
    pub fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// What Stripe answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) value: Value,
    pub(super) is_replayed: bool,
    /// The second in which it was made, as Stripe's `Date` says.
    pub(super) date: Option<i64>,
    /// How long the attempt took that it answers, from before the request to the answer's head.
    pub(super) waited: Duration,
}

/// A client that trusts the compiled-in authorities, since the images hold no others.
pub(super) fn client() -> Client {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring offers the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .no_proxy()
        .pool_idle_timeout(Duration::from_secs(IDLE_S_MAX))
        .build()
        .expect("the settings do not contradict each other")
}

impl Stripe {
    pub(super) async fn get(&self, path: &str, deadline: Deadline) -> Result<Answer, StripeError> {
        self.ask(&|| self.http.get(self.base.join(path)), deadline).await
    }

    /// The same with a query.
    pub(super) async fn find(
        &self,
        path: &str,
        query: &Form,
        deadline: Deadline,
    ) -> Result<Answer, StripeError> {
        let mut url = self.base.join(path);
        url.set_query(Some(&query.encoded()));
        self.ask(&|| self.http.get(url.clone()), deadline).await
    }

    /// Needs no key: what is gone cannot be ended twice.
    pub(super) async fn delete(&self, path: &str, deadline: Deadline) -> Result<Answer, StripeError> {
        self.ask(&|| self.http.delete(self.base.join(path)), deadline).await
    }

    pub(super) async fn post(
        &self,
        path: &str,
        form: &Form,
        key: &IdempotencyKey,
        deadline: Deadline,
    ) -> Result<Answer, StripeError> {
        let key = HeaderValue::from_str(key.as_str()).map_err(|_| StripeError::Unreadable)?;
        let body = form.encoded();
        let request = || {
            let post = self.http.post(self.base.join(path)).header(&IDEMPOTENCY_KEY, key.clone());
            post.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body.clone())
        };
        self.ask(&request, deadline).await
    }

    async fn ask(
        &self,
        request: &(dyn Fn() -> RequestBuilder + Sync),
        deadline: Deadline,
    ) -> Result<Answer, StripeError> {
        let mut attempt = 1;
        loop {
            let limit = deadline.remaining().min(Duration::from_millis(ATTEMPT_MS_MAX));
            let sent = request().header(AUTHORIZATION, self.key.header()).header(&VERSION, API_VERSION);
            let failed = match timeout(limit, exchange(sent)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(failed)) => failed,
                Err(_) => Failed { error: StripeError::TimedOut, may_pass: true },
            };
            let wait = back_off(attempt);
            if !failed.may_pass || attempt == ATTEMPTS_MAX || deadline.remaining() <= wait {
                return Err(failed.error);
            }
            sleep(wait).await;
            attempt += 1;
        }
    }
}

/// An attempt without a good answer.
struct Failed {
    error: StripeError,
    /// Whether another attempt may fare better.
    may_pass: bool,
}

impl From<StripeError> for Failed {
    fn from(error: StripeError) -> Self {
        Self { error, may_pass: false }
    }
}

async fn exchange(request: RequestBuilder) -> Result<Answer, Failed> {
    let asked = Instant::now();
    let response = request.send().await.map_err(|error| unsent(error.without_url()))?;
    let waited = asked.elapsed();
    let (status, headers) = (response.status(), response.headers().clone());
    let may_pass = may_pass(status, &headers);
    let failed = |error: StripeError| Failed { error, may_pass };
    if status == StatusCode::UNAUTHORIZED {
        return Err(failed(StripeError::Unauthorized));
    }
    if status.is_success() {
        let value = serde_json::from_slice(&body(response).await?).map_err(|_| StripeError::Unreadable)?;
        let is_replayed = headers.get(&REPLAYED).is_some_and(|value| value == "true");
        let date = headers.get(DATE).and_then(|value| date(value.to_str().ok()?));
        return Ok(Answer { value, is_replayed, date, waited });
    }
    // What an error says helps to tell it; that it is one, the status says already.
    let value: Value = match body(response).await {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
        Err(_) => Value::Null,
    };
    let place = Json::from(&value).at(&["error"]);
    let word = |name: &str| place.at(&[name]).text().filter(|text| is_word(text)).map(str::to_owned);
    Err(failed(StripeError::Refused {
        status: status.as_u16(),
        code: word("code").or_else(|| word("type")),
        parameter: word("param"),
    }))
}

/// The second that a `Date` says.
fn date(text: &str) -> Option<i64> {
    OffsetDateTime::parse(text, &Rfc2822).ok().map(OffsetDateTime::unix_timestamp)
}

/// A short code; a sentence of Stripe's may quote what was sent.
fn is_word(text: &str) -> bool {
    text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// What Stripe says of another attempt, else what the status does.
fn may_pass(status: StatusCode, headers: &HeaderMap) -> bool {
    match headers.get(&SHOULD_RETRY).map(HeaderValue::as_bytes) {
        Some(b"true") => true,
        Some(b"false") => false,
        _ => status == StatusCode::CONFLICT || status.is_server_error(),
    }
}

/// Why there is no answer at all.
fn unsent(error: reqwest::Error) -> Failed {
    if error.is_timeout() {
        return Failed { error: StripeError::TimedOut, may_pass: true };
    }
    if error.is_connect() || ended_early(&error) {
        return Failed { error: StripeError::Unreachable(error), may_pass: true };
    }
    StripeError::Protocol(error).into()
}

/// Whether the connection ended before an answer.
fn ended_early(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(error) = cause {
        let closed = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message);
        if closed || error.is::<std::io::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The whole body, as long as it is not longer than any of Stripe's.
async fn body(mut response: Response) -> Result<Vec<u8>, StripeError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| StripeError::Cut(error.without_url()))? {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(StripeError::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The wait after an attempt: between half and all of a time that doubles, so that rivals for one key part.
fn back_off(attempt: u32) -> Duration {
    let longest = BACK_OFF_MS << (attempt - 1);
    let mut byte = [0];
    // Without randomness the wait is the shortest one.
    let _ = SystemRandom::new().fill(&mut byte);
    Duration::from_millis(longest / 2 + longest / 2 * u64::from(byte[0]) / 255)
}

#[cfg(test)]
mod tests {
    use super::{back_off, date, is_word, may_pass};
    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, HeaderValue};

    #[track_caller]
    fn check(status: u16, should_retry: Option<&'static str>, expected: bool) {
        let mut headers = HeaderMap::new();
        if let Some(value) = should_retry {
            headers.insert("stripe-should-retry", HeaderValue::from_static(value));
        }
        let status = StatusCode::from_u16(status).expect("a status");
        assert_eq!(may_pass(status, &headers), expected, "{status} {should_retry:?}");
    }

    #[test]
    fn what_stripe_says_of_a_retry_is_obeyed() {
        check(409, None, true);
        check(500, None, true);
        check(503, None, true);
        check(400, None, false);
        check(402, None, false);
        check(404, None, false);
        check(429, None, false);
        check(302, None, false);
        for status in [400, 409, 429, 500] {
            check(status, Some("true"), true);
            check(status, Some("false"), false);
            check(status, Some("perhaps"), status == 409 || status == 500);
        }
    }

    #[test]
    fn waits_double_and_vary() {
        for _ in 0..100 {
            assert!((250..=500).contains(&back_off(1).as_millis()));
            assert!((500..=1000).contains(&back_off(2).as_millis()));
        }
    }

    #[test]
    fn an_answers_date_is_a_second() {
        assert_eq!(date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(date("yesterday"), None);
        assert_eq!(date(""), None);
    }

    #[test]
    fn a_code_is_a_word_and_never_a_sentence() {
        assert!(is_word("resource_missing"));
        assert!(!is_word("No such customer: 'cus_1'"));
        assert!(!is_word(&"a".repeat(65)));
    }
}
