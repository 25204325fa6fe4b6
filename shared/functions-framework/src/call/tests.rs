//! The layers, each alone and in their order, asked in process.

mod origins;

use super::*;
use crate::{Json, RequestExt, RequestPayloadExt, Routes, service_fn};
use bytes::Bytes;
use http_body_util::{Full, StreamBody};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;
use std::convert::Infallible;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Greeting {
    name: String,
}

async fn greet(_: Arc<()>, request: Request) -> Result<Json<Value>, Problem> {
    let greeting: Greeting = request.json()?;
    Ok(Json(json!({"hello": greeting.name, "id": request.request_id()})))
}

async fn show(_: Arc<()>, request: Request) -> Result<Response, Problem> {
    match request.param("what") {
        "panic" => panic!("a secret in a panic"),
        "slow" => std::future::pending().await,
        "cause" => Err(Problem::internal("password authentication failed for user")),
        "away" => Err(Problem::unavailable("db.internal:5432 refused")),
        "denied" => Ok(StatusCode::UNAUTHORIZED.into_response()),
        "busy" => Err(Problem::new(problem::TOO_MANY_REQUESTS).retry_after(Duration::from_millis(2_001))),
        "bare-busy" => Ok(StatusCode::TOO_MANY_REQUESTS.into_response()),
        "cached" => {
            let mut headers = HeaderMap::new();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
            Ok((headers, Json(json!({"keys": []}))).into_response())
        }
        "open" => {
            let mut response = "read me".into_response();
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            Ok(response)
        }
        "query" => Ok(format!("{:?}", request.query("q")).into_response()),
        what => Ok(what.to_owned().into_response()),
    }
}

fn function() -> Routes<()> {
    Routes::new(())
        .post("/greet", greet)
        .get("/show/{what}", show)
        .cors("https://app.example".parse().expect("an origin"))
}

fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &'static [u8]) -> Request {
    let mut builder = http::Request::builder().method(method).uri(target);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Body::from(Bytes::from_static(body))).expect("a request")
}

const JSON: (&str, &str) = ("content-type", "application/json");

async fn ask(method: &str, target: &str, headers: &[(&str, &str)], body: &'static [u8]) -> Response {
    call(&function(), request(method, target, headers, body)).await
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().expect("text"))
}

/// The slug of a problem whose form is as RFC 9457 and the contract say.
#[track_caller]
fn slug(response: &Response) -> String {
    assert_eq!(header(response, "content-type"), Some("application/problem+json"));
    let body: Value = serde_json::from_slice(response.body()).expect("a problem is JSON");
    assert_eq!(body["status"], response.status().as_u16());
    assert_eq!(body["request_id"].as_str(), header(response, "x-request-id"));
    assert!(body["title"].is_string(), "{body}");
    let kind = body["type"].as_str().expect("a problem has a type");
    kind.strip_prefix("urn:streamly:problem:").expect("a type of ours").to_owned()
}

/// Asks, and checks the status and the slug: `-` where the reply is no problem.
async fn check(
    sent: (&str, &str),
    headers: &[(&str, &str)],
    body: &'static [u8],
    expected: (u16, &str),
) -> Response {
    let response = ask(sent.0, sent.1, headers, body).await;
    let slug = if expected.1 == "-" { "-".to_owned() } else { slug(&response) };
    assert_eq!((response.status().as_u16(), slug.as_str()), expected, "{sent:?} {headers:?}");
    assert_eq!(header(&response, "x-content-type-options"), Some("nosniff"));
    assert!(response.headers().contains_key("cache-control"));
    response
}

#[tokio::test]
async fn health_is_answered_before_anything_else() {
    check(("GET", "/health"), &[], b"", (200, "-")).await;
    check(("HEAD", "/health"), &[], b"", (200, "-")).await;
    let response = check(("POST", "/health"), &[JSON], b"{}", (405, "method-not-allowed")).await;
    assert_eq!(header(&response, "allow"), Some("GET, HEAD, OPTIONS"));
    check(("GET", "/health/"), &[], b"", (404, "not-found")).await;
}

#[tokio::test]
async fn an_unknown_path_is_404_and_a_known_one_names_its_methods() {
    check(("POST", "/nothing"), &[JSON], b"{}", (404, "not-found")).await;
    check(("OPTIONS", "/nothing"), &[], b"", (404, "not-found")).await;
    check(("GET", "/show/%FF"), &[], b"", (404, "not-found")).await;
    let response = check(("GET", "/greet"), &[], b"", (405, "method-not-allowed")).await;
    assert_eq!(header(&response, "allow"), Some("POST, OPTIONS"));
    let overriding = [("x-http-method-override", "POST"), JSON];
    let response = check(("DELETE", "/show/x"), &overriding, b"", (405, "method-not-allowed")).await;
    assert_eq!(header(&response, "allow"), Some("GET, HEAD, OPTIONS"));
    check(("BREW", "/greet"), &[], b"", (405, "method-not-allowed")).await;
}

#[tokio::test]
async fn a_body_that_is_not_plain_json_is_415() {
    let good = br#"{"name":"Ada"}"#;
    check(("POST", "/greet"), &[JSON], good, (200, "-")).await;
    check(("POST", "/greet"), &[("content-type", "application/json; charset=utf-8")], good, (200, "-")).await;
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[JSON, JSON],
        &[JSON, ("content-encoding", "gzip")],
        &[JSON, ("content-encoding", "identity")],
    ] {
        check(("POST", "/greet"), headers, good, (415, "unsupported-media-type")).await;
    }
    check(("POST", "/greet"), &[], b"", (415, "unsupported-media-type")).await;
    check(("POST", "/greet"), &[JSON], b"", (400, "malformed-json")).await;
    check(("GET", "/show/x"), &[("content-type", "text/plain")], b"x", (415, "unsupported-media-type")).await;
    check(("GET", "/show/x"), &[], b"", (200, "-")).await;
}

#[tokio::test]
async fn where_a_body_may_be_absent_one_that_is_there_is_json_all_the_same() {
    let limits = Limits { media_type: MediaType::JsonOrNothing, ..Limits::default() };
    let length = async |_: Arc<()>, request: Request| Ok::<_, Problem>(Json(json!(request.body().len())));
    let open = Routes::new(()).post("/open", length).limits(limits);
    let status = async |headers: &[(&str, &str)], body: &'static [u8]| {
        call(&open, request("POST", "/open", headers, body)).await.status().as_u16()
    };
    assert_eq!(status(&[], b"").await, 200);
    assert_eq!(status(&[JSON], b"").await, 200);
    assert_eq!(status(&[JSON], b"{}").await, 200);
    assert_eq!(status(&[], b"{}").await, 415);
    assert_eq!(status(&[("content-type", "text/plain")], b"{}").await, 415);
    assert_eq!(status(&[("content-encoding", "gzip")], b"").await, 415);
}

#[tokio::test]
async fn the_layers_stand_in_their_order() {
    let wrong = [("content-encoding", "gzip")];
    check(("GET", "/greet"), &wrong, LONG, (405, "method-not-allowed")).await;
    check(("POST", "/nothing"), &wrong, LONG, (404, "not-found")).await;
    check(("POST", "/greet"), &wrong, LONG, (415, "unsupported-media-type")).await;
    check(("POST", "/greet"), &[JSON], LONG, (413, "payload-too-large")).await;
    check(("POST", "/greet"), &[JSON], b"{", (400, "malformed-json")).await;
    check(("POST", "/greet"), &[JSON], b"{}", (422, "validation-error")).await;
    check(("POST", "/health"), &wrong, LONG, (405, "method-not-allowed")).await;
}

/// One byte more than a body may have.
const LONG: &[u8] = &[b' '; crate::routes::BODY_BYTES_MAX + 1];

/// The status for a body of so many bytes, which arrives in pieces and does not say how long it is.
async fn chunked(pieces: usize, bytes: usize) -> u16 {
    let frames =
        (0..pieces).map(move |_| Ok::<_, Infallible>(http_body::Frame::data(Bytes::from(vec![b' '; bytes]))));
    let body = Box::pin(StreamBody::new(futures_util::stream::iter(frames)));
    let request = http::Request::post("/greet").header(JSON.0, JSON.1).body(body).expect("a request");
    answer(&function(), request, None).await.status().as_u16()
}

#[tokio::test]
async fn the_body_limit_holds_with_a_length_and_without() {
    let limit = crate::routes::BODY_BYTES_MAX;
    check(("POST", "/greet"), &[JSON], &LONG[1..], (400, "malformed-json")).await;
    check(("POST", "/greet"), &[JSON], LONG, (413, "payload-too-large")).await;
    assert_eq!(chunked(1, limit).await, 400);
    assert_eq!(chunked(limit, 1).await, 400);
    assert_eq!(chunked(1, limit + 1).await, 413);
    assert_eq!(chunked(limit + 1, 1).await, 413);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_in_time_is_408() {
    let body =
        StreamBody::new(futures_util::stream::pending::<Result<http_body::Frame<Bytes>, Infallible>>());
    let request = http::Request::post("/greet").header(JSON.0, JSON.1).body(body).expect("a request");
    let started = tokio::time::Instant::now();
    let response = answer(&function(), request, None).await;
    assert_eq!((response.status().as_u16(), slug(&response).as_str()), (408, "request-timeout"));
    assert_eq!(header(&response, "connection"), Some("close"));
    assert_eq!(started.elapsed().as_millis(), u128::from(BODY_MS_MAX));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_400_and_no_handler_sees_it() {
    let frames = [
        Ok(http_body::Frame::data(Bytes::from_static(b"{\"name\":\"Ada\"}"))),
        Err(std::io::Error::other("reset")),
    ];
    let body = StreamBody::new(futures_util::stream::iter(frames));
    let request = http::Request::post("/greet").header(JSON.0, JSON.1).body(body).expect("a request");
    let response = answer(&function(), request, None).await;
    assert_eq!((response.status().as_u16(), slug(&response).as_str()), (400, "bad-request"));
}

#[tokio::test(start_paused = true)]
async fn a_handler_past_its_time_is_503_and_one_just_within_is_not() {
    let started = tokio::time::Instant::now();
    let response = check(("GET", "/show/slow"), &[], b"", (503, "unavailable")).await;
    assert_eq!(header(&response, "retry-after"), Some("1"));
    assert_eq!(started.elapsed().as_millis(), u128::from(crate::routes::HANDLER_MS_MAX));

    let limits = Limits { handler_ms_max: 50, ..Limits::default() };
    for (works_ms, expected) in [(49, 204), (51, 503)] {
        let works = move |_: Arc<()>, _: Request| async move {
            tokio::time::sleep(Duration::from_millis(works_ms)).await;
            Ok::<_, Problem>(StatusCode::NO_CONTENT)
        };
        let function = Routes::new(()).get("/", works).limits(limits);
        assert_eq!(call(&function, request("GET", "/", &[], b"")).await.status(), expected);
    }
}

#[tokio::test]
async fn a_panic_is_500_and_says_nothing_of_itself() {
    let response = check(("GET", "/show/panic"), &[], b"", (500, "internal-error")).await;
    assert!(!String::from_utf8_lossy(response.body()).contains("secret"));
}

#[tokio::test]
async fn a_cause_never_reaches_the_client() {
    for (path, expected) in [("/show/cause", (500, "internal-error")), ("/show/away", (503, "unavailable"))] {
        let response = check(("GET", path), &[], b"", expected).await;
        let text = format!("{:?}{}", response.headers(), String::from_utf8_lossy(response.body()));
        assert!(!text.contains("password") && !text.contains("5432"), "{text}");
    }
}

#[tokio::test]
async fn a_status_that_asks_for_a_header_has_it_whoever_made_it() {
    let denied = check(("GET", "/show/denied"), &[], b"", (401, "-")).await;
    assert_eq!(header(&denied, "www-authenticate"), Some("Bearer"));
    let busy = check(("GET", "/show/busy"), &[], b"", (429, "too-many-requests")).await;
    assert_eq!(header(&busy, "retry-after"), Some("3"));
    let bare = check(("GET", "/show/bare-busy"), &[], b"", (429, "-")).await;
    assert_eq!(header(&bare, "retry-after"), Some("1"));
    let away = check(("GET", "/show/away"), &[], b"", (503, "unavailable")).await;
    assert_eq!(header(&away, "retry-after"), Some("1"));
}

#[tokio::test]
async fn whatever_a_client_accepts_an_error_is_a_problem() {
    for accept in ["text/html", "*/*", "application/xml;q=1", ""] {
        check(("POST", "/greet"), &[JSON, ("accept", accept)], b"{", (400, "malformed-json")).await;
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let get = check(("GET", "/show/something"), &[], b"", (200, "-")).await;
    let head = check(("HEAD", "/show/something"), &[], b"", (200, "-")).await;
    assert_eq!(get.body().as_bytes(), b"something");
    assert!(head.body().is_empty());
    assert_eq!(header(&head, "content-length"), Some("9"));
    assert_eq!(header(&head, "content-type"), header(&get, "content-type"));
    let missing = ask("HEAD", "/nothing", &[], b"").await;
    assert_eq!((missing.status().as_u16(), missing.body().len()), (404, 0));
}

#[tokio::test]
async fn a_handlers_own_caching_and_type_stand() {
    let cached = check(("GET", "/show/cached"), &[], b"", (200, "-")).await;
    assert_eq!(header(&cached, "cache-control"), Some("public, max-age=300"));
    assert_eq!(header(&cached, "content-type"), Some("application/jwk-set+json"));
    let other = check(("GET", "/show/other"), &[], b"", (200, "-")).await;
    assert_eq!(header(&other, "cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_any_other_is_replaced() {
    let longest = "a".repeat(REQUEST_ID_BYTES_MAX);
    for id in ["abc-DEF_1.2", longest.as_str()] {
        let response = check(("GET", "/show/x"), &[("x-request-id", id)], b"", (200, "-")).await;
        assert_eq!(header(&response, "x-request-id"), Some(id));
    }
    let longer = "a".repeat(REQUEST_ID_BYTES_MAX + 1);
    for id in ["", "a b", "a\"b", "<script>", longer.as_str()] {
        let response = check(("GET", "/show/x"), &[("x-request-id", id)], b"", (200, "-")).await;
        let given = header(&response, "x-request-id").expect("an id");
        assert!(given != id && uuid::Uuid::parse_str(given).is_ok(), "{id} {given}");
    }
    let sent = [("x-request-id", "r-7"), JSON];
    let response = check(("POST", "/greet"), &sent, br#"{"name":"Ada"}"#, (200, "-")).await;
    assert_eq!(response.body().as_bytes(), br#"{"hello":"Ada","id":"r-7"}"#);
}

#[tokio::test]
async fn a_lone_handler_gets_every_path_and_every_byte() {
    let function = service_fn(|request: Request| async move {
        let text = format!("{} {} {}", request.method(), request.uri(), request.body().len());
        Ok::<_, Problem>(text)
    });
    let response =
        call(&function, request("PATCH", "/a//b?c=%20", &[("content-type", "x/y")], b"\xff\0")).await;
    assert_eq!(response.body().as_bytes(), b"PATCH /a//b?c=%20 2");
}

#[tokio::test]
async fn an_extension_member_never_replaces_a_standard_one() {
    let function = service_fn(|_: Request| async {
        let problem =
            Problem::new(problem::NOT_FOUND).member("portal", true).member("status", 200).detail("gone");
        Err::<StatusCode, _>(problem.member("request_id", "forged"))
    });
    let response = call(&function, request("GET", "/", &[], b"")).await;
    assert_eq!(slug(&response), "not-found");
    let body: Value = serde_json::from_slice(response.body()).expect("JSON");
    assert_eq!((&body["portal"], &body["detail"]), (&json!(true), &json!("gone")));
}

#[tokio::test]
async fn a_refused_body_that_was_not_read_ends_the_connection() {
    let unread = || Full::new(Bytes::from_static(b"{}"));
    for (method, target, expected) in
        [("POST", "/nothing", 404), ("POST", "/greet", 415), ("GET", "/health", 200)]
    {
        let request = http::Request::builder().method(method).uri(target).body(unread()).expect("a request");
        let response = answer(&function(), request, None).await;
        assert_eq!((response.status().as_u16(), header(&response, "connection")), (expected, Some("close")));
    }
    let response = check(("POST", "/greet"), &[JSON], b"{}", (422, "validation-error")).await;
    assert_eq!(header(&response, "connection"), None);
}

#[tokio::test]
async fn a_panic_while_the_handler_is_called_is_a_500_as_well() {
    fn early(_: Arc<()>, _: Request) -> std::future::Ready<Result<StatusCode, Problem>> {
        panic!("before any future")
    }
    let function = Routes::new(()).get("/", early);
    assert_eq!(call(&function, request("GET", "/", &[], b"")).await.status(), 500);
}

proptest! {
    #[test]
    fn nothing_a_client_sends_makes_a_5xx(
        method in prop_oneof![Just("GET"), Just("POST"), Just("OPTIONS"), Just("HEAD"), Just("DELETE"), Just("X")],
        target in prop_oneof![
            Just("/greet".to_owned()), Just("/health".to_owned()), r"/show/[a-f%0-9]{0,6}(\?q=[%a-z&=]{0,8})?", "/[a-z%/]{0,12}",
        ],
        name in prop_oneof![
            Just("content-type"), Just("origin"), Just("x-request-id"), Just("traceparent"), Just("content-encoding"),
        ],
        value in prop::collection::vec((0x20_u8..=0xff).prop_filter("a header byte", |byte| *byte != 0x7f), 0..40),
        json in any::<bool>(),
        body in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut builder = http::Request::builder().method(method).uri(target);
        builder = builder.header(name, HeaderValue::from_bytes(&value).expect("a header value"));
        if json {
            builder = builder.header(JSON.0, JSON.1);
        }
        // A target that is no URI never gets this far.
        if let Ok(request) = builder.body(Body::from(body)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
            let response = runtime.block_on(call(&function(), request));
            prop_assert!(!response.status().is_server_error(), "{}", response.status());
            prop_assert!(response.headers().contains_key("x-request-id"));
        }
    }
}
