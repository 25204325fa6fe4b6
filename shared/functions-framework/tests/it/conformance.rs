//! A reimplementation of the checks of Google's Functions Framework conformance client
//! (github.com/GoogleCloudPlatform/functions-framework-conformance), for the two signature types that are offered: `http`
//! and `typed`. Like the client, it knows nothing of the program but its port, its replies and its output file.

use crate::program::{Program, Reply, ask, folder, post};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What one request of a concurrent function takes at least.
const WORK: Duration = Duration::from_secs(1);
/// How many of them are sent at once.
const AT_ONCE: usize = 10;

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

#[tokio::test]
async fn an_http_function_gets_the_body_that_was_sent() {
    let folder = folder("conformance-http");
    let variables = [("FUNCTION_TARGET", "http"), ("FUNCTION_SIGNATURE_TYPE", "http")];
    let program = Program::start("conformance", &variables, &folder).await;
    let reply = program.ask(post(r#"{"res":"PASS"}"#)).await;
    assert!(reply.status().is_success(), "{reply:?}");
    let output = std::fs::read(folder.join("function_output.json")).expect("the function wrote its output");
    assert_eq!(parsed(&output), json!({"res": "PASS"}));
    std::fs::remove_dir_all(folder).expect("the folder can go");
}

#[tokio::test]
async fn a_typed_function_gets_and_gives_an_object() {
    let variables = [("FUNCTION_TARGET", "typed"), ("FUNCTION_SIGNATURE_TYPE", "typed")];
    let program = Program::start("conformance", &variables, ".".as_ref()).await;
    let reply = program.ask(post(r#"{"message":"Hello world!"}"#)).await;
    assert!(reply.status().is_success(), "{reply:?}");
    assert_eq!(parsed(reply.body()), json!({"payload": {"message": "Hello world!"}}));
    let reply = program.ask(post(r#"{"message":7}"#)).await;
    assert_eq!(reply.status(), 422);
}

async fn check_concurrency(target: &str, signature: &str, body: &'static str) {
    let variables = [("FUNCTION_TARGET", target), ("FUNCTION_SIGNATURE_TYPE", signature)];
    let program = Program::start("conformance", &variables, ".".as_ref()).await;
    let started = Instant::now();
    let succeeded = |reply: &Reply| reply.status().is_success();
    assert!(succeeded(&program.ask(post(body)).await));
    let one = started.elapsed();
    assert!(one >= WORK, "one request took {one:?}, so it did not do its work");

    let started = Instant::now();
    let address = program.address();
    let asked: Vec<_> = (0..AT_ONCE).map(|_| tokio::spawn(ask(address, post(body)))).collect();
    for reply in asked {
        assert!(succeeded(&reply.await.expect("a request ends")));
    }
    let all = started.elapsed();
    assert!(all < 2 * one, "{AT_ONCE} requests at once took {all:?}, one took {one:?}");
}

#[tokio::test]
async fn http_requests_run_at_the_same_time() {
    check_concurrency("concurrent_http", "http", r#"{"message":"Hello world!"}"#).await;
}

#[tokio::test]
async fn typed_requests_run_at_the_same_time() {
    check_concurrency("concurrent_typed", "typed", r#"{"message":"Hello world!"}"#).await;
}
