//! A provider on loopback that keeps what it is sent, makes customers and sessions, remembers idempotency keys as the real
//! one does, and fails as it is told.

use serde_json::{Value, json};
use std::collections::{HashMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) form: Vec<(String, String)>,
}

impl Received {
    /// A parameter; empty where it was not sent.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.form.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn key(&self) -> &str {
        self.headers.get("idempotency-key").map_or("", String::as_str)
    }
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
    Bytes(Vec<u8>),
    /// Answers this status with these headers and this body.
    Answer(u16, &'static [(&'static str, &'static str)], String),
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    /// The next faults of a path.
    once: VecDeque<(String, Fault)>,
    /// The fault of everything.
    always: Option<Fault>,
    /// The fault that hides work which is done all the same.
    after_work: Option<Fault>,
    answers: HashMap<String, (Vec<(String, String)>, Value)>,
    customers: usize,
    sessions: HashMap<String, Value>,
    gone: HashSet<String>,
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

    /// Fails the next request of a path; several in their order.
    pub(crate) fn fail_once(&self, path: &str, fault: Fault) {
        self.state().once.push_back((path.to_owned(), fault));
    }

    /// Fails everything from now on, or nothing.
    pub(crate) fn fail_always(&self, fault: Option<Fault>) {
        self.state().always = fault;
    }

    /// Does the next piece of work and hides it.
    pub(crate) fn fail_after_work(&self, fault: Fault) {
        self.state().after_work = Some(fault);
    }

    /// Does not know this customer any more.
    pub(crate) fn forget(&self, customer: &str) {
        self.state().gone.insert(customer.to_owned());
    }

    /// Changes a session.
    pub(crate) fn change(&self, session: &str, changes: &Value) {
        let mut state = self.state();
        let object = state.sessions.get_mut(session).and_then(Value::as_object_mut).expect("a session");
        object.extend(changes.as_object().expect("changes").clone());
    }

    /// A session as it is now.
    pub(crate) fn session(&self, session: &str) -> Value {
        self.state().sessions[session].clone()
    }

    /// What it was sent so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.state().received.clone()
    }

    /// The requests of one path.
    pub(crate) fn received_at(&self, path: &str) -> Vec<Received> {
        self.received().into_iter().filter(|received| received.path == path).collect()
    }

    /// How many customers and sessions it made.
    pub(crate) fn made(&self) -> (usize, usize) {
        let state = self.state();
        (state.customers, state.sessions.len())
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let Some(request) = read(&mut stream).await else { return };
    let fault = {
        let mut state = state.lock().expect("no test panics with the lock");
        state.received.push(request.clone());
        let position = state.once.iter().position(|(path, _)| *path == request.path);
        position
            .and_then(|position| state.once.remove(position))
            .map(|(_, fault)| fault)
            .or(state.always.clone())
    };
    let (answer, fault) = if fault.is_some() {
        (None, fault)
    } else {
        let mut state = state.lock().expect("no test panics with the lock");
        (Some(state.answer(&request)), state.after_work.take())
    };
    let bytes = match (fault, answer) {
        (None, Some((status, headers, body))) => http(status, headers, &body.to_string()),
        (Some(Fault::Hang), _) => return std::future::pending().await,
        (Some(Fault::Cut), _) => {
            http(200, &[], &json!({"id": "cus_9", "padding": "x".repeat(90)}).to_string())[..150].to_vec()
        }
        (Some(Fault::Bytes(bytes)), _) => bytes,
        (Some(Fault::Answer(status, headers, body)), _) => http(status, headers, &body),
        (Some(Fault::Close) | None, _) => Vec::new(),
    };
    // Whoever gave up does not read it.
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

fn http(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\nconnection: close\r\n{}content-length: {length}\r\n\r\n{body}",
        headers.concat()
    )
    .into_bytes()
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
        let mut start = lines.next()?.split(' ');
        let (method, path) = (start.next()?.to_owned(), start.next()?.to_owned());
        let headers: HashMap<String, String> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let body = &bytes[end + 4..];
        if body.len() >= length {
            let form = form_urlencoded::parse(body).into_owned().collect();
            return Some(Received { method, path, headers, form });
        }
    }
}

type Answer = (u16, &'static [(&'static str, &'static str)], Value);

impl State {
    fn answer(&mut self, request: &Received) -> Answer {
        if request.headers.get("authorization").map(String::as_str) != Some("Bearer sk_test_streamly") {
            return (
                401,
                &[],
                json!({"error": {"type": "invalid_request_error", "message": "Invalid API Key"}}),
            );
        }
        let key = request.key().to_owned();
        if let Some((form, answer)) = self.answers.get(&key) {
            return if *form == request.form {
                (200, &[("idempotent-replayed", "true")], answer.clone())
            } else {
                (400, &[], json!({"error": {"type": "idempotency_error", "message": "Keys"}}))
            };
        }
        let answer = self.work(request);
        if request.method == "POST" && answer.0 == 200 {
            self.answers.insert(key, (request.form.clone(), answer.2.clone()));
        }
        answer
    }

    fn work(&mut self, request: &Received) -> Answer {
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/v1/customers") => {
                self.customers += 1;
                (200, &[], json!({"id": format!("cus_{}", self.customers), "object": "customer"}))
            }
            ("POST", "/v1/checkout/sessions") => {
                let customer = request.parameter("customer");
                if self.gone.contains(customer) {
                    return (
                        400,
                        &[],
                        json!({"error": {"type": "invalid_request_error", "code": "resource_missing",
                        "param": "customer", "message": format!("No such customer: '{customer}'")}}),
                    );
                }
                let id = format!("cs_test_{}", self.sessions.len() + 1);
                let session = json!({"id": id, "object": "checkout.session", "status": "open", "subscription": null,
                    "url": format!("https://checkout.test/pay/{id}"), "expires_at": 1_790_086_400});
                self.sessions.insert(id, session.clone());
                (200, &[], session)
            }
            (method, path) => {
                let rest = path.strip_prefix("/v1/checkout/sessions/").unwrap_or_default();
                let (id, expires) = rest.strip_suffix("/expire").map_or((rest, false), |id| (id, true));
                match self.sessions.get_mut(id) {
                    Some(session) if method == "POST" && expires && session["status"] != "open" => (
                        400,
                        &[],
                        json!({"error": {"type": "invalid_request_error", "message": "It is over"}}),
                    ),
                    Some(session) if method == "POST" && expires => {
                        session["status"] = json!("expired");
                        session["url"] = Value::Null;
                        (200, &[], session.clone())
                    }
                    Some(session) if method == "GET" => (200, &[], session.clone()),
                    _ => {
                        (404, &[], json!({"error": {"code": "resource_missing", "message": "No such thing"}}))
                    }
                }
            }
        }
    }
}
