//! A provider on loopback that keeps what it is sent, makes customers and sessions, remembers idempotency keys as the real
//! one does, and fails as it is told.

pub(crate) use testkit::provider::{Fault, Received};

use serde_json::{Value, json};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use testkit::provider::{self, Answer};

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
    loopback: provider::Provider,
    state: Arc<Mutex<State>>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let script = move |request| shared.lock().expect("no test panics with the lock").take(&request);
        Self { loopback: provider::Provider::start(script).await, state }
    }

    /// `STRIPE_API_BASE`.
    pub(crate) fn url(&self) -> String {
        self.loopback.url()
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

impl State {
    /// Fails as it was told, or works.
    fn take(&mut self, request: &Received) -> Result<Answer, Fault> {
        self.received.push(request.clone());
        let position = self.once.iter().position(|(path, _)| *path == request.path);
        let once = position.and_then(|position| self.once.remove(position)).map(|(_, fault)| fault);
        if let Some(fault) = once.or(self.always.clone()) {
            return Err(fault);
        }
        let answer = self.answer(request);
        self.after_work.take().map_or(Ok(answer), Err)
    }

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
