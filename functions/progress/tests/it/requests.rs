//! Bodies, ids and methods that are not what they should be.

use functions_framework::Request;
use http::{HeaderValue, Method, header};
use serde_json::{Value, json};
use testkit::{Video, ask, authorized, get};

use crate::stage::{Stage, check_beat, path, put};

#[tokio::test]
async fn a_body_says_where_it_is_wrong() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("basic").await, stage.video(Video::default()).await);
    let play = stage.play(&person, video).await;
    let good = json!({"session_id": play.to_string(), "position_seconds": 60, "event": "play"});
    let with = |member: &str, value: Value| {
        let mut body = good.clone();
        body[member] = value;
        body
    };
    let long = "x".repeat(5_000);
    for (body, pointer) in [
        (with("session_id", json!("x")), "#/session_id"),
        (with("session_id", json!("")), "#/session_id"),
        (with("session_id", json!(1)), "#/session_id"),
        (with("session_id", Value::Null), "#/session_id"),
        (with("session_id", json!(long)), "#/session_id"),
        (with("position_seconds", json!(-1)), "#/position_seconds"),
        (with("position_seconds", json!(-0.001)), "#/position_seconds"),
        (with("position_seconds", json!("60")), "#/position_seconds"),
        (with("position_seconds", Value::Null), "#/position_seconds"),
        (with("event", json!("stop")), "#/event"),
        (with("event", json!("Play")), "#/event"),
        (with("event", Value::Null), "#/event"),
        (with("user_id", json!("x")), "#/user_id"),
    ] {
        let reply = ask(&stage.function, put(&person, &path(video), &body)).await;
        assert_eq!(reply.outcome(), (422, "validation-error".to_owned()), "{body}");
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{body}");
    }
    for member in ["session_id", "position_seconds", "event"] {
        let mut body = good.clone();
        body.as_object_mut().expect("an object").remove(member);
        let reply = ask(&stage.function, put(&person, &path(video), &body)).await;
        assert_eq!(reply.json()["errors"][0]["pointer"], format!("#/{member}"));
    }
    for text in ["{", "{\"position_seconds\": 1e400}", "{\"event\": NaN}"] {
        let mut request = put(&person, &path(video), &good);
        *request.body_mut() = text.into();
        assert_eq!(
            ask(&stage.function, request).await.outcome(),
            (400, "malformed-json".to_owned()),
            "{text}"
        );
    }
    assert_eq!(stage.owner.count("watch_progress").await, 0);
    check_beat(&ask(&stage.function, put(&person, &path(video), &good)).await, 1, 1);
    let upper = with("session_id", json!(play.to_string().to_uppercase()));
    check_beat(&ask(&stage.function, put(&person, &path(video), &upper)).await, 1, 1);
}

#[tokio::test]
async fn an_id_that_is_none_is_no_video() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("basic").await, stage.video(Video::default()).await);
    let play = stage.play(&person, video).await;
    let body = json!({"session_id": play.to_string(), "position_seconds": 60, "event": "play"});
    for id in [
        "x",
        "1%20OR%201=1",
        "..%2F..%2Fetc%2Fpasswd",
        "%00",
        "%F0%9F%8E%AC",
        &video.uuid().simple().to_string(),
    ] {
        let reply = ask(&stage.function, put(&person, &path(id), &body)).await;
        assert_eq!(reply.outcome(), (404, "video-not-found".to_owned()), "{id}");
    }
}

#[tokio::test]
async fn other_methods_are_refused_and_pages_may_ask_beforehand() {
    let stage = Stage::with(&[("CORS_ALLOWED_ORIGINS", "https://app.test")]).await;
    let (person, video) = (stage.payer("basic").await, stage.video(Video::default()).await);
    let play = stage.play(&person, video).await;
    for (path, method) in [
        (path(video), "PUT"),
        (format!("/v1/streams/{play}"), "DELETE"),
        ("/v1/streams".to_owned(), "GET"),
        ("/v1/continue-watching".to_owned(), "GET"),
    ] {
        let with = |method: Method| {
            let mut request: Request = authorized(&person, get(&path));
            *request.method_mut() = method;
            request
        };
        let reply = ask(&stage.function, with(Method::PATCH)).await;
        assert_eq!(reply.outcome(), (405, "method-not-allowed".to_owned()), "{path}");
        assert!(reply.header("allow").contains(method), "{path}: {:?}", reply.headers);
        let mut preflight = with(Method::OPTIONS);
        let headers = preflight.headers_mut();
        headers.insert(header::ORIGIN, HeaderValue::from_static("https://app.test"));
        headers.insert(
            header::ACCESS_CONTROL_REQUEST_METHOD,
            HeaderValue::from_str(method).expect("header text"),
        );
        let reply = ask(&stage.function, preflight).await;
        assert_eq!(reply.status, 204, "{path}");
        assert!(reply.header("access-control-allow-methods").contains(method), "{path}");
    }
}
