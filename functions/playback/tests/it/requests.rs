//! Requests of every shape: ids, methods, query parameters, origins.

use crate::stage::{Stage, outcome, path, signed_in, with_method};
use functions_framework::Request;
use http::{HeaderValue, Method, header};
use streamly::ids::{StreamId, VideoId};
use testkit::{Person, Video, ask, get};

const NOT_FOUND: &str = "404 video-not-found";

#[tokio::test]
async fn an_id_is_a_hyphenated_uuid_in_either_letter_case() {
    let stage = Stage::new().await;
    let video = stage.video(Video { access: "free", ..Video::default() }).await;
    let asked = |id: String| async move {
        outcome(&ask(&stage_function(), get(&format!("/v1/videos/{id}/playback"))).await)
    };
    // The database of these instances does not exist: only a good id gets as far as asking it.
    for id in [
        "..%2F..%2Fetc%2Fpasswd",
        "1%20OR%201%3D1",
        "'%3B%20drop%20table%20videos%3B--",
        "%F0%9F%8E%AC",
        "0",
        "null",
        "%00",
        "*",
    ] {
        assert_eq!(asked(id.to_owned()).await, NOT_FOUND, "{id}");
    }
    assert_eq!(asked("a".repeat(10_000)).await, NOT_FOUND);
    let plain = video.uuid();
    for id in [
        plain.simple().to_string(),
        plain.braced().to_string(),
        plain.urn().to_string(),
        format!("{plain}0"),
        format!("%20{plain}"),
    ] {
        assert_eq!(asked(id.clone()).await, NOT_FOUND, "{id}");
    }
    assert_eq!(asked(VideoId::new().to_string()).await, "503 unavailable");
    for id in [plain.to_string(), plain.to_string().to_uppercase()] {
        let reply = ask(&stage.function, get(&format!("/v1/videos/{id}/playback"))).await;
        assert_eq!(outcome(&reply), "200 full free");
        assert_eq!(reply.json()["video_id"], plain.to_string());
    }
    assert_eq!(outcome(&stage.anonymously(VideoId::new()).await), NOT_FOUND);
}

/// An instance whose database is nowhere.
fn stage_function() -> functions_framework::Routes<playback::Parts> {
    let mut variables = std::collections::HashMap::new();
    let jwks = testkit::keys::SigningKey::published().jwks();
    for (name, value) in [
        ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing?sslmode=disable"),
        ("JWT_ISSUER", testkit::ISSUER),
        ("JWT_AUDIENCE", testkit::AUDIENCE),
        ("JWT_VERIFY_KEYS", &jwks),
        (
            "PLANS",
            r#"[{"slug": "basic", "name": "Basic", "price_id": "p", "tier": "basic",
                 "amount_minor": 900, "currency": "eur", "interval": "month"}]"#,
        ),
    ] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    let config = functions_framework::env::read_from(&variables, playback::Config::read);
    playback::routes(playback::Parts::real(config.expect("the variables are good")))
}

#[tokio::test]
async fn other_paths_are_not_here() {
    let function = stage_function();
    for path in [
        "/",
        "/v1/videos",
        "/v1/videos//playback",
        "/v1/videos/playback",
        "/v1/videos/a/b/playback",
        "/v1/videos/../../etc/passwd",
        "/v1/videos/a/playback/",
    ] {
        let reply = ask(&function, get(path)).await;
        assert_eq!(reply.outcome(), (404, "not-found".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn other_methods_are_refused_and_head_opens_no_play() {
    let stage = Stage::new().await;
    let person = stage.payer("basic").await;
    let video = stage.video(Video::default()).await;
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let reply = ask(&stage.function, with_method(stage.request(&path(video), &person), method)).await;
        assert_eq!(reply.outcome(), (405, "method-not-allowed".to_owned()));
        assert!(reply.header("allow").contains("GET"));
    }
    let head = with_method(stage.request(&path(video), &person), Method::HEAD);
    let reply = ask(&stage.function, head).await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (200, 0));
    assert_eq!(stage.count("select count(*) from streams").await, 0);
}

#[tokio::test]
async fn a_session_id_is_one_uuid_or_refused_before_anything_else() {
    let function = stage_function();
    let video = VideoId::new();
    let id = StreamId::new();
    for query in [
        "session_id=".to_owned(),
        "session_id=1".to_owned(),
        "session_id".to_owned(),
        "session_id='%20or%201%3D1".to_owned(),
        format!("session_id={}", id.uuid().simple()),
        format!("session_id={id}&session_id={id}"),
        format!("session_id={id}&session_id={}", StreamId::new()),
    ] {
        let reply = ask(&function, get(&format!("{}?{query}", path(video)))).await;
        assert_eq!(reply.outcome(), (422, "validation-error".to_owned()), "{query}");
        assert_eq!(reply.json()["errors"][0]["pointer"], "#/session_id");
    }
    let bad = ask(&function, get("/v1/videos/1/playback?session_id=1")).await;
    assert_eq!(bad.outcome(), (404, "video-not-found".to_owned()));
}

#[tokio::test]
async fn unknown_query_parameters_change_nothing() {
    let stage = Stage::new().await;
    let free = stage.video(Video { access: "free", ..Video::default() }).await;
    let plain = stage.anonymously(free).await.json();
    let query = "key=abc&sub=other&aud=d&exp=9999999999&max_resolution=2160p&key=abc&country=GB&user_id=x";
    let mut request = get(&format!("{}?{query}", path(free)));
    for (name, value) in
        [("x-http-method-override", "DELETE"), ("x-user-id", "someone"), ("x-forwarded-for", "1.2.3.4")]
    {
        request.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    assert_eq!(ask(&stage.function, request).await.json(), plain);
}

fn from_origin(request: Request, origin: &'static str) -> Request {
    let mut request = request;
    request.headers_mut().insert(header::ORIGIN, HeaderValue::from_static(origin));
    request
}

#[tokio::test]
async fn only_listed_origins_may_read_answers() {
    let stage = Stage::with(&[("CORS_ALLOWED_ORIGINS", "https://app.test")]).await;
    let free = stage.video(Video { access: "free", ..Video::default() }).await;
    let own = ask(&stage.function, from_origin(get(&path(free)), "https://app.test")).await;
    assert_eq!(own.header("access-control-allow-origin"), "https://app.test");
    let varies: Vec<_> =
        own.headers.get_all(header::VARY).iter().filter_map(|value| value.to_str().ok()).collect();
    assert!(varies.join(", ").contains("Authorization") && varies.join(", ").contains("Origin"));
    let foreign = ask(&stage.function, from_origin(get(&path(free)), "https://evil.test")).await;
    assert_eq!(outcome(&foreign), "200 full free");
    assert!(foreign.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
    let mut preflight = from_origin(with_method(get(&path(free)), Method::OPTIONS), "https://app.test");
    preflight.headers_mut().insert(header::ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("GET"));
    let reply = ask(&stage.function, preflight).await;
    assert_eq!(reply.status, 204);
    assert!(reply.header("access-control-allow-methods").contains("GET"));
}

#[tokio::test]
async fn a_caller_who_asks_all_the_time_has_to_wait_and_others_do_not() {
    let stage = Stage::new().await;
    let (busy, calm) = (Person::new(&stage.owner).await, Person::new(&stage.owner).await);
    let video = VideoId::new();
    let mut refused = 0;
    for _ in 0..100 {
        let reply = ask(&stage.function, signed_in(&path(video), &busy, stage.now)).await;
        if reply.status == 429 {
            assert_eq!(reply.slug(), "too-many-requests");
            assert_eq!(reply.header("retry-after"), "1");
            refused += 1;
        } else {
            assert_eq!(outcome(&reply), NOT_FOUND);
        }
    }
    assert_eq!(refused, 40);
    assert_eq!(outcome(&stage.as_person(video, &calm).await), NOT_FOUND);
    assert_eq!(outcome(&stage.anonymously(video).await), NOT_FOUND);
}
