//! Whose an event is. Three sources say so: the stored subscription, the stored customer, and our own id in what the event
//! carries. The last is only trusted where the others are silent, and sources that disagree are not decided here.

use super::event::{Content, Event};
use crate::db::customers::{self, Candidate};
use crate::db::payment_logs;
use crate::db::{Error, Transaction};
use crate::ids::UserId;

/// Everything that says whose an event is, looked up in one round trip; the people are locked.
#[derive(Debug)]
pub(crate) struct Found {
    candidates: Vec<Candidate>,
    customer_is_deleted: bool,
    payer: Option<UserId>,
    /// Whether the event that says what a thin one leaves out was entered already.
    pub(crate) snapshot_event_is_known: bool,
}

/// The person whose an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) user_id: UserId,
    /// Their customer, where they have one.
    pub(crate) customer: Option<String>,
    /// Whether they are the event's customer from now on.
    pub(crate) new_customer: bool,
    /// Whether the event's subscription is stored as theirs.
    pub(crate) owns_subscription: bool,
}

/// Whose an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whose {
    Theirs(Person),
    Nobodys,
    Disputed,
}

impl Found {
    /// Looks everything up. The people are locked first, so that what follows is read after any rival's commit.
    pub(crate) async fn look_up(transaction: &Transaction, event: &Event) -> Result<Self, Error> {
        let client: &tokio_postgres::Client = transaction;
        let names = &event.names;
        let customer = names.customer.as_deref();
        let candidates = async {
            match (&event.content, customer) {
                (Content::CustomerDeleted, Some(customer)) => {
                    customers::lock_by_customer(client, customer).await
                }
                _ => customers::lock(client, names.subscription.as_deref(), customer, &names.users).await,
            }
        };
        let deleted = async {
            match customer {
                Some(customer) if !names.users.is_empty() => {
                    payment_logs::customer_is_deleted(client, customer).await
                }
                _ => Ok(false),
            }
        };
        let payer = async {
            match (&event.content, &names.payment_intent) {
                (Content::Payment, Some(intent)) => {
                    payment_logs::user_by_payment_intent(client, intent).await
                }
                _ => Ok(None),
            }
        };
        let known = async {
            match &event.content {
                Content::Thin { snapshot_event: Some(id) } => payment_logs::is_known(client, id).await,
                _ => Ok(false),
            }
        };
        let (candidates, deleted, payer, known) = tokio::join!(biased; candidates, deleted, payer, known);
        Ok(Self {
            candidates: candidates?,
            customer_is_deleted: deleted?,
            payer: payer?,
            snapshot_event_is_known: known?,
        })
    }

    /// Decides.
    pub(crate) fn whose(&self, event: &Event) -> Whose {
        match event.content {
            // The customer is gone at Stripe, whoever it was.
            Content::CustomerDeleted => self.candidates.first().map_or(Whose::Nobodys, known),
            Content::Payment => self.paid_by(event),
            _ => self.named_by(event),
        }
    }

    fn paid_by(&self, event: &Event) -> Whose {
        let payer = || {
            let user_id = self.payer?;
            Some(Person { user_id, customer: None, new_customer: false, owns_subscription: false })
        };
        match self.candidates.iter().find(|candidate| is_customer(candidate, event)) {
            Some(candidate) => known(candidate),
            None => payer().map_or(Whose::Nobodys, Whose::Theirs),
        }
    }

    fn named_by(&self, event: &Event) -> Whose {
        let stored = |candidate: &&Candidate| candidate.owns_subscription || is_customer(candidate, event);
        let claimed = |candidate: &&Candidate| event.names.users.contains(&candidate.user_id);
        let mut named = self.candidates.iter().filter(|candidate| stored(candidate) || claimed(candidate));
        let Some(candidate) = named.next() else { return Whose::Nobodys };
        if named.next().is_some() {
            return Whose::Disputed;
        }
        if stored(&candidate) {
            return known(candidate);
        }
        match (&event.names.customer, &candidate.customer) {
            (Some(_), Some(_)) => Whose::Disputed,
            (Some(_), None) if self.customer_is_deleted => Whose::Nobodys,
            (customer, _) => Whose::Theirs(Person { new_customer: customer.is_some(), ..person(candidate) }),
        }
    }
}

/// Whether the person is the event's customer, as the locked row says.
fn is_customer(candidate: &Candidate, event: &Event) -> bool {
    event.names.customer.is_some() && candidate.customer == event.names.customer
}

fn known(candidate: &Candidate) -> Whose {
    Whose::Theirs(person(candidate))
}

fn person(candidate: &Candidate) -> Person {
    Person {
        user_id: candidate.user_id,
        customer: candidate.customer.clone(),
        new_customer: false,
        owns_subscription: candidate.owns_subscription,
    }
}
