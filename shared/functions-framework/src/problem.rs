//! Errors with two messages (RFC 9457): a public half for the client, and a private cause for the log.
//!
//! Only [`Problem::internal`] and [`Problem::unavailable`] take a cause, and `?` turns nothing into a [`Problem`] but a
//! moved handler's boxed [`Error`], which becomes the cause of an internal one. So the text of a database or a provider
//! cannot reach a client.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::{Body, Error, IntoResponse, Response};

/// How long a client is asked to wait where nothing better is known, in seconds.
pub(crate) const RETRY_AFTER_S: u64 = 1;

/// One kind of problem: its slug (the end of `type`), its status and the title that never varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The last part of `urn:streamly:problem:<slug>`; kebab-case, never reused for another meaning.
    pub slug: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// A sentence without a full stop, the same for every occurrence.
    pub title: &'static str,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $slug:literal, $status:ident, $title:literal;)*) => {
        $($(#[$doc])* pub const $name: Kind = Kind { slug: $slug, status: StatusCode::$status, title: $title };)*
    };
}

kinds! {
    /// The body is not one well-formed JSON text, or repeats a member.
    MALFORMED_JSON = "malformed-json", BAD_REQUEST, "The body is not well-formed JSON";
    /// The request line, a header or the framing of the body cannot be read.
    BAD_REQUEST = "bad-request", BAD_REQUEST, "The request cannot be read";
    /// No function answers at this path.
    NOT_FOUND = "not-found", NOT_FOUND, "There is nothing here";
    /// The path exists with other methods, named in `Allow`.
    METHOD_NOT_ALLOWED = "method-not-allowed", METHOD_NOT_ALLOWED, "This method is not allowed here";
    /// The body did not arrive in time.
    REQUEST_TIMEOUT = "request-timeout", REQUEST_TIMEOUT, "The request took too long to arrive";
    /// The body is longer than the route allows.
    PAYLOAD_TOO_LARGE = "payload-too-large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// The `Content-Type` is not JSON, or a `Content-Encoding` is set.
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The body is not of a supported type";
    /// The body is JSON, but not of the shape that the route takes.
    VALIDATION_ERROR = "validation-error", UNPROCESSABLE_ENTITY, "The request has invalid fields";
    /// The route needs a bearer token and got none (RFC 6750 section 3.1).
    MISSING_TOKEN = "missing-token", UNAUTHORIZED, "A bearer token is needed";
    /// The bearer token does not hold.
    INVALID_TOKEN = "invalid-token", UNAUTHORIZED, "The bearer token is not valid";
    /// The bearer token was good, but its session has ended.
    SESSION_REVOKED = "session-revoked", UNAUTHORIZED, "The session has ended";
    /// The caller must wait as long as `Retry-After` says.
    TOO_MANY_REQUESTS = "too-many-requests", TOO_MANY_REQUESTS, "Too many requests";
    /// A defect of ours; the cause is in the log under the same request id.
    INTERNAL = "internal-error", INTERNAL_SERVER_ERROR, "Something went wrong on our side";
    /// Something this function needs is away; `Retry-After` says when to ask again.
    UNAVAILABLE = "unavailable", SERVICE_UNAVAILABLE, "The service is temporarily unavailable";
}

/// One field that is wrong, in the `errors` of a 422.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct FieldFault {
    /// An RFC 6901 JSON pointer as a URI fragment: `#/email`, or `#` for the whole body.
    pub pointer: Cow<'static, str>,
    /// A code for programs: `required`, `unknown-field`, `wrong-type`, `invalid` and so on.
    pub code: &'static str,
    /// A sentence for people.
    pub detail: Cow<'static, str>,
}

/// A refusal or a failure on its way to the client.
#[derive(Debug)]
#[must_use]
pub struct Problem(Box<Inside>);

/// In a box, since `Result<_, Problem>` is what every handler passes around.
#[derive(Debug)]
struct Inside {
    kind: Kind,
    detail: Option<Cow<'static, str>>,
    errors: Vec<FieldFault>,
    members: Map<String, Value>,
    headers: HeaderMap,
    cause: Option<Arc<Error>>,
}

impl Problem {
    /// A problem of this kind, with nothing said beyond its title.
    pub fn new(kind: Kind) -> Self {
        Self(Box::new(Inside {
            kind,
            detail: None,
            errors: Vec::new(),
            members: Map::new(),
            headers: HeaderMap::new(),
            cause: None,
        }))
    }

    /// A defect of ours: 500. The cause goes to the log alone.
    pub fn internal(cause: impl Into<Error>) -> Self {
        Self::new(INTERNAL).caused_by(cause.into())
    }

    /// Something we need is away: 503, ask again in a second. The cause goes to the log alone.
    pub fn unavailable(cause: impl Into<Error>) -> Self {
        Self::new(UNAVAILABLE).caused_by(cause.into()).retry_after(Duration::from_secs(RETRY_AFTER_S))
    }

    fn caused_by(mut self, cause: Error) -> Self {
        self.0.cause = Some(Arc::new(cause));
        self
    }

    /// No bearer token where one is needed: 401 with a bare challenge.
    pub fn missing_token() -> Self {
        Self::new(MISSING_TOKEN).challenge()
    }

    /// A bearer token that does not hold: 401.
    pub fn invalid_token() -> Self {
        Self::new(INVALID_TOKEN).challenge_invalid_token()
    }

    /// A bearer token whose session has ended: 401.
    pub fn session_revoked() -> Self {
        Self::new(SESSION_REVOKED).challenge_invalid_token()
    }

    /// What the client can do about this occurrence.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// One more field that is wrong.
    pub fn field(
        mut self,
        pointer: impl Into<Cow<'static, str>>,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.0.errors.push(FieldFault { pointer: pointer.into(), code, detail: detail.into() });
        self
    }

    /// An extension member, beside the standard ones.
    pub fn member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// A header of the reply, instead of an earlier one of that name.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// `Retry-After`, in whole seconds, rounded up, at least 1.
    pub fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// The challenge of a 401 that got no token: a bare `Bearer` (RFC 6750 section 3.1).
    pub fn challenge(self) -> Self {
        self.header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// The challenge of a 401 that got a token which does not hold.
    pub fn challenge_invalid_token(self) -> Self {
        self.header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""))
    }

    /// The fields that are wrong.
    pub fn faults(&self) -> &[FieldFault] {
        &self.0.errors
    }

    /// What kind of problem this is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }
}

impl From<Kind> for Problem {
    fn from(kind: Kind) -> Self {
        Self::new(kind)
    }
}

/// What a moved handler's `?` gives up with: 500. The error goes to the log alone, so handlers of the product's, whose
/// errors mean something to the client, have an error type of their own instead.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::internal(error)
    }
}

/// What the reply carries for the outer layers, which know the request's id and write the log line.
#[derive(Clone)]
pub(crate) struct Raised {
    pub(crate) slug: &'static str,
    pub(crate) cause: Option<Arc<Error>>,
}

/// The members of a problem whose body is still to be written.
#[derive(Clone)]
pub(crate) struct Members(pub(crate) Map<String, Value>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Inside { kind, detail, errors, members: extensions, headers, cause } = *self.0;
        let mut members = Map::new();
        members.extend(extensions);
        members.insert("type".to_owned(), format!("urn:streamly:problem:{}", kind.slug).into());
        members.insert("title".to_owned(), kind.title.into());
        members.insert("status".to_owned(), kind.status.as_u16().into());
        if let Some(detail) = detail {
            members.insert("detail".to_owned(), detail.into_owned().into());
        }
        if !errors.is_empty() {
            let errors = serde_json::to_value(&errors).expect("strings serialize to JSON");
            members.insert("errors".to_owned(), errors);
        }
        let mut response = Response::new(Body::default());
        *response.status_mut() = kind.status;
        *response.headers_mut() = headers;
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response.extensions_mut().insert(Raised { slug: kind.slug, cause });
        // The request's id is a member too: the layers add it and write the body, as only they know the id.
        response.extensions_mut().insert(Members(members));
        response
    }
}
