//! A provider on loopback as a test scripts it: one request a connection, a form or nothing for a body, JSON for an
//! answer, and every way to fail that a client must bear. What it answers is the test's own.

use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the provider was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The method.
    pub method: String,
    /// The path, with its query.
    pub path: String,
    /// The version of HTTP.
    pub version: String,
    /// The headers, by their names in lower case.
    pub headers: HashMap<String, String>,
    /// The body's parameters, in their order.
    pub form: Vec<(String, String)>,
}

impl Received {
    /// A parameter; empty where it was not sent.
    pub fn parameter(&self, name: &str) -> &str {
        self.form.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The idempotency key; empty where there was none.
    pub fn key(&self) -> &str {
        self.headers.get("idempotency-key").map_or("", String::as_str)
    }
}

/// Headers beside those that every answer has.
pub type Headers = &'static [(&'static str, &'static str)];

/// An answer: its status, its headers and its body.
pub type Answer = (u16, Headers, Value);

/// How a provider fails.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Takes the request and never answers.
    Hang,
    /// Ends the connection before the first byte.
    Close,
    /// Ends the connection within the body.
    Cut,
    /// Answers these bytes.
    Bytes(&'static [u8]),
    /// Answers this status with these headers and this body.
    Answer(u16, Headers, String),
}

/// A provider that answers until it is dropped.
#[derive(Debug)]
pub struct Provider {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Provider {
    /// One that asks the script for each answer.
    pub async fn start(script: impl Fn(Received) -> Result<Answer, Fault> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let script = Arc::new(script);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script)));
            }
        });
        Self { address, task }
    }

    /// Its address: `STRIPE_API_BASE`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, script: Arc<impl Fn(Received) -> Result<Answer, Fault>>) {
    let Some(request) = read(&mut stream).await else { return };
    let bytes = match script(request) {
        Ok((status, headers, body)) => http(status, headers, &body.to_string()),
        Err(Fault::Hang) => return std::future::pending().await,
        Err(Fault::Close) => Vec::new(),
        Err(Fault::Cut) => {
            let whole =
                json!({"id": "cut_1", "url": "https://cut.test/", "padding": "x".repeat(90)}).to_string();
            let mut bytes = http(200, &[], &whole);
            bytes.truncate(bytes.len() - 40);
            bytes
        }
        Err(Fault::Bytes(bytes)) => bytes.to_vec(),
        Err(Fault::Answer(status, headers, body)) => http(status, headers, &body),
    };
    // Whoever gave up does not read it.
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

fn http(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (headers, length) = (headers.concat(), body.len());
    let head = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\nconnection: close\r\n{headers}\
         content-length: {length}\r\n\r\n"
    );
    (head + body).into_bytes()
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
        let mut lines = head.lines();
        let mut start = lines.next()?.splitn(3, ' ').map(str::to_owned);
        let (method, path, version) = (start.next()?, start.next()?, start.next()?);
        let headers: HashMap<String, String> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let body = &bytes[end + 4..];
        if body.len() >= length {
            let form = form_urlencoded::parse(body).into_owned().collect();
            return Some(Received { method, path, version, headers, form });
        }
    }
}
