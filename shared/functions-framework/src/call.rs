//! The layers around every handler, in one order for sockets and tests alike.

use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, Method, StatusCode, header, request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use crate::log::{self, Severity};
use crate::problem::{self, Raised};
use crate::request::{RequestId, is_json};
use crate::routes::{Limits, MediaType};
use crate::{Body, Error, Function, IntoResponse, Problem, Request, Response, TraceContext};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest wait for a body, in milliseconds.
const BODY_MS_MAX: u64 = 10_000;

/// Asks a function in process, through the same layers as a socket's requests.
pub async fn call(function: &impl Function, request: Request) -> Response {
    answer(function, request).await
}

/// Asks a function; the body may still be on its way.
pub(crate) async fn answer<B>(function: &impl Function, request: http::Request<B>) -> Response
where
    B: http_body::Body<Data = bytes::Bytes, Error: Into<Error>> + Send,
{
    let started = Instant::now();
    let (mut head, body) = request.into_parts();
    let id = request_id(&head);
    head.extensions.insert(RequestId(id.clone()));
    let trace = trace(&head);
    if let Some(trace) = &trace {
        head.extensions.insert(trace.clone());
    }
    let origin = function.origins().matching(&head.headers);
    let (method, path) = (head.method.clone(), head.uri.path().to_owned());
    let inner = AssertUnwindSafe(respond(function, head, body)).catch_unwind();
    let mut response =
        inner.await.unwrap_or_else(|_| Problem::internal("the handler panicked").into_response());
    finish(&mut response, &method, &id, origin);
    line(&method, &path, &id, trace.as_ref(), &response, started.elapsed());
    response
}

/// Health, route, media type, body and deadline, each of which may end the request.
async fn respond<B>(function: &impl Function, head: request::Parts, body: B) -> Response
where
    B: http_body::Body<Data = bytes::Bytes, Error: Into<Error>> + Send,
{
    let path = head.uri.path();
    if path == "/health" && (head.method == Method::GET || head.method == Method::HEAD) {
        return "ok\n".into_response();
    }
    let methods = function.methods(path);
    if head.method == Method::OPTIONS && !methods.is_empty() {
        return preflight(&methods, &head);
    }
    let limits = match function.limits(&head) {
        Ok(limits) => limits,
        Err(problem) if methods.is_empty() => return problem.into_response(),
        Err(problem) => return problem.header(header::ALLOW, allow(&methods)).into_response(),
    };
    let body = match receive(&head, body, limits).await {
        Ok(body) => body,
        Err(problem) => return problem.into_response(),
    };
    let reply = function.answer(Request::from_parts(head, body));
    match tokio::time::timeout(limits.handler_time(), reply).await {
        Ok(response) => response,
        Err(elapsed) => Problem::unavailable(elapsed).into_response(),
    }
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
    let carries =
        !matches!(head.method, Method::GET | Method::HEAD | Method::DELETE) || !body.is_end_stream();
    if limits.media_type == MediaType::Json && carries && !is_json(&head.headers) {
        return Err(unsupported("send the body as application/json"));
    }
    let too_large = || Problem::new(problem::PAYLOAD_TOO_LARGE);
    if body.size_hint().lower() > limits.body_bytes_max as u64 {
        return Err(too_large());
    }
    let collected = Limited::new(body, limits.body_bytes_max).collect();
    match tokio::time::timeout(Duration::from_millis(BODY_MS_MAX), collected).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes().into()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(problem::BAD_REQUEST)),
        Err(_) => Err(Problem::new(problem::REQUEST_TIMEOUT)),
    }
}

fn preflight(methods: &[Method], head: &request::Parts) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, allow(methods));
    if head.headers.contains_key(header::ORIGIN)
        && head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allow(methods));
        let allowed = "authorization, content-type, idempotency-key, x-request-id";
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(allowed));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    }
    response
}

fn allow(methods: &[Method]) -> HeaderValue {
    let names: Vec<&str> = methods.iter().chain([&Method::OPTIONS]).map(Method::as_str).collect();
    HeaderValue::from_str(&names.join(", ")).expect("method names are header text")
}

/// The contract's headers, and the problem's body, which carries the request's id.
fn finish(response: &mut Response, method: &Method, id: &str, origin: Option<HeaderValue>) {
    if let Some(mut members) = response.extensions_mut().remove::<Map<String, Value>>() {
        members.insert("request_id".to_owned(), id.into());
        *response.body_mut() = Value::Object(members).to_string().into();
    }
    if *method == Method::HEAD {
        *response.body_mut() = Body::default();
    }
    let headers = response.headers_mut();
    headers.insert(&REQUEST_ID, HeaderValue::from_str(id).expect("the id was checked"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let exposed = HeaderValue::from_static("retry-after, www-authenticate, x-request-id");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    } else {
        let access: Vec<HeaderName> =
            headers.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
        for name in access {
            headers.remove(name);
        }
    }
}

/// One line a request; a 5xx with its cause.
fn line(
    method: &Method,
    path: &str,
    id: &str,
    trace: Option<&TraceContext>,
    response: &Response,
    took: Duration,
) {
    let status = response.status();
    let mut fields: Vec<(&str, Value)> = vec![
        ("request.id", id.into()),
        ("request.method", method.as_str().into()),
        ("request.path", path.into()),
        ("response.status", status.as_u16().into()),
        ("duration_ms", (took.as_secs_f64() * 1000.0).into()),
    ];
    if let Some(raised) = response.extensions().get::<Raised>() {
        fields.push(("problem", raised.slug.into()));
        if let Some(cause) = &raised.cause {
            fields.push(("cause", log::chain(cause.as_ref().as_ref()).into()));
        }
    }
    let severity = if status.is_server_error() { Severity::Error } else { Severity::Info };
    log::write(severity, &format!("{method} {path} {}", status.as_u16()), trace, &fields);
}

/// A sane incoming id, or a new one.
fn request_id(head: &request::Parts) -> String {
    let sane = |id: &&str| {
        (1..=128).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let incoming = head.headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok()).filter(sane);
    incoming.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}

/// W3C Trace Context, else Google's older header, whose span is decimal.
fn trace(head: &request::Parts) -> Option<TraceContext> {
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let hex = |text: &str, length: usize| {
        text.len() == length
            && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            && text.bytes().any(|byte| byte != b'0')
    };
    if let Some(parts) = text("traceparent").map(|value| value.split('-').collect::<Vec<_>>())
        && let [_, trace_id, span_id, flags, ..] = parts[..]
        && hex(trace_id, 32)
        && hex(span_id, 16)
    {
        let sampled = u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1);
        return Some(TraceContext {
            trace_id: trace_id.to_owned(),
            span_id: Some(span_id.to_owned()),
            sampled,
        });
    }
    let (trace_id, rest) = text("x-cloud-trace-context")?.split_once('/')?;
    let (span, options) = rest.split_once(';').unwrap_or((rest, ""));
    hex(trace_id, 32).then(|| TraceContext {
        trace_id: trace_id.to_owned(),
        span_id: span.parse::<u64>().ok().map(|span| format!("{span:016x}")),
        sampled: options == "o=1",
    })
}
