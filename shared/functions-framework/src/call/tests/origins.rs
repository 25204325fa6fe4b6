//! Which pages of other origins may read replies.

use super::*;

/// The names and values by which a reply lets pages of other origins read it.
fn access(response: &Response) -> Vec<String> {
    let mut found: Vec<String> = response
        .headers()
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("access-control-"))
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn a_listed_origins_preflight_is_answered() {
    let headers = [("origin", "https://app.example"), ("access-control-request-method", "POST")];
    let response = check(("OPTIONS", "/greet"), &headers, b"", (204, "-")).await;
    let expected = [
        "access-control-allow-headers: authorization, content-type, idempotency-key, x-request-id",
        "access-control-allow-methods: POST, OPTIONS",
        "access-control-allow-origin: https://app.example",
        "access-control-expose-headers: retry-after, www-authenticate, x-request-id",
        "access-control-max-age: 7200",
    ];
    assert_eq!(access(&response), expected);
    assert_eq!(header(&response, "vary"), Some("Origin"));
}

#[tokio::test]
async fn no_other_origin_is_let_in() {
    for origin in ["https://evil.example", "null", "https://app.example.evil.test", "http://app.example"] {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        let response = check(("OPTIONS", "/greet"), &headers, b"", (204, "-")).await;
        assert_eq!(access(&response), [""; 0]);
        assert_eq!(header(&response, "vary"), Some("Origin"));
        let response = check(("GET", "/show/open"), &[("origin", origin)], b"", (200, "-")).await;
        assert_eq!(access(&response), [""; 0]);
    }
    let response = check(("GET", "/show/open"), &[], b"", (200, "-")).await;
    assert_eq!((access(&response).len(), header(&response, "vary")), (0, Some("Origin")));
}

#[tokio::test]
async fn a_listed_origin_may_read_errors_too() {
    let origin = [("origin", "https://app.example"), JSON];
    for (target, expected) in [("/greet", (400, "malformed-json")), ("/nothing", (404, "not-found"))] {
        let response = check(("POST", target), &origin, b"{", expected).await;
        assert_eq!(header(&response, "access-control-allow-origin"), Some("https://app.example"));
    }
}

#[tokio::test]
async fn without_listed_origins_nothing_varies_and_nobody_is_let_in() {
    let function = service_fn(|_: Request| async { Ok::<_, Problem>("hello") });
    let headers = [("origin", "https://app.example"), ("access-control-request-method", "POST")];
    let response = call(&function, request("OPTIONS", "/any", &headers, b"")).await;
    assert_eq!((response.status().as_u16(), access(&response).len()), (204, 0));
    assert_eq!(header(&response, "vary"), None);
}
