//! What is refused by its form alone, and costs no hash and no row.

use crate::suite::{ADA, PASSWORD, Suite, check};
use http::{HeaderValue, Method, header};
use serde_json::{Value, json};
use testkit::{ask, get, post};

async fn ask_raw(suite: &Suite, body: String) -> testkit::Reply {
    let mut request = post("/v1/login", &Value::Null);
    *request.body_mut() = body.into();
    ask(&suite.function, request).await
}

#[tokio::test]
async fn a_body_that_is_not_json_is_400_and_one_of_another_shape_422() {
    let suite = Suite::new(&[]).await;
    let good = json!({ "email": ADA, "password": PASSWORD }).to_string();
    for malformed in [
        String::new(),
        "{".to_owned(),
        good[..good.len() - 1].to_owned(),
        format!("{good}x"),
        format!("\u{feff}{good}"),
        format!("{{\"email\":\"x\",{}", &good[1..]),
        "{\"email\":NaN}".to_owned(),
        "[".repeat(8_000),
    ] {
        check(&ask_raw(&suite, malformed).await, (400, "malformed-json"));
    }
    for shape in [
        json!(null),
        json!([]),
        json!([ADA, PASSWORD]),
        json!("x"),
        json!({}),
        json!({ "email": ADA }),
        json!({ "email": ADA, "password": PASSWORD, "role": "admin" }),
        json!({ "email": 1, "password": PASSWORD }),
        json!({ "email": [ADA], "password": PASSWORD }),
        json!({ "email": null, "password": {} }),
    ] {
        check(&ask_raw(&suite, shape.to_string()).await, (422, "validation-error"));
    }
    assert_eq!(suite.owner.count("auth_throttle").await, 0);
}

#[tokio::test]
async fn every_fault_of_a_field_is_named() {
    let suite = Suite::new(&[]).await;
    let cases = [
        ("ada", PASSWORD, json!([["#/email", "invalid"]])),
        ("*)(uid=*@x.com", PASSWORD, json!([["#/email", "invalid"]])),
        (&format!("{}@example.com", "a".repeat(65)), PASSWORD, json!([["#/email", "too-long"]])),
        (ADA, "", json!([["#/password", "too-short"]])),
        (ADA, &"a".repeat(257), json!([["#/password", "too-long"]])),
        ("ada", "", json!([["#/email", "invalid"], ["#/password", "too-short"]])),
    ];
    for (email, password, expected) in cases {
        let reply = suite.log_in(email, password).await;
        check(&reply, (422, "validation-error"));
        let errors = reply.json()["errors"].as_array().unwrap().clone();
        let found: Vec<Value> = errors.iter().map(|error| json!([error["pointer"], error["code"]])).collect();
        assert_eq!(json!(found), expected);
    }
    assert_eq!(suite.owner.count("auth_throttle").await, 0);
    check(&suite.log_in(ADA, &"a".repeat(256)).await, (401, "invalid-credentials"));
    check(&suite.log_in("admin'--@example.com", PASSWORD).await, (401, "invalid-credentials"));
    check(&suite.log_in("*@example.com", PASSWORD).await, (401, "invalid-credentials"));
}

#[tokio::test]
async fn credentials_outside_the_body_do_not_count() {
    let suite = Suite::new(&[]).await;
    suite.owner.user_with_password(ADA).await;
    let query = post("/v1/login?email=ada@example.com&password=difference+engine+no+2", &json!({}));
    check(&ask(&suite.function, query).await, (422, "validation-error"));
}

#[tokio::test]
async fn another_method_type_or_encoding_is_refused() {
    let suite = Suite::new(&[]).await;
    let reply = ask(&suite.function, get("/v1/login")).await;
    check(&reply, (405, "method-not-allowed"));
    assert!(reply.header("allow").contains("POST"));
    let good = || post("/v1/login", &json!({ "email": ADA, "password": PASSWORD }));
    let mut request = good();
    *request.method_mut() = Method::PUT;
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
    let long = json!({ "email": ADA, "password": "a".repeat(16 * 1024) });
    check(&ask(&suite.function, post("/v1/login", &long)).await, (413, "payload-too-large"));
}
