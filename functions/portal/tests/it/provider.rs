//! A provider on loopback that keeps what it is sent, opens portals, and fails as it is told.

pub(crate) use testkit::provider::{Fault, Received};

use serde_json::json;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use testkit::provider::{self, Answer};

#[derive(Default)]
struct State {
    received: Vec<Received>,
    /// The faults of the next requests.
    once: VecDeque<Fault>,
    /// The fault of everything.
    always: Option<Fault>,
}

pub(crate) struct Provider {
    loopback: provider::Provider,
    state: Arc<Mutex<State>>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let script = move |request| shared.lock().expect("no test panics with the lock").take(request);
        Self { loopback: provider::Provider::start(script).await, state }
    }

    /// `STRIPE_API_BASE`.
    pub(crate) fn url(&self) -> String {
        self.loopback.url()
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

impl State {
    /// Fails as it was told, or opens a portal.
    fn take(&mut self, request: Received) -> Result<Answer, Fault> {
        self.received.push(request);
        if let Some(fault) = self.once.pop_front().or(self.always.clone()) {
            return Err(fault);
        }
        let url = format!("https://billing.test/p/session/{}", self.received.len());
        Ok((200, &[], json!({"id": "bps_1", "object": "billing_portal.session", "url": url})))
    }
}
