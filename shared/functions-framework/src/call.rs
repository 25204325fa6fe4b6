//! The layers around every handler, in one order for sockets and tests alike: request id and trace, `/health`, route,
//! media type and encoding, body limit, deadline, panic, one log line, the contract's headers.

use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cors::Origins;
use crate::log::{self, RequestLog, Severity};
use crate::problem::{self, Members, RETRY_AFTER_S, Raised};
use crate::request::is_json;
use crate::routes::{Limits, MediaType};
use crate::{Body, Error, Function, IntoResponse, Problem, Request, Response, TraceContext};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The path that the platform's probes ask.
const HEALTH: &str = "/health";
/// The longest wait for a body, in milliseconds.
pub(crate) const BODY_MS_MAX: u64 = 10_000;
/// The longest request id that is taken over from a client, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 128;
/// As much of a path as a log line shows, in bytes: nothing that a client sends makes lines long.
const LOGGED_PATH_BYTES_MAX: usize = 1024;

/// Asks a function in process, through the same layers as a socket's requests.
pub async fn call(function: &impl Function, request: Request) -> Response {
    answer(function, request, None).await
}

/// Asks a function; the body may still be on its way.
pub(crate) async fn answer<B>(
    function: &impl Function,
    request: http::Request<B>,
    project: Option<Arc<str>>,
) -> Response
where
    B: http_body::Body<Data = bytes::Bytes, Error: Into<Error>> + Send,
{
    let started = Instant::now();
    let (mut head, body) = request.into_parts();
    let log = RequestLog::new(request_id(&head.headers), TraceContext::read(&head.headers), project);
    let log = Arc::new(log);
    head.extensions.insert(Arc::clone(&log));
    let origin = function.origins().matching(&head.headers);
    let (method, path) = (head.method.clone(), head.uri.path().to_owned());
    // A panic ends this request alone. Handlers share only what locks or the database guard.
    let replied = AssertUnwindSafe(respond(function, head, body)).catch_unwind().await;
    let mut response = replied.unwrap_or_else(|_| Problem::internal("the handler panicked").into_response());
    finish(&mut response, &method, &log.id);
    function.origins().finish(origin, response.headers_mut());
    finish_log(&log, &method, &path, &response, started.elapsed());
    response
}

/// The handler's reply within its time, or the refusal of a request that does not get that far.
async fn respond<B>(function: &impl Function, head: request::Parts, body: B) -> Response
where
    B: http_body::Body<Data = bytes::Bytes, Error: Into<Error>> + Send,
{
    let unread = !body.is_end_stream();
    let (body, limits) = match admit(function, &head, body).await {
        Ok(admitted) => admitted,
        Err(mut response) => {
            // The rest of the body would be taken for the next request.
            if unread {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            return *response;
        }
    };
    let reply = function.answer(Request::from_parts(head, body));
    let in_time = tokio::time::timeout(limits.handler_time(), reply).await;
    in_time.unwrap_or_else(|_| {
        let cause = format!("the handler took longer than {} ms", limits.handler_ms_max);
        Problem::unavailable(cause).into_response()
    })
}

/// Health, route, media type and body, each of which may end the request.
async fn admit<B>(
    function: &impl Function,
    head: &request::Parts,
    body: B,
) -> Result<(Body, Limits), Box<Response>>
where
    B: http_body::Body<Data = bytes::Bytes, Error: Into<Error>> + Send,
{
    let path = head.uri.path();
    let is_health = path == HEALTH;
    if is_health && matches!(head.method, Method::GET | Method::HEAD) {
        return Err(Box::new("ok\n".into_response()));
    }
    // What the path can do is asked only where that is the answer, or a part of it.
    let methods = || if is_health { vec![Method::GET, Method::HEAD] } else { function.methods(path) };
    if head.method == Method::OPTIONS {
        let methods = methods();
        if !methods.is_empty() {
            return Err(Box::new(options(&methods, &head.headers)));
        }
    }
    let limits =
        if is_health { Err(Problem::new(problem::METHOD_NOT_ALLOWED)) } else { function.limits(head) };
    let limits = limits.map_err(|problem| {
        let methods = methods();
        if methods.is_empty() { problem } else { problem.header(header::ALLOW, allow(&methods)) }
    });
    let received = match limits {
        Ok(limits) => receive(head, body, limits).await.map(|body| (body, limits)),
        Err(problem) => Err(problem),
    };
    received.map_err(|problem| Box::new(problem.into_response()))
}

/// The whole body, when its type, its encoding, its length and its pace are as the route wants them.
async fn receive<B>(head: &request::Parts, body: B, limits: Limits) -> Result<Body, Problem>
where
    B: http_body::Body<Data = bytes::Bytes, Error: Into<Error>> + Send,
{
    let unsupported = |detail: &'static str| Problem::new(problem::UNSUPPORTED_MEDIA_TYPE).detail(detail);
    if head.headers.contains_key(header::CONTENT_ENCODING) {
        return Err(unsupported("send the body without a Content-Encoding"));
    }
    let may_lack = limits.media_type == MediaType::JsonOrNothing
        || matches!(head.method, Method::GET | Method::HEAD | Method::DELETE);
    let bodiless = may_lack && body.is_end_stream();
    if limits.media_type != MediaType::Any && !bodiless && !is_json(&head.headers) {
        return Err(unsupported("send the body as application/json"));
    }
    let too_large = || {
        let detail = format!("send at most {} bytes", limits.body_bytes_max);
        Problem::new(problem::PAYLOAD_TOO_LARGE).detail(detail)
    };
    // What is announced as too long is not waited for.
    if body.size_hint().lower() > limits.body_bytes_max as u64 {
        return Err(too_large());
    }
    let collected = Limited::new(body, limits.body_bytes_max).collect();
    match tokio::time::timeout(Duration::from_millis(BODY_MS_MAX), collected).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes().into()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(problem::BAD_REQUEST).detail("the body did not arrive whole")),
        Err(_) => Err(Problem::new(problem::REQUEST_TIMEOUT)),
    }
}

/// What a path can do, and for a preflight, that a page may; the last layer takes that back where its origin is not listed.
fn options(methods: &[Method], headers: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::ALLOW, allow(methods));
    if headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        Origins::answer_preflight(allow(methods), response.headers_mut());
    }
    response
}

fn allow(methods: &[Method]) -> HeaderValue {
    let names: Vec<&str> = methods.iter().chain([&Method::OPTIONS]).map(Method::as_str).collect();
    HeaderValue::from_str(&names.join(", ")).expect("method names are header text")
}

/// The contract's headers, and the problem's body, which carries the request's id.
fn finish(response: &mut Response, method: &Method, id: &str) {
    if let Some(Members(mut members)) = response.extensions_mut().remove::<Members>() {
        members.insert("request_id".to_owned(), id.into());
        *response.body_mut() = Value::Object(members).to_string().into();
    }
    if *method == Method::HEAD {
        // What GET would send, without sending it (RFC 9110, section 9.3.2).
        let length = HeaderValue::from(response.body().as_bytes().len());
        response.headers_mut().insert(header::CONTENT_LENGTH, length);
        *response.body_mut() = Body::default();
    }
    let status = response.status();
    let headers = response.headers_mut();
    headers.insert(&REQUEST_ID, HeaderValue::from_str(id).expect("the id was checked"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if status == StatusCode::UNAUTHORIZED {
        headers.entry(header::WWW_AUTHENTICATE).or_insert(HeaderValue::from_static("Bearer"));
    }
    if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE {
        headers.entry(header::RETRY_AFTER).or_insert(HeaderValue::from(RETRY_AFTER_S));
    }
}

/// One line a request; a 5xx with its cause.
fn finish_log(log: &RequestLog, method: &Method, path: &str, response: &Response, took: Duration) {
    let status = response.status();
    let path = &path[..path.floor_char_boundary(LOGGED_PATH_BYTES_MAX)];
    let mut fields: Vec<(&str, Value)> = vec![
        ("request.method", method.as_str().into()),
        ("request.path", path.into()),
        ("response.status", status.as_u16().into()),
        ("duration_ms", ((took.as_secs_f64() * 1e6).round() / 1e3).into()),
    ];
    if let Some(raised) = response.extensions().get::<Raised>() {
        fields.push(("problem", raised.slug.into()));
        if let Some(cause) = &raised.cause {
            fields.push(("cause", log::chain(cause.as_ref().as_ref()).into()));
        }
    }
    let severity = if status.is_server_error() { Severity::Error } else { Severity::Info };
    log.finish(severity, &format!("{method} {path} {}", status.as_u16()), &fields);
}

/// A sane incoming id, or a new one.
fn request_id(headers: &HeaderMap) -> String {
    let sane = |id: &&str| {
        (1..=REQUEST_ID_BYTES_MAX).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let incoming = headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok()).filter(sane);
    incoming.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
