//! A scripted Stripe on loopback: answers by method and path, and remembers what it was asked.

use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The `Date` of every answer, and its second.
pub(crate) const DATE: (&str, i64) = ("Wed, 25 Nov 2026 12:00:00 GMT", 1_795_608_000);

#[derive(Debug, Clone)]
enum Answer {
    Json(u16, Value),
    Bytes(Vec<u8>),
}

#[derive(Debug, Default)]
struct State {
    answers: HashMap<String, Answer>,
    asked: Vec<String>,
    /// What an answer waits for, where it waits.
    held: Option<watch::Receiver<bool>>,
}

pub(crate) struct Provider {
    address: String,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Provider {
    /// One that knows no subscription, no event, and the prices of the plans.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = format!("http://{}", listener.local_addr().expect("it is bound"));
        let state = Arc::new(Mutex::new(State::default()));
        let served = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&served)));
            }
        });
        let provider = Self { address, state, task };
        provider.lists("subscriptions", &[]);
        provider.lists("events", &[]);
        for (price, amount, interval) in [
            ("price_basic", 900, "month"),
            ("price_basic_yearly", 9_000, "year"),
            ("price_premium", 1_900, "month"),
        ] {
            provider.answers(&format!("GET /v1/prices/{price}"), 200, price_object(amount, interval));
        }
        provider
    }

    pub(crate) fn url(&self) -> String {
        self.address.clone()
    }

    /// Answers this from now on; a path that has a query is found without it too.
    pub(crate) fn answers(&self, what: &str, status: u16, body: Value) {
        self.set(what, Answer::Json(status, body));
    }

    /// Sends these bytes and closes.
    pub(crate) fn sends(&self, what: &str, bytes: &[u8]) {
        self.set(what, Answer::Bytes(bytes.to_vec()));
    }

    fn set(&self, what: &str, answer: Answer) {
        self.state.lock().expect("no test panics with the lock").answers.insert(what.to_owned(), answer);
    }

    /// A subscription that can be asked for.
    pub(crate) fn knows(&self, subscription: &Value) {
        let id = subscription["id"].as_str().expect("an id");
        self.answers(&format!("GET /v1/subscriptions/{id}"), 200, subscription.clone());
    }

    /// A list of one page.
    pub(crate) fn lists(&self, kind: &str, entries: &[Value]) {
        self.answers(&format!("GET /v1/{kind}"), 200, page(entries, false));
    }

    /// Answers nothing until true is sent.
    pub(crate) fn hold(&self) -> watch::Sender<bool> {
        let (release, held) = watch::channel(false);
        self.state.lock().expect("no test panics with the lock").held = Some(held);
        release
    }

    /// What it was asked for since the last time, with queries.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().expect("no test panics with the lock").asked)
    }
}

pub(crate) fn page(entries: &[Value], has_more: bool) -> Value {
    json!({"object": "list", "data": entries, "has_more": has_more, "url": "/"})
}

pub(crate) fn price_object(amount: i64, interval: &str) -> Value {
    json!({"object": "price", "active": true, "unit_amount": amount, "currency": "eur",
        "recurring": {"interval": interval, "interval_count": 1}})
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        bytes.drain(..end + 4);
        let answer = answer(&head, &state);
        let waits = state.lock().expect("no test panics with the lock").held.clone();
        if let Some(mut waits) = waits {
            // Where nobody is left to send it, the test is over.
            waits.wait_for(|released| *released).await.ok();
        }
        if stream.write_all(&answer.0).await.is_err() || answer.1 {
            return;
        }
    }
}

/// The bytes of the answer, and whether the connection ends with it.
fn answer(head: &str, state: &Mutex<State>) -> (Vec<u8>, bool) {
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut state = state.lock().expect("no test panics with the lock");
    state.asked.push(format!("{method} {target}"));
    let path = target.split('?').next().unwrap_or_default();
    let whole = state.answers.get(&format!("{method} {target}"));
    let found = whole.or_else(|| state.answers.get(&format!("{method} {path}"))).cloned();
    let authorized = head.lines().any(|line| line == "authorization: Bearer sk_test_streamly");
    let missing = || json!({"error": {"type": "invalid_request_error", "code": "resource_missing"}});
    let (status, body) = match found {
        _ if !authorized => (401, json!({"error": {"type": "invalid_request_error"}})),
        Some(Answer::Bytes(bytes)) => return (bytes, true),
        Some(Answer::Json(status, body)) => (status, body),
        None => (404, missing()),
    };
    let (date, body) = (DATE.0, body.to_string());
    let length = body.len();
    // A fault is final at once, so that no test waits for attempts.
    let text = format!(
        "HTTP/1.1 {status} Status\r\ndate: {date}\r\nstripe-should-retry: false\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    (text.into_bytes(), false)
}
