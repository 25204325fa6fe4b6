//! Faults on demand, as a client sees them.

use super::{Answer, SECRET_KEY, Stand};
use http::header;
use local::stripe::{Fault, FaultKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATH: &str = "/v1/customers";

/// The bytes of the answer to one request, as far as they come.
async fn raw(stand: &Stand) -> String {
    let url = stand.stripe.url();
    let authority = url.strip_prefix("http://").expect("plain HTTP");
    let mut stream = TcpStream::connect(authority).await.expect("it listens");
    let request = format!(
        "POST {PATH} HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bearer {SECRET_KEY}\r\ncontent-length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("it listens");
    let mut answer = Vec::new();
    // A connection that breaks may end in an error; what came before it counts.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).expect("text")
}

#[tokio::test]
async fn a_status_comes_with_the_advice_that_was_asked_for() {
    let stand = Stand::start().await;
    for (status, should_retry, header) in
        [(429, None, ""), (500, Some(true), "true"), (503, Some(false), "false")]
    {
        stand.stripe.inject(Fault::once(PATH, FaultKind::Status { status, should_retry, kept: false }));
        let answer = stand.post(PATH, "").await;
        assert_eq!((answer.status(), answer.header("stripe-should-retry")), (status, header));
        assert_eq!(
            answer.header("stripe-rate-limited-reason"),
            if status == 429 { "global-rate" } else { "" }
        );
        assert_eq!(stand.post(PATH, "").await.status(), 200, "once means once");
    }
}

#[tokio::test]
async fn an_answer_is_cut_in_its_body() {
    let stand = Stand::start().await;
    stand.stripe.inject(Fault::once(PATH, FaultKind::Cut).after_the_work());
    let answer = raw(&stand).await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("the head is whole");
    let promised = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    let promised: usize = promised.parse().expect("a number");
    assert!(!body.is_empty() && body.len() < promised, "{} of {promised} bytes", body.len());
    let list = stand.get(PATH).await.json();
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1), "the work was done");
}

#[tokio::test]
async fn a_connection_ends_before_the_first_byte() {
    let stand = Stand::start().await;
    stand.stripe.inject(Fault::once(PATH, FaultKind::Close));
    assert_eq!(raw(&stand).await, "");
    let list = stand.get(PATH).await.json();
    assert_eq!(list["data"].as_array().map(Vec::len), Some(0), "no work was done");
}

#[tokio::test]
async fn a_page_of_html_answers_in_place_of_the_api() {
    let stand = Stand::start().await;
    stand.stripe.inject(Fault::always("/v1/*", FaultKind::Html));
    for _ in 0..2 {
        let answer = stand.get(PATH).await;
        assert_eq!((answer.status(), answer.header("content-type")), (200, "text/html; charset=utf-8"));
    }
    let cleared = Answer::to(stand.request("DELETE", "/_fake/faults"), "").await;
    assert_eq!((cleared.status(), stand.get(PATH).await.status()), (204, 200));
}

#[tokio::test]
async fn faults_are_injected_over_http_too() {
    let stand = Stand::start().await;
    let fault = r#"{ "path": "/v1/customers", "method": "post", "times": 2,
                     "fault": { "kind": "status", "status": 502, "should_retry": true } }"#;
    assert_eq!(stand.control("/_fake/faults", fault).await.status(), 204);
    assert_eq!(stand.get(PATH).await.status(), 200, "only for the method that was named");
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(stand.post(PATH, "").await.status());
    }
    assert_eq!(statuses, [502, 502, 200]);
    let slow = r#"{ "path": "/v1/customers", "fault": { "kind": "slow", "milliseconds": 1 } }"#;
    assert_eq!(stand.control("/_fake/faults", slow).await.status(), 204);
    assert_eq!(stand.post(PATH, "").await.status(), 200);
    let unknown = stand.request("POST", "/_fake/faults").header(header::CONTENT_TYPE, "application/json");
    assert_eq!(Answer::to(unknown, r#"{"path":"/","fault":{"kind":"flood"}}"#).await.status(), 422);
}
