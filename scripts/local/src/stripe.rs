//! A stand-in for Stripe: its API as far as subscriptions need it, the hosted page on which a person pays, and webhooks
//! that are signed, parallel and retried as Stripe's are. Whoever uses it configures nothing but a base URL.
//!
//! - `api` answers `/v1/…` in the pinned version's shapes; what Stripe refuses is refused in its words.
//! - `objects` are the things Stripe keeps, `life` is what happens to them, and each change leaves an event.
//! - `pages` are the hosted checkout and the billing portal; `delivery` brings the events to the webhook endpoint.
//! - `control` under `/_fake/` shows what was received and injects faults; Stripe has nothing like it.
//!
//! Everything lives in memory under one lock, so that an action and its events are one step. `memory` keeps it in a file
//! for the next start where one is named.

mod api;
mod calendar;
mod control;
mod delivery;
mod error;
mod expand;
mod fault;
mod form;
mod idempotency;
mod ids;
mod life;
mod memory;
mod objects;
mod pages;
mod parameters;
mod pending;
mod signature;
mod state;
mod store;
mod timeline;
mod version;

use crate::server::Server;
use memory::Memory;
use serde::Deserialize;
use serde_json::Value;
use state::{Batch, Shared, State};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use streamly::clock::Clock;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

pub use delivery::{Deliveries, Order, Thin};
pub use fault::{Fault, FaultKind};
pub use life::{AfterRetries, Retries};
pub use pending::PendingEvent;
pub use version::ApiVersion;

/// The API version whose shapes are spoken.
pub const API_VERSION: &str = "2026-09-30.endive";

/// The types that the webhook endpoint subscribes to unless told otherwise: those that the product acts on.
pub const SUBSCRIBED: &[&str] = &[
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.trial_will_end",
    "customer.subscription.pending_update_applied",
    "customer.subscription.pending_update_expired",
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_action_required",
    "invoice_payment.paid",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.closed",
    "customer.deleted",
];

/// A price that exists from the start, with a product of its own.
#[derive(Clone, Debug)]
pub struct SeedPrice {
    /// The price's id, `price_…`.
    pub id: String,
    /// The product's name, which the hosted page shows.
    pub name: String,
    /// What one period costs, in minor units.
    pub amount_minor: i64,
    /// The lower-case ISO code.
    pub currency: String,
    /// `day`, `week`, `month` or `year`.
    pub interval: String,
}

/// How a stand-in is started.
#[derive(Clone)]
pub struct Options {
    /// Where it listens; 0 lets the kernel choose.
    pub port: u16,
    /// The one API key that is accepted.
    pub secret_key: String,
    /// What webhooks are signed with; several, comma-separated, sign each delivery several times, as during a roll.
    pub webhook_secret: String,
    /// The prices that exist from the start.
    pub prices: Vec<SeedPrice>,
    /// The time by which objects are made and expire. Signatures carry the machine's own time.
    pub clock: Clock,
    /// The types that are delivered; `*` delivers every type.
    pub events: Vec<String>,
    /// When a failed renewal is tried again, and what follows the last attempt.
    pub retries: Retries,
    /// How deliveries go, and go wrong.
    pub deliveries: Deliveries,
    /// The gap before a failed delivery's first retry; it doubles up to a minute.
    pub retry_delay: Duration,
    /// The file that keeps the state for the next start; none forgets it.
    pub memory: Option<PathBuf>,
}

impl Options {
    /// A kernel-chosen port, no prices, the machine's clock.
    pub fn new(secret_key: impl Into<String>, webhook_secret: impl Into<String>) -> Self {
        Self {
            port: 0,
            secret_key: secret_key.into(),
            webhook_secret: webhook_secret.into(),
            prices: Vec::new(),
            clock: Clock::system(),
            events: SUBSCRIBED.iter().map(ToString::to_string).collect(),
            retries: Retries::default(),
            deliveries: Deliveries::default(),
            retry_delay: Duration::from_millis(500),
            memory: None,
        }
    }
}

/// The prices that a PLANS variable names, so that its plans exist here.
pub fn prices_of_plans(plans: &str) -> Result<Vec<SeedPrice>, serde_json::Error> {
    /// What of a plan concerns its price.
    #[derive(Deserialize)]
    struct Plan {
        name: String,
        price_id: String,
        amount_minor: i64,
        currency: String,
        interval: String,
    }
    let plans: Vec<Plan> = serde_json::from_str(plans)?;
    let seed = |plan: Plan| SeedPrice {
        id: plan.price_id,
        name: plan.name,
        amount_minor: plan.amount_minor,
        currency: plan.currency,
        interval: plan.interval,
    };
    Ok(plans.into_iter().map(seed).collect())
}

/// A running stand-in; it ends, deliveries included, when this is dropped.
pub struct Stripe {
    server: Server,
    shared: Arc<Shared>,
    deliveries: JoinHandle<()>,
    stop: oneshot::Sender<()>,
    keeping: Keeping,
    /// The events that an earlier run was still sending; they wait for an endpoint.
    left: Mutex<Vec<String>>,
}

/// The writing of the memory, which ends when this is dropped.
struct Keeping(JoinHandle<()>);

impl Drop for Keeping {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Stripe {
    /// Starts one on loopback, with what its memory holds. It delivers nothing until `deliver_to` names an endpoint.
    pub async fn start(options: Options) -> io::Result<Self> {
        let (batches, waiting) = mpsc::unbounded_channel();
        let (port, file) = (options.port, options.memory.clone());
        let state = memory::recall(options)?;
        let left = state.events.iter().filter(|event| event.is_waiting() && !event.given_up);
        let left = Mutex::new(left.map(|event| event.id.clone()).collect());
        let shared = Arc::new(Shared::new(state, batches, Memory::new(file)));
        let server = Server::start(port, api::router(Arc::clone(&shared))).await?;
        shared.lock().move_to(server.url());
        shared.memory.note_change();
        let keeping = Keeping(tokio::spawn(memory::run(Arc::clone(&shared))));
        let (stop, stopped) = oneshot::channel();
        let deliveries = tokio::spawn(delivery::run(Arc::clone(&shared), waiting, stopped));
        Ok(Self { server, shared, deliveries, stop, keeping, left })
    }

    /// Ends it and waits until no delivery is under way any more and everything is kept. Dropping it does the same
    /// without the wait.
    pub async fn stop(self) {
        drop((self.server, self.stop));
        // It can only have failed by a panic, which was reported where it happened.
        drop(self.deliveries.await);
        // Where it cannot be kept, those who asked were told.
        self.shared.memory.note_change();
        drop(self.shared.memory.kept().await);
        drop(self.keeping);
    }

    /// Its base URL, for `STRIPE_API_BASE`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The page on which a person switches webhooks off and moves the clock ahead.
    pub fn desk_url(&self) -> String {
        format!("{}{}", self.url(), pages::DESK)
    }

    /// Names the webhook endpoint, in place of any former one. The first gets what an earlier run was still sending.
    pub fn deliver_to(&self, webhook_url: &str) {
        self.shared.lock().webhooks.url = Some(webhook_url.to_owned());
        let left = std::mem::take(&mut *self.left.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.send(Batch { events: left, resent: true });
    }

    /// The stand-in's time in Unix seconds.
    pub fn now(&self) -> i64 {
        self.shared.lock().now()
    }

    /// Moves its clock ahead. What becomes due on the way happens at its own instant: sessions expire, trials and periods
    /// end, failed payments are tried again, subscriptions lapse or end.
    pub fn advance(&self, time: Duration) {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        self.shared.act(|state| state.advance(seconds));
        self.shared.memory.note_change();
    }

    /// Makes its clock stand still, so that all that follows shares a second, or lets it run on.
    pub fn hold(&self, held: bool) {
        self.shared.lock().time.hold(held);
        self.shared.memory.note_change();
    }

    /// Has failed renewals be tried like this from now on.
    pub fn set_retries(&self, retries: Retries) {
        self.shared.lock().retries = retries;
        self.shared.memory.note_change();
    }

    /// Has deliveries go like this from now on.
    pub fn set_deliveries(&self, deliveries: Deliveries) {
        self.shared.lock().webhooks.deliveries = deliveries;
        self.shared.memory.note_change();
    }

    /// Signs deliveries with these comma-separated secrets from now on.
    pub fn set_webhook_secret(&self, secret: impl Into<String>) {
        self.shared.lock().webhooks.secret = secret.into();
    }

    /// Takes the events that the endpoint wants and has not accepted, as they came about; each is given out once. With
    /// deliveries off these are all of them, and it is up to the caller in which order and how often they arrive.
    pub fn take_pending(&self) -> Vec<PendingEvent> {
        self.shared.act(State::take_pending)
    }

    /// The `Stripe-Signature` header of a delivery with this body, at the machine's own time.
    pub fn sign(&self, body: &[u8]) -> String {
        signature::header(&self.shared.lock().webhooks.secret, Clock::system().unix_seconds(), body)
    }

    /// Notes how an endpoint answered a delivery that was made outside: an event with a success is no longer listed as
    /// undelivered.
    pub fn note_answer(&self, event_id: &str, status: u16) {
        let answer = objects::Answer { signed_at: Clock::system().unix_seconds(), status: Some(status) };
        if let Some(event) = self.shared.lock().events.get_mut(event_id) {
            event.answers.push(answer);
        }
        self.shared.note_answer();
    }

    /// The object with this id as the API shows it, whatever its kind; what an endpoint stores is compared with it.
    pub fn object(&self, id: &str) -> Option<Value> {
        self.shared.act(|state| state.any(id))
    }

    /// Injects a fault into the API, as `POST /_fake/faults` does.
    pub fn inject(&self, fault: Fault) {
        self.shared.lock().faults.add(fault);
    }
}
