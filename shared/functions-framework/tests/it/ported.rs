//! One handler's source, compiled against `lambda_http` and against this crate with nothing but its `use` line changed,
//! gives the same replies.

use functions_framework::{call, service_fn};

/// The handler where it came from.
mod original {
    use lambda_http::{Body, Error, Request, Response};

    include!("../../examples/ported/handler.rs");

    pub(super) async fn answer(request: http::Request<&'static str>) -> (u16, Vec<u8>, Option<String>) {
        let response = handler(request.map(Body::from)).await.expect("a reply");
        super::told(&response, response.body())
    }
}

/// The handler where it went.
mod moved {
    use functions_framework::{Body, Error, Request, Response};

    include!("../../examples/ported/handler.rs");

    pub(super) async fn answer(request: http::Request<&'static str>) -> (u16, Vec<u8>, Option<String>) {
        let response = super::call(&super::service_fn(handler), request.map(Body::from)).await;
        super::told(&response, response.body())
    }
}

/// What a client sees of a reply that is the handler's own.
fn told<B>(response: &http::Response<B>, body: &[u8]) -> (u16, Vec<u8>, Option<String>) {
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    (response.status().as_u16(), body.to_vec(), header("content-type").or_else(|| header("allow")))
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
    let original = original::answer(request()).await;
    assert_eq!(original.0, status);
    assert_eq!(moved::answer(request()).await, original);
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
    assert!(example.contains("include!(\"ported/handler.rs\");"));
}

#[tokio::test]
async fn an_error_that_a_moved_handler_gives_up_with_is_logged_and_not_told() {
    let huge = r#"{"items":[{"price_minor":18446744073709551615,"count":2}]}"#;
    let (status, body, _) = moved::answer(http::Request::post("/").body(huge).expect("a request")).await;
    assert_eq!(status, 500);
    assert!(!String::from_utf8_lossy(&body).contains("64 bits"));
}
