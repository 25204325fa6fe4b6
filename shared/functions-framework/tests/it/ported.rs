//! One handler's source, compiled against `lambda_http` and against this crate with nothing but its `use` line changed,
//! gives the same replies.

use crate::{moved, original};
use functions_framework::{Body, call, service_fn};
use std::ops::Deref;

/// What a client sees of a reply that is the handler's own.
type Told = (u16, Vec<u8>, Option<String>);

fn told<B: Deref<Target = [u8]>>(response: &http::Response<B>) -> Told {
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let named = header("content-type").or_else(|| header("allow"));
    (response.status().as_u16(), response.body().to_vec(), named)
}

async fn ask_original(request: http::Request<&'static str>) -> Told {
    told(&original::handler(request.map(lambda_http::Body::from)).await.expect("a reply"))
}

async fn ask_moved(request: http::Request<&'static str>) -> Told {
    told(&call(&service_fn(moved::handler), request.map(Body::from)).await)
}

async fn check(method: &str, body: &'static str, status: u16) {
    let request = || {
        http::Request::builder()
            .method(method)
            .uri("/orders")
            .header("content-type", "application/json")
            .header("x-customer", "Ada")
            .body(body)
            .expect("a request")
    };
    let original = ask_original(request()).await;
    assert_eq!(original.0, status);
    assert_eq!(ask_moved(request()).await, original);
}

#[tokio::test]
async fn a_moved_handler_answers_as_it_did() {
    check("POST", r#"{"items":[{"price_minor":250,"count":2},{"price_minor":1,"count":3}]}"#, 200).await;
    check("POST", r#"{"items":[]}"#, 200).await;
    check("POST", "not JSON", 422).await;
    check("POST", "", 422).await;
    check("GET", "", 405).await;
}

#[tokio::test]
async fn the_example_is_the_same_source_with_another_use_line() {
    let example = include_str!("../../examples/ported.rs");
    let names = "::{Body, Error, Request, Response};";
    assert!(example.contains(&format!("\nuse functions_framework{names}\n")));
    assert!(example.contains(&format!("// On lambda_http: use lambda_http{names}\n")));
    assert!(example.contains("#[path = \"ported/handler.rs\"]"));
}

#[tokio::test]
async fn an_error_that_a_moved_handler_gives_up_with_is_logged_and_not_told() {
    let huge = r#"{"items":[{"price_minor":18446744073709551615,"count":2}]}"#;
    let (status, body, _) = ask_moved(http::Request::post("/").body(huge).expect("a request")).await;
    assert_eq!(status, 500);
    assert!(!String::from_utf8_lossy(&body).contains("64 bits"));
}
