//! Which function a request reaches, and in which form.

mod document;
mod faults;
mod headers;

use axum::extract::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use local::gateway::{Backend, Document, Gateway};
use local::server::Server;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a function saw of a request; the function of these tests answers with it.
#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    function: String,
    method: String,
    uri: String,
    headers: Vec<(String, String)>,
    /// The first of the bytes, in base64.
    body: String,
    body_bytes: usize,
}

/// How much of a body a function answers with.
const SHOWN_BYTES_MAX: usize = 100_000;

impl Seen {
    fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect()
    }

    fn body(&self) -> Vec<u8> {
        STANDARD.decode(&self.body).expect("the function encoded it")
    }
}

/// An answer as it came over the wire.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    fn seen(&self) -> Seen {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).expect("the function answers in JSON")
    }

    /// The gateway's own answer: its status twice, and a message.
    #[track_caller]
    fn refusal(&self) -> (u16, String) {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Own {
            code: u16,
            message: String,
        }
        assert!(
            self.head.to_ascii_lowercase().contains("content-type: application/json\r\n"),
            "{}",
            self.head
        );
        let own: Own = serde_json::from_slice(&self.body).expect("the gateway answers in JSON");
        assert_eq!(own.code, self.status);
        (own.code, own.message)
    }
}

/// A gateway before functions that answer with what they saw.
struct Scene {
    gateway: Gateway,
    _functions: Vec<Server>,
}

impl Scene {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl Fn(&mut Backend)) -> Self {
        let document = Document::project();
        let mut backends = BTreeMap::new();
        let mut functions = Vec::new();
        for name in document.functions().expect("a good document") {
            let server = Server::start(0, echo(name.clone())).await.expect("a free port");
            let mut backend = Backend::new(&name, &server.url());
            change(&mut backend);
            backends.insert(name, backend);
            functions.push(server);
        }
        let rendering = document.render(&backends).expect("every function has an address");
        let gateway = Gateway::start(0, &rendering).await.expect("a free port");
        Self { gateway, _functions: functions }
    }

    async fn get(&self, target: &str, headers: &str) -> Answer {
        send(self.gateway.address(), &request("GET", target, headers), b"").await
    }

    async fn post(&self, target: &str, headers: &str, body: &[u8]) -> Answer {
        let headers = format!("{headers}content-length: {}\r\n", body.len());
        send(self.gateway.address(), &request("POST", target, &headers), body).await
    }
}

fn echo(function: String) -> axum::Router {
    axum::Router::new().fallback(move |request: Request| async move {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.expect("a whole body");
        let text = |value: &http::HeaderValue| value.to_str().expect("text").to_owned();
        axum::Json(Seen {
            function,
            method: head.method.to_string(),
            uri: head.uri.to_string(),
            headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: STANDARD.encode(&body[..body.len().min(SHOWN_BYTES_MAX)]),
            body_bytes: body.len(),
        })
    })
}

/// A request in the bytes of the wire, so that no client corrects it first.
fn request(method: &str, target: &str, headers: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nhost: gateway.example\r\nconnection: close\r\n{headers}\r\n")
}

async fn send(address: SocketAddr, head: &str, body: &[u8]) -> Answer {
    let stream = TcpStream::connect(address).await.expect("it listens");
    let (mut reading, mut writing) = stream.into_split();
    let (head, body) = (head.to_owned(), body.to_vec());
    // Apart, since an early refusal may come while the body is still being sent, which then fails.
    let sending = tokio::spawn(async move {
        writing.write_all(head.as_bytes()).await?;
        writing.write_all(&body).await?;
        Ok::<_, std::io::Error>(writing)
    });
    let mut answer = Vec::new();
    reading.read_to_end(&mut answer).await.expect("an answer");
    drop(sending.await);
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let body = answer.split_off(end);
    let head = String::from_utf8(answer).expect("a head of text");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head, body }
}

#[track_caller]
fn check(seen: &Seen, function: &str, method: &str, uri: &str) {
    assert_eq!((&*seen.function, &*seen.method, &*seen.uri), (function, method, uri));
}

#[tokio::test]
async fn each_path_reaches_its_function_and_keeps_its_form() {
    let scene = Scene::new().await;
    let video = "/v1/videos/01935f3c-7a10-7c3e-9b1f-2f6f0c9d4e21/playback?session_id=1&x=%2F//..";
    check(&scene.get(video, "").await.seen(), "playback", "GET", video);
    check(&scene.get("/.well-known/jwks.json", "").await.seen(), "login", "GET", "/.well-known/jwks.json");
    check(&scene.post("/v1/register", "", b"{}").await.seen(), "register", "POST", "/v1/register");
    check(&scene.post("/v1/login", "", b"{}").await.seen(), "login", "POST", "/v1/login");
    check(&scene.post("/v1/checkout", "", b"{}").await.seen(), "checkout", "POST", "/v1/checkout");
    let webhook = "/v1/webhooks/stripe";
    check(&scene.post(webhook, "", b"{}").await.seen(), "webhook", "POST", webhook);
}

#[tokio::test]
async fn a_preflight_reaches_the_function_of_its_path() {
    let scene = Scene::new().await;
    let answer = send(scene.gateway.address(), &request("OPTIONS", "/v1/login", ""), b"").await;
    check(&answer.seen(), "login", "OPTIONS", "/v1/login");
}

#[tokio::test]
async fn slashes_are_merged_and_dot_segments_resolved_before_routing() {
    let scene = Scene::new().await;
    check(&scene.get("//.well-known///jwks.json", "").await.seen(), "login", "GET", "/.well-known/jwks.json");
    let path = "/v1/login/../videos/%61/./playback";
    check(&scene.get(path, "").await.seen(), "playback", "GET", "/v1/videos/a/playback");
}

#[tokio::test]
async fn a_path_that_is_not_in_the_document_is_404_by_the_gateway() {
    let scene = Scene::new().await;
    for path in ["/", "/health", "/V1/login", "/v1/login/", "/v1/videos//a/b", "/v1/plans%2Fa"] {
        let (code, message) = scene.get(path, "").await.refusal();
        assert_eq!((code, &*message), (404, "The current request is not defined by this API."), "{path}");
    }
}

#[tokio::test]
async fn a_method_that_is_not_in_the_document_is_405_by_the_gateway() {
    let scene = Scene::new().await;
    let (code, message) = scene.get("/v1/login", "").await.refusal();
    assert_eq!(code, 405);
    assert!(message.contains("/v1/login"), "{message}");
    for method in ["PUT", "DELETE", "PATCH", "TRACE", "post", "PURGE"] {
        let answer = send(scene.gateway.address(), &request(method, "/v1/login", ""), b"").await;
        assert_eq!(answer.refusal().0, 405, "{method}");
    }
    let head = send(scene.gateway.address(), &request("HEAD", "/v1/login", ""), b"").await;
    assert_eq!(head.status, 405);
}

#[tokio::test]
async fn a_body_arrives_byte_for_byte_however_it_was_framed() {
    let scene = Scene::new().await;
    let body: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let seen = scene.post("/v1/webhooks/stripe", "content-type: text/plain\r\n", &body).await.seen();
    assert_eq!(seen.body(), body);
    assert_eq!(seen.all("content-type"), ["text/plain"]);
    assert_eq!(seen.all("content-length"), ["70000"]);

    let chunked = b"3\r\n{\r\n\r\n4;x=y\r\n\"a\"}\r\n0\r\n\r\n";
    let head = request("POST", "/v1/webhooks/stripe", "transfer-encoding: chunked\r\n");
    let seen = send(scene.gateway.address(), &head, chunked).await.seen();
    assert_eq!(seen.body(), b"{\r\n\"a\"}");
    assert_eq!(seen.all("transfer-encoding"), [""; 0]);
}

#[tokio::test]
async fn a_body_of_32_mib_passes_and_one_more_byte_is_413() {
    let scene = Scene::new().await;
    let mut body = vec![b'x'; 32 * 1024 * 1024];
    assert_eq!(scene.post("/v1/webhooks/stripe", "", &body).await.seen().body_bytes, body.len());
    body.push(b'x');
    assert_eq!(scene.post("/v1/webhooks/stripe", "", &body).await.refusal().0, 413);
}
