//! Everything the stand-in knows, under one lock, and how an action's events leave it.

use super::delivery::Deliveries;
use super::fault::Faults;
use super::idempotency::Idempotency;
use super::life::Retries;
use super::memory::{Change, Kept, Memory};
use super::objects::{
    Customer, Dispute, Event, Invoice, InvoiceItem, Metadata, PaymentIntent, PaymentMethod, PortalSession,
    Price, Product, Recurring, Refund, Session, Subscription,
};
use super::store::{Object, Store};
use super::timeline::Timeline;
use super::{Options, SeedPrice, ids};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// The webhook endpoint and how it is served.
pub(super) struct Webhooks {
    pub(super) url: Option<String>,
    pub(super) secret: String,
    pub(super) events: Vec<String>,
    pub(super) deliveries: Deliveries,
    pub(super) retry_delay: Duration,
}

/// Events to be delivered.
pub(super) struct Batch {
    pub(super) events: Vec<String>,
    /// Whether someone asked for them by name, so that none is lost on the way.
    pub(super) resent: bool,
}

/// A request that the API received.
#[derive(Clone, Serialize)]
pub(super) struct Received {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: Map<String, Value>,
    pub(super) body: String,
}

pub(super) struct State {
    pub(super) time: Timeline,
    pub(super) retries: Retries,
    pub(super) base_url: String,
    pub(super) secret_key: String,
    pub(super) customers: Store<Customer>,
    pub(super) products: Store<Product>,
    pub(super) prices: Store<Price>,
    pub(super) payment_methods: Store<PaymentMethod>,
    pub(super) sessions: Store<Session>,
    pub(super) subscriptions: Store<Subscription>,
    pub(super) invoices: Store<Invoice>,
    pub(super) invoice_items: Store<InvoiceItem>,
    pub(super) payment_intents: Store<PaymentIntent>,
    pub(super) refunds: Store<Refund>,
    pub(super) disputes: Store<Dispute>,
    pub(super) portal_sessions: Store<PortalSession>,
    pub(super) events: Store<Event>,
    pub(super) idempotency: Idempotency,
    pub(super) faults: Faults,
    pub(super) webhooks: Webhooks,
    pub(super) received: VecDeque<Received>,
    /// The API request under way, which its events name.
    pub(super) request: Option<(String, Option<String>)>,
    /// The events of the action under way.
    fresh: Vec<String>,
}

impl State {
    /// What an earlier run has kept, or nothing, and the prices that there must be.
    pub(super) fn new(options: Options, kept: Vec<Change>) -> Result<Self, serde_json::Error> {
        let webhooks = Webhooks {
            url: None,
            secret: options.webhook_secret,
            events: options.events,
            deliveries: options.deliveries,
            retry_delay: options.retry_delay,
        };
        let mut state = Self {
            time: Timeline::new(options.clock),
            retries: options.retries,
            base_url: String::new(),
            secret_key: options.secret_key,
            customers: Store::new(),
            products: Store::new(),
            prices: Store::new(),
            payment_methods: Store::new(),
            sessions: Store::new(),
            subscriptions: Store::new(),
            invoices: Store::new(),
            invoice_items: Store::new(),
            payment_intents: Store::new(),
            refunds: Store::new(),
            disputes: Store::new(),
            portal_sessions: Store::new(),
            events: Store::new(),
            idempotency: Idempotency::default(),
            faults: Faults::default(),
            webhooks,
            received: VecDeque::new(),
            request: None,
            fresh: Vec::new(),
        };
        for change in kept {
            state.apply(change)?;
        }
        for price in options.prices {
            state.seed(price);
        }
        Ok(state)
    }

    /// Everything of which there may be many.
    fn stores(&mut self) -> [(&'static str, &mut dyn Kept); 14] {
        [
            ("customers", &mut self.customers),
            ("products", &mut self.products),
            ("prices", &mut self.prices),
            ("payment_methods", &mut self.payment_methods),
            ("sessions", &mut self.sessions),
            ("subscriptions", &mut self.subscriptions),
            ("invoices", &mut self.invoices),
            ("invoice_items", &mut self.invoice_items),
            ("payment_intents", &mut self.payment_intents),
            ("refunds", &mut self.refunds),
            ("disputes", &mut self.disputes),
            ("portal_sessions", &mut self.portal_sessions),
            ("events", &mut self.events),
            ("idempotency", &mut self.idempotency),
        ]
    }

    /// What has changed since this was asked for, or since the start.
    pub(super) fn take_change(&mut self) -> Change {
        let stores = self.stores().map(|(name, store)| (name.to_owned(), store.take_difference()));
        let stores = stores.into_iter().filter(|(_, difference)| !difference.is_empty()).collect();
        let (time, retries) = (self.time.clone(), self.retries.clone());
        Change { time, retries, deliveries: self.webhooks.deliveries.clone(), stores }
    }

    /// The same change once more.
    fn apply(&mut self, mut change: Change) -> Result<(), serde_json::Error> {
        self.time.resume(&change.time);
        self.retries = change.retries;
        self.webhooks.deliveries = change.deliveries;
        for (name, store) in self.stores() {
            if let Some(difference) = change.stores.remove(name) {
                store.apply(difference)?;
            }
        }
        Ok(())
    }

    /// Has its pages at this address.
    pub(super) fn move_to(&mut self, base_url: String) {
        for session in self.sessions.iter_mut() {
            session.url = Session::page(&base_url, &session.id);
        }
        for session in self.portal_sessions.iter_mut() {
            session.url = PortalSession::page(&base_url, &session.id);
        }
        for intent in self.payment_intents.iter_mut() {
            intent.page = PaymentIntent::page(&base_url, &intent.id);
        }
        self.base_url = base_url;
    }

    /// The price is there as it is wanted; one that is there already goes on as it is, with its product.
    fn seed(&mut self, seed: SeedPrice) {
        let is_the_same = |price: &Price| {
            let interval = price.recurring.as_ref().map(|every| every.interval.as_str());
            price.unit_amount == seed.amount_minor
                && price.currency == seed.currency
                && interval == Some(seed.interval.as_str())
        };
        if self.prices.get(&seed.id).is_some_and(is_the_same) {
            return;
        }
        let created = self.now();
        let product = ids::new("prod_");
        self.products.insert(Product {
            id: product.clone(),
            created,
            name: seed.name,
            description: None,
            active: true,
            default_price: Some(seed.id.clone()),
            metadata: Metadata::new(),
        });
        self.prices.insert(Price {
            id: seed.id,
            created,
            product,
            active: true,
            currency: seed.currency,
            unit_amount: seed.amount_minor,
            recurring: Some(Recurring { interval: seed.interval, count: 1 }),
            nickname: None,
            lookup_key: None,
            metadata: Metadata::new(),
        });
    }

    /// The stand-in's time in Unix seconds.
    pub(super) fn now(&self) -> i64 {
        self.time.now()
    }

    /// Records a change and has it delivered once the action is over. Returns the event's id.
    pub(super) fn emit(&mut self, kind: &str, object: Value) -> String {
        self.emit_change(kind, object, None)
    }

    /// The same for an update, when anything differs from what the object was.
    pub(super) fn emit_update(&mut self, kind: &str, before: &Value, after: Value) {
        if *before != after {
            self.emit_change(kind, after, Some(before.clone()));
        }
    }

    fn emit_change(&mut self, kind: &str, object: Value, before: Option<Value>) -> String {
        let id = ids::new("evt_");
        self.time.note();
        self.events.insert(Event {
            id: id.clone(),
            created: self.now(),
            kind: kind.to_owned(),
            earlier: self.earlier_members(&object),
            object,
            before,
            place: self.events.len(),
            request: self.request.clone(),
            wanted: self.webhooks.events.iter().any(|wanted| wanted == "*" || wanted == kind),
            taken: false,
            answers: Vec::new(),
            given_up: !self.webhooks.deliveries.on || self.webhooks.url.is_none(),
        });
        self.fresh.push(id.clone());
        id
    }

    /// The object with this id, of whatever kind, as the API shows it.
    pub(super) fn any(&self, id: &str) -> Option<Value> {
        fn shown<T: Object>(store: &Store<T>, id: &str) -> Option<Value> {
            store.get(id).map(T::render)
        }
        shown(&self.customers, id)
            .or_else(|| shown(&self.products, id))
            .or_else(|| shown(&self.prices, id))
            .or_else(|| shown(&self.payment_methods, id))
            .or_else(|| shown(&self.sessions, id))
            .or_else(|| shown(&self.subscriptions, id))
            .or_else(|| shown(&self.invoices, id))
            .or_else(|| shown(&self.payment_intents, id))
            .or_else(|| self.charge(id).map(PaymentIntent::render_charge))
            .or_else(|| shown(&self.refunds, id))
            .or_else(|| shown(&self.disputes, id))
    }
}

/// The state with what happens around it.
pub(super) struct Shared {
    state: Mutex<State>,
    batches: mpsc::UnboundedSender<Batch>,
    pub(super) memory: Memory,
    /// How many deliveries were answered, so that a page can wait for one.
    answered: watch::Sender<u64>,
}

impl Shared {
    pub(super) fn new(state: State, batches: mpsc::UnboundedSender<Batch>, memory: Memory) -> Self {
        Self { state: Mutex::new(state), batches, memory, answered: watch::Sender::new(0) }
    }

    /// The state, for as long as no other thread needs it.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One action with all its events, which are sent when it is over.
    pub(super) fn act<T>(&self, action: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        state.catch_up();
        let outcome = action(&mut state);
        state.request = None;
        // What it began may be due at once, such as the notice of a short trial.
        state.catch_up();
        let fresh = std::mem::take(&mut state.fresh);
        drop(state);
        if !fresh.is_empty() {
            self.memory.note_change();
        }
        self.send(Batch { events: fresh, resent: false });
        outcome
    }

    /// Has these events delivered.
    pub(super) fn send(&self, batch: Batch) {
        if !batch.events.is_empty() {
            // The receiver lives as long as the stand-in: without one there is nobody left to send to.
            drop(self.batches.send(batch));
        }
    }

    /// Has everything delivered once more that no endpoint has accepted. Returns the events' ids.
    pub(super) fn send_undelivered(&self) -> Vec<String> {
        let lost: Vec<String> = {
            let state = self.lock();
            let lost = state.events.iter().filter(|event| event.wanted && !event.is_delivered());
            lost.map(|event| event.id.clone()).collect()
        };
        self.send(Batch { events: lost.clone(), resent: true });
        lost
    }

    /// Tells those who wait that a delivery was answered.
    pub(super) fn note_answer(&self) {
        self.memory.note_change();
        self.answered.send_modify(|count| *count += 1);
    }

    /// Waits until the endpoint has answered this event for the first time, or for as long as Checkout waits.
    pub(super) async fn first_answer(&self, event_id: &str) {
        const WAIT: Duration = Duration::from_secs(10);
        let mut answered = self.answered.subscribe();
        let expected = |state: &State| {
            let event = state.events.get(event_id);
            let deliveries = &state.webhooks.deliveries;
            let due = deliveries.on && state.webhooks.url.is_some();
            due && event.is_some_and(|event| {
                event.wanted && event.answers.is_empty() && !deliveries.loses(event.place)
            })
        };
        let answer = async { while expected(&self.lock()) && answered.changed().await.is_ok() {} };
        // Out of time, the payer goes on as they do at Stripe.
        drop(tokio::time::timeout(WAIT, answer).await);
    }
}
