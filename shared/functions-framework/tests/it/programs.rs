//! Whole programs: their variables, their arguments, their log lines, their end.

use crate::program::{Program, example, post};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::{Value, json};
use std::process::Output;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn ended(name: &str, variables: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } =
        example(name, variables).args(arguments).output().await.expect("the example runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (status.code(), text(stdout), text(stderr))
}

#[tokio::test]
async fn every_fault_of_the_variables_is_on_one_line_and_the_exit_is_78() {
    let variables =
        [("PORT", "http"), ("FUNCTION_SIGNATURE_TYPE", "cloudevent"), ("FUNCTION_TARGET", "s3cret")];
    let line = "invalid configuration: PORT: invalid digit found in string; \
                FUNCTION_SIGNATURE_TYPE: must be http or typed; events are not offered; \
                FUNCTION_TARGET: must be http, typed, concurrent_http, concurrent_typed or panic\n";
    assert_eq!(ended("conformance", &variables, &[]).await, (Some(78), String::new(), line.to_owned()));
}

#[tokio::test]
async fn a_program_without_variables_of_its_own_has_the_frameworks_checked() {
    for (port, fault) in
        [("65536", "number too large to fit in target type"), ("-1", "invalid digit found in string")]
    {
        let line = format!("invalid configuration: PORT: {fault}\n");
        assert_eq!(ended("hello", &[("PORT", port)], &[]).await, (Some(78), String::new(), line));
    }
}

#[tokio::test]
async fn a_program_lists_its_variables_and_ends() {
    let own = |name: &str| json!({"name": name, "required": false, "secret": false});
    let mut expected = vec![own("FUNCTION_SIGNATURE_TYPE"), own("GCP_PROJECT_ID"), own("PORT")];
    // The list depends on nothing that is set, broken values included.
    let (code, stdout, stderr) = ended("hello", &[("PORT", "x")], &["--print-variables"]).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(serde_json::from_str::<Value>(&stdout).expect("JSON"), json!(expected));
    expected.insert(1, own("FUNCTION_TARGET"));
    let (code, stdout, _) = ended("conformance", &[], &["--print-variables"]).await;
    assert_eq!(code, Some(0));
    assert_eq!(serde_json::from_str::<Value>(&stdout).expect("JSON"), json!(expected));
}

#[tokio::test]
async fn a_program_says_how_it_is_configured_and_takes_no_other_argument() {
    let (code, stdout, stderr) = ended("hello", &[], &["--help"]).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.contains("--print-variables"), "{stdout}");
    let (code, stdout, stderr) = ended("hello", &[], &["--port=1"]).await;
    assert_eq!((code, stdout.as_str(), stderr.lines().count()), (Some(78), "", 1));
    assert!(stderr.contains("'--port=1'"), "{stderr}");
}

#[tokio::test]
async fn a_port_that_is_taken_ends_the_program_with_1() {
    let program = Program::start("hello", &[], ".".as_ref()).await;
    let port = program.address().port().to_string();
    let (code, stdout, stderr) = ended("hello", &[("PORT", &port)], &[]).await;
    assert_eq!((code, stdout.as_str(), stderr.lines().count()), (Some(1), "", 1));
}

#[tokio::test]
async fn a_request_is_one_line_with_its_trace_and_without_its_query() {
    let variables = [("GCP_PROJECT_ID", "streamly-test")];
    let mut program = Program::start("hello", &variables, ".".as_ref()).await;
    let request = http::Request::get("/any?name=Ada&token=s3cret")
        .header("host", "localhost")
        .header("x-request-id", "r-1")
        .header("authorization", "Bearer s3cret")
        .header("x-cloud-trace-context", "0af7651916cd43dd8448eb211c80319c/255;o=1")
        .body(Full::new(Bytes::new()))
        .expect("a request");
    let reply = program.ask(request).await;
    assert_eq!((reply.status().as_u16(), reply.body().as_ref()), (200, &b"Hello, Ada!\n"[..]));
    let mut line = program.line().await;
    assert!(!line.to_string().contains("s3cret"), "{line}");
    let members = line.as_object_mut().expect("an object");
    assert!(members.remove("time").is_some_and(|time| time.as_str().is_some_and(|time| time.ends_with('Z'))));
    assert!(members.remove("duration_ms").is_some_and(|duration| duration.is_f64()));
    let expected = json!({
        "severity": "INFO",
        "message": "GET /any 200",
        "request.id": "r-1",
        "request.method": "GET",
        "request.path": "/any",
        "response.status": 200,
        "greeting.named": true,
        "logging.googleapis.com/trace": "projects/streamly-test/traces/0af7651916cd43dd8448eb211c80319c",
        "logging.googleapis.com/spanId": "00000000000000ff",
        "logging.googleapis.com/trace_sampled": true,
    });
    assert_eq!(line, expected);
}

#[tokio::test]
async fn a_refusal_is_a_line_with_the_name_of_its_problem() {
    let mut program = Program::start("conformance", &[("FUNCTION_TARGET", "typed")], ".".as_ref()).await;
    for (body, status, problem) in
        [("{", 400, "malformed-json"), (r#"{"s3cret":"s3cret"}"#, 422, "validation-error")]
    {
        assert_eq!(program.ask(post(body)).await.status(), status);
        let line = program.line().await;
        assert_eq!((&line["response.status"], &line["problem"]), (&json!(status), &json!(problem)));
        assert!(!line.to_string().contains("s3cret"), "{line}");
    }
    assert_eq!(program.ask(post(r#"{"message":"a"}"#)).await.status(), 200);
    assert_eq!(program.line().await.get("problem"), None);
}

#[tokio::test]
async fn a_long_path_does_not_make_a_long_line() {
    let mut program = Program::start("hello", &[], ".".as_ref()).await;
    for (sent, logged) in [(1024, 1024), (1025, 1024), (60_000, 1024)] {
        let request = http::Request::get(format!("/{}", "a".repeat(sent - 1)))
            .header("host", "localhost")
            .body(Full::new(Bytes::new()))
            .expect("a request");
        assert_eq!(program.ask(request).await.status(), 200);
        assert_eq!(program.line().await["request.path"].as_str().map(str::len), Some(logged));
    }
}

/// Reads until the other end has said this.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        read.push(stream.read_u8().await.expect("the reply goes on"));
    }
    String::from_utf8(read).expect("text")
}

#[tokio::test]
async fn sigterm_ends_idle_connections_finishes_requests_and_exits_with_0() {
    let program =
        Program::start("conformance", &[("FUNCTION_TARGET", "concurrent_http")], ".".as_ref()).await;
    let mut idle = program.connect().await;
    idle.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("a request");
    read_until(&mut idle, "ok\n").await;
    let mut busy = program.connect().await;
    let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n";
    busy.write_all(head).await.expect("a request");
    // Only a request in flight is asked for its body.
    assert_eq!(read_until(&mut busy, "\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    busy.write_all(b"{}").await.expect("an open connection");

    program.terminate();
    let (mut nothing, mut reply) = (Vec::new(), String::new());
    idle.read_to_end(&mut nothing).await.expect("an orderly end");
    assert!(nothing.is_empty());
    assert!(TcpStream::connect(program.address()).await.is_err(), "it still accepts connections");
    busy.read_to_string(&mut reply).await.expect("an orderly end");
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.contains("connection: close\r\n"), "{reply}");
    assert_eq!(program.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_panic_is_a_line_that_says_where_and_quotes_nothing() {
    let mut program = Program::start("conformance", &[("FUNCTION_TARGET", "panic")], ".".as_ref()).await;
    let reply = program.ask(post(r#"{"message":"s3cret"}"#)).await;
    assert_eq!(reply.status(), 500);
    assert!(!String::from_utf8_lossy(reply.body()).contains("s3cret"));
    let (warning, panic, request) = (program.line().await, program.line().await, program.line().await);
    assert_eq!((&warning["severity"], &warning["body.bytes"]), (&json!("WARNING"), &json!(20)));
    assert_eq!(warning["request.id"], request["request.id"]);
    assert!(!panic.to_string().contains("s3cret"), "{panic}");
    assert_eq!(panic["severity"], "ERROR");
    assert!(
        panic["panic.location"].as_str().is_some_and(|place| place.contains("conformance.rs:")),
        "{panic}"
    );
    assert_eq!((&request["response.status"], &request["severity"]), (&json!(500), &json!("ERROR")));
}
