//! Functions that are away, break off, or take too long.

use local::gateway::{Backend, Document, Gateway};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Answer, request, send};

/// Long enough for any loaded machine: a test that meets it has failed.
const NEVER: Duration = Duration::from_mins(1);

/// A function that answers its n-th connection with the n-th text, and breaks each off after it. `None` hangs.
struct Function {
    address: String,
    connections: Arc<AtomicUsize>,
}

impl Function {
    async fn new(answers: &'static [Option<&'static str>]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            let mut kept = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                count.fetch_add(1, Ordering::SeqCst);
                let mut received = Vec::new();
                while !received.ends_with(b"end") {
                    let mut piece = [0; 1024];
                    let length = stream.read(&mut piece).await.expect("the gateway sends the whole request");
                    received.extend_from_slice(&piece[..length]);
                }
                match answer {
                    Some(text) => stream.write_all(text.as_bytes()).await.expect("the gateway listens"),
                    None => kept.push(stream),
                }
            }
            std::future::pending::<()>().await;
        });
        Self { address, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// What the gateway answers before a function at this address.
async fn ask(address: &str, deadline: Duration) -> Answer {
    let document = Document::project();
    let backend = |name: String| {
        let mut backend = Backend::new(&name, address);
        backend.deadline = deadline;
        (name, backend)
    };
    let backends: BTreeMap<_, _> =
        document.functions().expect("a good document").into_iter().map(backend).collect();
    let rendering = document.render(&backends).expect("every function has an address");
    let gateway = Gateway::start(0, &rendering).await.expect("a free port");
    let head = request("POST", "/v1/checkout", "content-length: 3\r\n");
    send(gateway.address(), &head, b"end").await
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine";

#[tokio::test]
async fn a_lost_connection_is_tried_once_more_even_for_a_post() {
    let function = Function::new(&[Some(""), Some(OK)]).await;
    let answer = ask(&function.address, NEVER).await;
    assert_eq!((answer.status, &*answer.body, function.connections()), (200, &b"fine"[..], 2));
}

#[tokio::test]
async fn a_connection_lost_twice_is_503_by_the_gateway() {
    let function = Function::new(&[Some(""), Some(""), Some(OK)]).await;
    assert_eq!(ask(&function.address, NEVER).await.refusal().0, 503);
    assert_eq!(function.connections(), 2);
}

#[tokio::test]
async fn an_answer_is_not_asked_for_again_whatever_its_status() {
    let function =
        Function::new(&[Some("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy"), Some(OK)])
            .await;
    let answer = ask(&function.address, NEVER).await;
    assert_eq!((answer.status, &*answer.body, function.connections()), (503, &b"busy"[..], 1));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_503_and_not_asked_for_again() {
    let function = Function::new(&[Some("HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\nfi"), Some(OK)]).await;
    assert_eq!(ask(&function.address, NEVER).await.refusal().0, 503);
    assert_eq!(function.connections(), 1);
}

#[tokio::test]
async fn a_function_that_is_away_is_503_by_the_gateway() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    drop(listener);
    let (code, message) = ask(&address, NEVER).await.refusal();
    assert_eq!(code, 503);
    assert!(message.contains("upstream"), "{message}");
}

#[tokio::test]
async fn a_function_past_its_deadline_is_504_by_the_gateway() {
    let silent = Function::new(&[None]).await;
    assert_eq!(
        ask(&silent.address, Duration::from_millis(50)).await.refusal(),
        (504, "upstream request timeout".into())
    );
    assert_eq!(silent.connections(), 1);
}

#[tokio::test]
async fn the_deadline_covers_both_attempts() {
    let function = Function::new(&[Some(""), None]).await;
    assert_eq!(ask(&function.address, Duration::from_secs(1)).await.refusal().0, 504);
    assert_eq!(function.connections(), 2);
}

#[test]
fn a_function_that_asks_a_provider_has_a_longer_deadline() {
    let seconds = |function| Backend::new(function, "http://127.0.0.1:1").deadline.as_secs();
    assert_eq!([seconds("checkout"), seconds("portal")], [25, 25]);
    assert_eq!([seconds("login"), seconds("playback"), seconds("subscription")], [15, 15, 15]);
}
