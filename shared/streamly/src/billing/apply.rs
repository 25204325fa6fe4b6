//! What an event does: one transaction that enters it into the ledger, finds whose it is, and stores what it tells if the
//! guard lets it through. Nothing of Stripe's is asked here.
//!
//! The transaction takes four round trips at most: begin; enter and look up; lock; write and commit. Locks are taken in one
//! order, ledger, people, subscriptions, so that rivals wait and never deadlock.

use super::access::{is_known, is_terminal};
use super::effect::{Alert, Effect, Outcome};
use super::event::{Change, Content, Event, Ignored};
use super::guard::{self, Heard, Incoming, Telling, Verdict};
use super::people::{Found, Whose};
use super::{Plans, Snapshot};
use crate::db::customers;
use crate::db::payment_logs::{self, Entry};
use crate::db::subscriptions::{self, New, Source};
use crate::db::syncs;
use crate::db::{Error, Pool, Transaction, TransactionLimits};
use crate::ids::UserId;
use crate::json::instant;

/// Checkout waits up to 10 seconds for the answer to an event, so an answer must have come by then.
pub(super) const LIMITS: TransactionLimits =
    TransactionLimits { lock_ms_max: 5_000, statement_ms_max: 8_000 };

/// What the operator chose.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The plans on offer.
    pub plans: Plans,
    /// Whether this deployment is about real money.
    pub livemode: bool,
}

/// Why nothing came of an event yet; the same delivery may succeed later.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] Error),
    /// Another event gave the subscription to another person meanwhile.
    #[error("the subscription changed hands while its event was looked at")]
    Raced,
}

/// Enters an event and does what it says. Everything is committed when this returns, or nothing is.
pub async fn apply(pool: &Pool, rules: &Rules, event: &Event, payload: &str) -> Result<Effect, ApplyError> {
    let connection = pool.get().await?;
    if let Some(why) = event.ignored(rules.livemode) {
        let payload = why.keeps_payload().then_some(payload);
        let effect = Effect::ignored(why);
        let entry = Entry { is_settled: true, ..entry(event, &effect, payload) };
        let is_new = payment_logs::insert(&*connection, &entry).await?;
        return Ok(if is_new { effect } else { Effect::of(Outcome::Duplicate, None) });
    }
    let transaction = connection.begin(LIMITS).await?;
    let pending = Effect::of(Outcome::Applied, None);
    let entry = entry(event, &pending, Some(payload));
    let (is_new, found) = tokio::join!(
        biased;
        payment_logs::insert(&*transaction, &entry),
        Found::look_up(&transaction, event),
    );
    if !is_new? {
        transaction.rollback().await?;
        return Ok(Effect::of(Outcome::Duplicate, None));
    }
    settle(&transaction, rules, event, found?).await
}

/// The ledger's row of an event.
fn entry<'a>(event: &'a Event, effect: &Effect, payload: Option<&'a str>) -> Entry<'a> {
    let snapshot_event_id = match &event.content {
        Content::Thin { snapshot_event } => snapshot_event.as_deref(),
        _ => None,
    };
    Entry {
        event_id: &event.id,
        snapshot_event_id,
        event_type: &event.event_type,
        created: event.created,
        api_version: event.api_version.as_deref(),
        livemode: event.livemode,
        object_id: event.names.object.as_deref(),
        customer: event.names.customer.as_deref(),
        subscription: event.names.subscription.as_deref(),
        invoice: event.names.invoice.as_deref(),
        payment_intent: event.names.payment_intent.as_deref(),
        amount: event.names.amount,
        currency: event.names.currency.as_deref(),
        outcome: effect.outcome.as_str(),
        detail: effect.detail,
        payload,
        is_settled: false,
    }
}

/// Does what an entered event says, and commits.
pub(super) async fn settle(
    transaction: &Transaction,
    rules: &Rules,
    event: &Event,
    found: Found,
) -> Result<Effect, ApplyError> {
    let person = match found.whose(event) {
        Whose::Theirs(person) => person,
        Whose::Nobodys if event.content == Content::Payment => {
            return finish(transaction, event, Effect::of(Outcome::Applied, None), nothing()).await;
        }
        Whose::Nobodys => {
            let effect = Effect { alerts: vec![Alert::Unmatched], ..Effect::of(Outcome::Unmatched, None) };
            return finish(transaction, event, effect, nothing()).await;
        }
        Whose::Disputed => {
            let effect = Effect { alerts: vec![Alert::Conflict], ..Effect::of(Outcome::Conflict, None) };
            return finish(transaction, event, effect, nothing()).await;
        }
    };
    let work = Work { transaction, event, user_id: person.user_id, new_customer: person.new_customer };
    let customer = event.names.customer.as_deref().or(person.customer.as_deref());
    let applied = Effect::of(Outcome::Applied, Some(person.user_id));
    match &event.content {
        Content::Subscription(change) => {
            work.snapshot(rules, change, customer, person.owns_subscription).await
        }
        Content::SessionCompleted => {
            finish(transaction, event, applied, work.session_completed(customer)).await
        }
        Content::SessionExpired => finish(transaction, event, applied, work.clear_session()).await,
        Content::Invoice => finish(transaction, event, applied, work.invoice(customer)).await,
        Content::SessionSettled | Content::Payment => {
            finish(transaction, event, applied, work.set_customer()).await
        }
        Content::CustomerDeleted => finish(transaction, event, applied, work.customer_deleted()).await,
        Content::Thin { .. } => {
            let poke = Effect::of(Outcome::Poke, Some(person.user_id));
            let mark = !found.snapshot_event_is_known;
            finish(transaction, event, poke, async move { if mark { work.mark().await } else { Ok(()) } })
                .await
        }
        Content::Ignored(why) => finish(transaction, event, Effect::ignored(*why), nothing()).await,
    }
}

/// The last round trip: whatever is written, the ledger's outcome, and the commit, all sent at once.
async fn finish(
    transaction: &Transaction,
    event: &Event,
    effect: Effect,
    writes: impl Future<Output = Result<(), Error>>,
) -> Result<Effect, ApplyError> {
    let outcome = effect.outcome.as_str();
    let settled = payment_logs::settle(&**transaction, &event.id, effect.user_id, outcome, effect.detail);
    let (written, settled, committed) = tokio::join!(biased; writes, settled, transaction.commit_in_turn());
    // A failed statement makes the commit a rollback, so its error is the one that counts.
    written?;
    settled?;
    committed?;
    Ok(effect)
}

/// Nothing to write.
fn nothing() -> std::future::Ready<Result<(), Error>> {
    std::future::ready(Ok(()))
}

/// An event and whose it is. Each of the writes is sent with its first poll, in the order in which they stand.
#[derive(Clone, Copy)]
struct Work<'a> {
    transaction: &'a Transaction,
    event: &'a Event,
    user_id: UserId,
    /// Whether the person is this customer from now on.
    new_customer: bool,
}

impl Work<'_> {
    async fn set_customer(&self) -> Result<(), Error> {
        match (&self.event.names.customer, self.new_customer) {
            (Some(customer), true) => {
                customers::set(&**self.transaction, self.user_id, customer, self.event.livemode).await
            }
            _ => Ok(()),
        }
    }

    async fn clear_session(&self) -> Result<(), Error> {
        let (mapped, cleared) = tokio::join!(biased; self.set_customer(), async {
            match &self.event.names.object {
                Some(session) => customers::clear_session(&**self.transaction, self.user_id, session).await,
                None => Ok(()),
            }
        });
        mapped.and(cleared)
    }

    /// The row of a subscription of which no snapshot was seen; it stays as it is where there is one.
    async fn placeholder(&self, customer: Option<&str>) -> Result<(), Error> {
        let (Some(id), Some(customer)) = (&self.event.names.subscription, customer) else { return Ok(()) };
        let livemode = self.event.livemode;
        let new = New { user_id: self.user_id, id, customer, livemode, sync_reason: Some("no-snapshot") };
        subscriptions::insert(&**self.transaction, &new).await
    }

    async fn invoice(&self, customer: Option<&str>) -> Result<(), Error> {
        let (mapped, placed) = tokio::join!(biased; self.set_customer(), self.placeholder(customer));
        mapped.and(placed)
    }

    async fn session_completed(&self, customer: Option<&str>) -> Result<(), Error> {
        let link = async {
            match (&self.event.names.subscription, &self.event.names.object) {
                (Some(id), Some(session)) => {
                    subscriptions::link(&**self.transaction, id, self.user_id, session).await
                }
                _ => Ok(()),
            }
        };
        let (cleared, placed, linked) =
            tokio::join!(biased; self.clear_session(), self.placeholder(customer), link);
        cleared.and(placed).and(linked)
    }

    async fn customer_deleted(&self) -> Result<(), Error> {
        let Some(customer) = &self.event.names.customer else { return Ok(()) };
        let source = source(self.event);
        let (forgotten, cancelled) = tokio::join!(
            biased;
            customers::forget(&**self.transaction, customer),
            subscriptions::cancel_by_customer(&**self.transaction, customer, &source),
        );
        forgotten.and(cancelled)
    }

    async fn mark(&self) -> Result<(), Error> {
        match &self.event.names.subscription {
            Some(id) => syncs::mark(&**self.transaction, id, "thin-event").await,
            None => Ok(()),
        }
    }

    /// Locks the row, asks the guard, and stores.
    async fn snapshot(
        &self,
        rules: &Rules,
        change: &Change,
        customer: Option<&str>,
        is_stored: bool,
    ) -> Result<Effect, ApplyError> {
        let (transaction, event, snapshot) = (self.transaction, self.event, &change.snapshot);
        if customer.is_none() && !is_stored {
            return finish(transaction, event, Effect::ignored(Ignored::MalformedObject), nothing()).await;
        }
        let insert = async {
            match customer {
                Some(customer) if !is_stored => {
                    let (user_id, livemode) = (self.user_id, event.livemode);
                    let new = New { user_id, id: &snapshot.id, customer, livemode, sync_reason: None };
                    subscriptions::insert(&**transaction, &new).await
                }
                _ => Ok(()),
            }
        };
        let lock = subscriptions::lock(&**transaction, &snapshot.id, event.created);
        let (mapped, inserted, stored) = tokio::join!(biased; self.set_customer(), insert, lock);
        mapped?;
        inserted?;
        let stored = stored?.filter(|stored| stored.user_id == self.user_id).ok_or(ApplyError::Raced)?;

        let was = &stored.snapshot;
        let customer = snapshot.customer.clone().or_else(|| was.customer.clone());
        let snapshot = Snapshot { customer, ..snapshot.clone() };
        let plan = snapshot.plan(&rules.plans, was.price_id.as_deref(), stored.plan.as_deref());
        let second = Second::read(&stored, event, &rules.plans);
        let heard = second.heard();
        let verdict = guard::judge(
            &guard::Stored {
                telling: Telling { snapshot: was, plan: stored.plan.as_deref() },
                created: stored.last_event_created,
                event_type: stored.last_event_type.as_deref(),
                last: second.event(stored.last_event_id.as_deref()),
                heard: &heard,
            },
            &Incoming {
                telling: Telling { snapshot: &snapshot, plan: plan.as_deref() },
                created: event.created,
                event_type: &event.event_type,
                object: &change.object,
                previous: &change.previous,
            },
        );
        if matches!(verdict, Verdict::Stale | Verdict::StaleAsTie) {
            let marked = async {
                match verdict {
                    Verdict::StaleAsTie => syncs::mark(&**transaction, &snapshot.id, TIE).await,
                    _ => Ok(()),
                }
            };
            let effect = Effect::of(Outcome::Stale, Some(self.user_id));
            return finish(transaction, event, effect, marked).await;
        }
        let mut effect = Effect::of(Outcome::Applied, Some(self.user_id));
        effect.alerts = alerts(&snapshot, plan.as_deref(), stored.has_living_sibling);
        let reason = sync_reason(&snapshot, verdict);
        let source = source(event);
        let write = subscriptions::apply(&**transaction, &snapshot, plan.as_deref(), &source, reason);
        finish(transaction, event, effect, write).await
    }
}

fn source(event: &Event) -> Source<'_> {
    Source {
        event_id: &event.id,
        event_type: &event.event_type,
        created: event.created,
        created_at: instant(event.created),
        api_version: event.api_version.as_deref(),
    }
}

/// The events of a subscription in one second, as the ledger has them, of the rank of the one in hand.
struct Second(Vec<(String, Box<Change>)>);

impl Second {
    fn read(stored: &subscriptions::Stored, event: &Event, plans: &Plans) -> Self {
        let told = |payload: &String| {
            let told = Event::read(payload.as_bytes(), plans).ok()?;
            let counts = told.created == event.created
                && guard::is_of_one_rank(&told.event_type, &event.event_type)
                && told.names.subscription == event.names.subscription;
            let Content::Subscription(mut change) = told.content else { return None };
            let customer = change.snapshot.customer.take();
            change.snapshot.customer = customer.or_else(|| stored.snapshot.customer.clone());
            counts.then_some((told.id, change))
        };
        Self(stored.payloads.iter().filter_map(told).collect())
    }

    fn heard(&self) -> Vec<Heard<'_>> {
        self.0.iter().map(|(_, change)| heard(change)).collect()
    }

    fn event(&self, id: Option<&str>) -> Option<Heard<'_>> {
        let found = self.0.iter().find(|(told, _)| Some(told.as_str()) == id)?;
        Some(heard(&found.1))
    }
}

fn heard(change: &Change) -> Heard<'_> {
    Heard { snapshot: &change.snapshot, object: &change.object, previous: &change.previous }
}

/// Nobody can tell which of two is the newer.
const TIE: &str = "tie";

/// Why the row has to be asked of Stripe, if it has.
fn sync_reason(snapshot: &Snapshot, verdict: Verdict) -> Option<&'static str> {
    if !is_known(&snapshot.status) {
        Some("unknown-status")
    } else if snapshot.price_id.is_none() {
        Some("no-price")
    } else if snapshot.current_period_end.is_none() {
        Some("no-period")
    } else if verdict == Verdict::ApplyAsTie {
        Some(TIE)
    } else {
        None
    }
}

pub(super) fn alerts(snapshot: &Snapshot, plan: Option<&str>, has_living_sibling: bool) -> Vec<Alert> {
    let holds = [
        (Alert::UnknownStatus, !is_known(&snapshot.status)),
        (Alert::UnknownPrice, snapshot.price_id.is_some() && plan.is_none()),
        (Alert::TwoSubscriptions, has_living_sibling && !is_terminal(&snapshot.status)),
    ];
    holds.into_iter().filter(|(_, holds)| *holds).map(|(alert, _)| alert).collect()
}
