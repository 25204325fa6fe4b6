//! What is refused by its form alone, and costs no row.

use crate::suite::{LOGOUT, REFRESH, Suite, check};
use http::{HeaderValue, Method, header};
use serde_json::{Value, json};
use testkit::{ask, get, post};

async fn ask_raw(suite: &Suite, path: &str, body: String) -> testkit::Reply {
    let mut request = post(path, &Value::Null);
    *request.body_mut() = body.into();
    ask(&suite.function, request).await
}

/// Whether ada's session is as it was, and nothing was counted.
async fn check_untouched(suite: &Suite) {
    assert_eq!((suite.counter().await, suite.ended(suite.ada.session).await), (0, String::new()));
    assert_eq!(suite.owner.count("auth_throttle").await, 0);
}

#[tokio::test]
async fn a_body_that_is_not_json_is_400_and_one_of_another_shape_422() {
    let suite = Suite::new(&[]).await;
    let good = json!({ "refresh_token": suite.token(suite.ada.session, 0) }).to_string();
    for path in [REFRESH, LOGOUT] {
        for malformed in [
            String::new(),
            "{".to_owned(),
            good[..good.len() - 1].to_owned(),
            format!("{good}x"),
            format!("\u{feff}{good}"),
            format!("{{\"refresh_token\":\"x\",{}", &good[1..]),
            "{\"refresh_token\":NaN}".to_owned(),
            "[".repeat(8_000),
        ] {
            check(&ask_raw(&suite, path, malformed).await, (400, "malformed-json"));
        }
        for shape in [json!(null), json!([]), json!(["x"]), json!("x")] {
            check(&ask_raw(&suite, path, shape.to_string()).await, (422, "validation-error"));
        }
    }
    check_untouched(&suite).await;
}

/// Asks with this body, and compares where it is wrong, and how.
async fn check_faults(suite: &Suite, path: &str, body: Value, expected: &[&str]) {
    let reply = ask(&suite.function, post(path, &body)).await;
    check(&reply, (422, "validation-error"));
    let errors = reply.json()["errors"].as_array().unwrap().clone();
    let found: Vec<String> = errors
        .iter()
        .map(|error| format!("{} {}", error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap()))
        .collect();
    assert_eq!(found, expected, "{body}");
}

#[tokio::test]
async fn every_fault_of_a_member_is_named() {
    let suite = Suite::new(&[]).await;
    let token = suite.token(suite.ada.session, 0);
    for path in [REFRESH, LOGOUT] {
        check_faults(&suite, path, json!({}), &["#/refresh_token required"]).await;
        for value in [json!(null), json!(1), json!([token]), json!({})] {
            let body = json!({ "refresh_token": value });
            check_faults(&suite, path, body, &["#/refresh_token wrong-type"]).await;
        }
        let more = json!({ "refresh_token": token, "session_id": suite.ada.session.to_string() });
        check_faults(&suite, path, more, &["#/session_id unknown-field"]).await;
    }
    let scoped = json!({ "refresh_token": token, "scope": "all" });
    check_faults(&suite, REFRESH, scoped, &["#/scope unknown-field"]).await;
    for (scope, code) in [
        (json!("everything"), "invalid"),
        (json!("ALL"), "invalid"),
        (json!(""), "invalid"),
        (json!(null), "wrong-type"),
        (json!(1), "wrong-type"),
        (json!(["all"]), "wrong-type"),
    ] {
        let body = json!({ "refresh_token": token, "scope": scope });
        check_faults(&suite, LOGOUT, body, &[&format!("#/scope {code}")]).await;
    }
    check_untouched(&suite).await;
}

#[tokio::test]
async fn a_token_in_the_address_or_a_header_does_not_count() {
    let suite = Suite::new(&[]).await;
    let token = suite.token(suite.ada.session, 0);
    for path in [REFRESH, LOGOUT] {
        let mut request = post(&format!("{path}?refresh_token={token}"), &json!({}));
        let header = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, header);
        check(&ask(&suite.function, request).await, (422, "validation-error"));
    }
    check_untouched(&suite).await;
}

#[tokio::test]
async fn another_method_type_encoding_or_size_is_refused() {
    let suite = Suite::new(&[]).await;
    for path in [REFRESH, LOGOUT] {
        let reply = ask(&suite.function, get(path)).await;
        check(&reply, (405, "method-not-allowed"));
        assert!(reply.header("allow").contains("POST"));
        let good = || post(path, &json!({ "refresh_token": suite.token(suite.ada.session, 0) }));
        let mut request = good();
        *request.method_mut() = Method::DELETE;
        request.headers_mut().insert("x-http-method-override", HeaderValue::from_static("POST"));
        check(&ask(&suite.function, request).await, (405, "method-not-allowed"));
        for media_type in ["text/plain", "application/x-www-form-urlencoded"] {
            let mut request = good();
            request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
            check(&ask(&suite.function, request).await, (415, "unsupported-media-type"));
        }
        let mut request = good();
        request.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        check(&ask(&suite.function, request).await, (415, "unsupported-media-type"));
        let long = json!({ "refresh_token": "a".repeat(16 * 1024) });
        check(&ask(&suite.function, post(path, &long)).await, (413, "payload-too-large"));
    }
    check_untouched(&suite).await;
}
