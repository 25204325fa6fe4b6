//! What follows from an answer of Stripe's: it counts for more than any event, as long as no event arrived after the
//! question.

use time::OffsetDateTime;

use super::access::is_terminal;
use super::apply::{ApplyError, LIMITS, alerts};
use super::difference::{self, Derived, Difference};
use super::effect::Alert;
use super::event::{self, Change, Content, Event};
use super::guard::{ANSWER_S_MAX, RECONCILE};
use super::people::{Found, Person, Whose};
use super::stripe::{API_VERSION, Fetched};
use super::{Rules, Snapshot};
use crate::db::subscriptions::{self, New};
use crate::db::syncs::{self, Answer, Known};
use crate::db::{Error, Pool, Transaction, customers};
use crate::ids::UserId;
use crate::json::instant;

/// The status in which a payment is due.
const PAST_DUE: &str = "past_due";

/// A subscription as Stripe answered.
#[derive(Debug)]
pub struct Answered<'a> {
    fetched: &'a Fetched,
    snapshot: Snapshot,
}

/// What came of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The row is as Stripe says, and unmarked; a person should look at these.
    Stored(Vec<Alert>),
    /// An event arrived after the question, there is no such row, or the answer took so long that nobody can tell when it
    /// was read.
    Newer,
}

/// What came of a subscription that no event had told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adopted {
    /// It is this person's, and has a row now, which is marked.
    Theirs(UserId),
    /// It is nobody's.
    Nobodys,
    /// It names two people.
    Disputed,
}

impl<'a> Answered<'a> {
    /// Reads an answer; none where it is no subscription.
    pub fn read(fetched: &'a Fetched, rules: &Rules) -> Option<Self> {
        Some(Self { snapshot: Snapshot::read(&fetched.object, &rules.plans)?, fetched })
    }

    /// The subscription's id.
    pub fn id(&self) -> &str {
        &self.snapshot.id
    }

    /// Whether it has ended for good.
    pub fn has_ended(&self) -> bool {
        is_terminal(&self.snapshot.status)
    }

    /// Whether it has ended and the row says just that, so that there is nothing to store now or later.
    pub fn is_settled_by(&self, known: &Known) -> bool {
        self.has_ended() && !known.is_marked && known.snapshot == self.snapshot
    }

    /// What it would change, column by column; where there is no row, everything that it says.
    pub fn differences(&self, known: Option<&Known>, rules: &Rules) -> Vec<Difference> {
        let was = known.map(|known| &known.snapshot);
        let stored_customer = || was.and_then(|was| was.customer.clone());
        let customer = self.snapshot.customer.clone().or_else(stored_customer);
        let snapshot = Snapshot { customer, ..self.snapshot.clone() };
        let stored_price = was.and_then(|was| was.price_id.as_deref());
        let plan = snapshot.plan(&rules.plans, stored_price, known.and_then(|known| known.plan.as_deref()));
        let since = known
            .filter(|known| known.snapshot.status == PAST_DUE)
            .and_then(|known| known.past_due_since)
            .or_else(|| instant(self.fetched.date));
        let past_due_since = since.filter(|_| snapshot.status == PAST_DUE);
        difference::between(
            known,
            &snapshot,
            Derived { plan: plan.as_deref(), past_due_since, is_marked: false },
        )
    }

    /// Stores it, unless an event arrived after `asked_at`, the database's time at the question.
    pub async fn settle(
        &self,
        pool: &Pool,
        rules: &Rules,
        asked_at: OffsetDateTime,
    ) -> Result<Settled, Error> {
        let Fetched { date, waited, .. } = *self.fetched;
        // Stripe read after it was asked, and dated its answer after it had read: within the wait before the date.
        let wait_s = i64::try_from(waited.as_secs()).unwrap_or(i64::MAX).saturating_add(1);
        if wait_s > ANSWER_S_MAX {
            return Ok(Settled::Newer);
        }
        let price = self.snapshot.price_id.as_deref();
        let plan = price.and_then(|price| rules.plans.by_price(price)).map(|plan| plan.slug.as_str());
        let answer = Answer {
            snapshot: &self.snapshot,
            plan,
            source: RECONCILE,
            holds_until: date.saturating_sub(wait_s),
            given_at: instant(date).unwrap_or(asked_at),
            asked_at,
            api_version: API_VERSION,
        };
        let stored = syncs::settle(&*pool.get().await?, &answer).await?;
        Ok(match stored {
            Some(plan) => Settled::Stored(alerts(&self.snapshot, plan.as_deref(), false)),
            None => Settled::Newer,
        })
    }

    /// Gives a subscription that no event told of to the person whose it is, as an event of it would, and marks it.
    pub async fn adopt(&self, pool: &Pool, rules: &Rules) -> Result<Adopted, ApplyError> {
        let snapshot = &self.snapshot;
        let transaction = pool.get().await?.begin(LIMITS).await?;
        let (adopted, person) = self.owner(&transaction, rules).await?;
        if let (Some(person), Some(customer)) = (person, &snapshot.customer) {
            if person.new_customer {
                customers::set(&*transaction, person.user_id, customer, rules.livemode).await?;
            }
            let new = New {
                user_id: person.user_id,
                id: &snapshot.id,
                customer,
                livemode: rules.livemode,
                sync_reason: Some("unheard"),
            };
            subscriptions::insert(&*transaction, &new).await?;
        }
        transaction.commit().await?;
        Ok(adopted)
    }

    /// What would come of that, with nothing stored.
    pub async fn rehearse_adoption(&self, pool: &Pool, rules: &Rules) -> Result<Adopted, ApplyError> {
        let transaction = pool.get().await?.begin(LIMITS).await?;
        let (adopted, _) = self.owner(&transaction, rules).await?;
        transaction.rollback().await?;
        Ok(adopted)
    }

    /// Whose it is, found as an event of it would find them.
    async fn owner(
        &self,
        transaction: &Transaction,
        rules: &Rules,
    ) -> Result<(Adopted, Option<Person>), ApplyError> {
        let (object, snapshot) = (&self.fetched.object, &self.snapshot);
        let event = Event {
            id: String::new(),
            event_type: RECONCILE.to_owned(),
            created: 0,
            livemode: rules.livemode,
            connected: false,
            api_version: None,
            names: event::names(snapshot, object),
            content: Content::Subscription(Box::new(Change {
                snapshot: snapshot.clone(),
                object: object.clone(),
                previous: serde_json::Value::Null,
            })),
        };
        let found = Found::look_up(transaction, &event).await?;
        Ok(match found.whose(&event) {
            Whose::Theirs(person) => (Adopted::Theirs(person.user_id), Some(person)),
            Whose::Nobodys => (Adopted::Nobodys, None),
            Whose::Disputed => (Adopted::Disputed, None),
        })
    }
}
