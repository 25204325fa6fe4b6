//! A provider on loopback that keeps what it is sent, opens portals, and fails as it is told.

use serde_json::json;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) start: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) form: Vec<(String, String)>,
}

/// How it fails.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Takes the request and never answers.
    Hang,
    /// Ends the connection before the first byte.
    Close,
    /// Ends the connection within the body.
    Cut,
    /// Answers these bytes.
    Bytes(&'static [u8]),
    /// Answers this status with these headers and this body.
    Answer(u16, &'static [(&'static str, &'static str)], String),
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    /// The faults of the next requests.
    once: VecDeque<Fault>,
    /// The fault of everything.
    always: Option<Fault>,
}

pub(crate) struct Provider {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, state, task }
    }

    /// `STRIPE_API_BASE`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics with the lock")
    }

    /// Fails the next requests, one by each.
    pub(crate) fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().once.extend(faults);
    }

    /// Fails everything from now on, or nothing.
    pub(crate) fn fail_always(&self, fault: Option<Fault>) {
        self.state().always = fault;
    }

    /// What it was sent since it was last asked.
    pub(crate) fn received(&self) -> Vec<Received> {
        std::mem::take(&mut self.state().received)
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let Some(request) = read(&mut stream).await else { return };
    let (number, fault) = {
        let mut state = state.lock().expect("no test panics with the lock");
        state.received.push(request);
        (state.received.len(), state.once.pop_front().or(state.always.clone()))
    };
    let bytes = match fault {
        None => {
            let url = format!("https://billing.test/p/session/{number}");
            http(
                200,
                &[],
                &json!({"id": "bps_1", "object": "billing_portal.session", "url": url}).to_string(),
            )
        }
        Some(Fault::Hang) => return std::future::pending().await,
        Some(Fault::Cut) => {
            let body = json!({"url": "https://billing.test/", "padding": "x".repeat(90)}).to_string();
            let mut bytes = http(200, &[], &body);
            bytes.truncate(bytes.len() - 40);
            bytes
        }
        Some(Fault::Bytes(bytes)) => bytes.to_vec(),
        Some(Fault::Answer(status, headers, body)) => http(status, headers, &body),
        Some(Fault::Close) => Vec::new(),
    };
    // Whoever gave up does not read it.
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

fn http(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (headers, length) = (headers.concat(), body.len());
    let head =
        format!("HTTP/1.1 {status} Status\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n");
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
        let start = lines.next()?.to_owned();
        let headers: HashMap<String, String> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let body = &bytes[end + 4..];
        if body.len() >= length {
            let form = form_urlencoded::parse(body).into_owned().collect();
            return Some(Received { start, headers, form });
        }
    }
}
