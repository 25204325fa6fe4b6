//! One event of Stripe's, read tolerantly: snapshots of every API version, and thin events, which name what changed and
//! hold no state.
//!
//! Only the envelope can be refused. Trouble deeper down makes an event that is kept and ignored, since a refusal would
//! be delivered again for days and mean nothing else.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Plans, Snapshot};
use crate::ids::UserId;
use crate::json::{Json, storable_seconds};

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id, under which it is stored once.
    pub id: String,
    /// Its type.
    pub event_type: String,
    /// When the change happened, in whole seconds; an order only together with the guard.
    pub created: i64,
    /// Whether it is about real money.
    pub livemode: bool,
    /// Whether it is another account's, connected to ours.
    pub connected: bool,
    /// The API version of its shape.
    pub api_version: Option<String>,
    /// What it names.
    pub names: Names,
    /// What it tells.
    pub content: Content,
}

/// What an event names: objects of Stripe's, an amount, and a person of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The object that it is about.
    pub object: Option<String>,
    /// The customer.
    pub customer: Option<String>,
    /// The subscription.
    pub subscription: Option<String>,
    /// The invoice.
    pub invoice: Option<String>,
    /// The payment intent.
    pub payment_intent: Option<String>,
    /// An amount of money, in minor units.
    pub amount: Option<i64>,
    /// Its currency.
    pub currency: Option<String>,
    /// The person, as we wrote it into metadata or the reference.
    pub users: Vec<UserId>,
}

/// What an event tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A subscription as it stood: the only source of a status.
    Subscription(Box<Change>),
    /// A Checkout session ended well.
    SessionCompleted,
    /// What became of a delayed payment; the subscription's own event tells its status.
    SessionSettled,
    /// A Checkout session ended unused.
    SessionExpired,
    /// An invoice was paid or was not.
    Invoice,
    /// Money moved, for the ledger alone.
    Payment,
    /// A customer is gone, and with it every subscription.
    CustomerDeleted,
    /// A subscription changed, and nothing is said of how.
    Thin {
        /// The event that says how, where there is one.
        snapshot_event: Option<String>,
    },
    /// Nothing that matters here.
    Ignored(Ignored),
}

/// Why an event is stored and changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// Its type has no effect here.
    Type,
    /// It belongs to the other mode.
    Livemode,
    /// It belongs to another account.
    Connect,
    /// A Checkout session that sells something else.
    Mode,
    /// Its object cannot be read.
    MalformedObject,
}

impl Ignored {
    /// The word for it, in the ledger's `detail`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Livemode => "livemode",
            Self::Connect => "connect",
            Self::Mode => "mode",
            Self::MalformedObject => "malformed-object",
        }
    }

    /// Whether the event's text is kept all the same.
    pub fn keeps_payload(self) -> bool {
        matches!(self, Self::Mode | Self::MalformedObject)
    }
}

/// A subscription in an event, with what the guard compares.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The subscription.
    pub snapshot: Snapshot,
    /// The same, as it came.
    pub object: Value,
    /// What changed, as it was before.
    pub previous: Value,
}

/// A text that is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEvent {
    /// Not one JSON text in UTF-8, or nested too deep.
    #[error("the event is not JSON")]
    Json,
    /// No object, or without id, type, time or mode.
    #[error("the event has no usable envelope")]
    Envelope,
}

/// The types that have an effect: what the webhook's endpoint subscribes to, and what is looked for afterwards.
pub const TYPES: [&str; 20] = [
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.refunded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "customer.deleted",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.pending_update_applied",
    "customer.subscription.pending_update_expired",
    "customer.subscription.resumed",
    "customer.subscription.trial_will_end",
    "customer.subscription.updated",
    "invoice.paid",
    "invoice.payment_action_required",
    "invoice.payment_failed",
    "invoice_payment.paid",
];

/// What stands in `object` of a thin event.
const THIN: &str = "v2.core.event";

impl Event {
    /// Reads an event.
    pub fn read(text: &[u8], plans: &Plans) -> Result<Self, InvalidEvent> {
        let value: Value = serde_json::from_slice(text).map_err(|_| InvalidEvent::Json)?;
        Self::from_value(&value, plans).ok_or(InvalidEvent::Envelope)
    }

    fn from_value(value: &Value, plans: &Plans) -> Option<Self> {
        let root = Json::from(value);
        let thin = root.at(&["object"]).text() == Some(THIN);
        let event_type = root.at(&["type"]).string()?;
        let created = if thin { seconds(root.at(&["created"])) } else { root.at(&["created"]).seconds() };
        let (names, content) =
            if thin { thin_content(root, &event_type) } else { content(root, &event_type, plans) };
        Some(Self {
            id: root.at(&["id"]).string()?,
            created: created?,
            livemode: root.at(&["livemode"]).boolean()?,
            connected: root.at(&["account"]).text().is_some(),
            api_version: root.at(&["api_version"]).string(),
            event_type,
            names,
            content,
        })
    }

    /// Why it changes nothing, in a deployment of this mode.
    pub fn ignored(&self, livemode: bool) -> Option<Ignored> {
        match self.content {
            _ if self.livemode != livemode => Some(Ignored::Livemode),
            _ if self.connected => Some(Ignored::Connect),
            Content::Ignored(why) => Some(why),
            _ => None,
        }
    }
}

/// RFC 3339, to the whole second.
fn seconds(created: Json<'_>) -> Option<i64> {
    let instant = OffsetDateTime::parse(created.text()?, &Rfc3339).ok()?;
    storable_seconds(instant.unix_timestamp())
}

fn thin_content(root: Json<'_>, event_type: &str) -> (Names, Content) {
    if !event_type.starts_with("v1.customer.subscription.") {
        return (Names::default(), Content::Ignored(Ignored::Type));
    }
    let related = root.at(&["related_object"]);
    match related.at(&["id"]).string() {
        Some(id) if related.at(&["type"]).text() == Some("subscription") => {
            let names = Names { object: Some(id.clone()), subscription: Some(id), ..Names::default() };
            (names, Content::Thin { snapshot_event: root.at(&["snapshot_event"]).id() })
        }
        _ => malformed(),
    }
}

fn malformed() -> (Names, Content) {
    (Names::default(), Content::Ignored(Ignored::MalformedObject))
}

/// Reads the object of one type of event.
type Read = fn(Json<'_>) -> (Names, Content);

/// The kind of object that a type is about, and what it tells.
fn content(root: Json<'_>, event_type: &str, plans: &Plans) -> (Names, Content) {
    let object = root.at(&["data", "object"]);
    let (kind, read): (&str, Read) = match event_type {
        "customer.subscription.created"
        | "customer.subscription.updated"
        | "customer.subscription.deleted"
        | "customer.subscription.paused"
        | "customer.subscription.resumed"
        | "customer.subscription.trial_will_end"
        | "customer.subscription.pending_update_applied"
        | "customer.subscription.pending_update_expired" => return subscription(root, plans),
        "checkout.session.completed" => {
            ("checkout.session", |object| session(object, Content::SessionCompleted))
        }
        "checkout.session.async_payment_succeeded" | "checkout.session.async_payment_failed" => {
            ("checkout.session", |object| session(object, Content::SessionSettled))
        }
        "checkout.session.expired" => {
            ("checkout.session", |object| (session_names(object), Content::SessionExpired))
        }
        "invoice.paid" => ("invoice", |object| invoice(object, "amount_paid")),
        "invoice.payment_failed" | "invoice.payment_action_required" => {
            ("invoice", |object| invoice(object, "amount_due"))
        }
        "charge.refunded" => ("charge", charge),
        "charge.dispute.created" | "charge.dispute.closed" => ("dispute", dispute),
        "invoice_payment.paid" => ("invoice_payment", invoice_payment),
        "customer.deleted" => ("customer", customer),
        _ => return (Names::default(), Content::Ignored(Ignored::Type)),
    };
    if object.at(&["object"]).text() != Some(kind) {
        return malformed();
    }
    match object.at(&["id"]).string() {
        Some(id) => {
            let (names, content) = read(object);
            (Names { object: Some(id), ..names }, content)
        }
        None => malformed(),
    }
}

/// Whom and what a subscription names, in an event or in an answer of Stripe's.
pub(super) fn names(snapshot: &Snapshot, object: &Value) -> Names {
    Names {
        object: Some(snapshot.id.clone()),
        customer: snapshot.customer.clone(),
        subscription: Some(snapshot.id.clone()),
        invoice: snapshot.latest_invoice_id.clone(),
        currency: snapshot.currency.clone(),
        users: users([Json::from(object).at(&["metadata", "user_id"])]),
        ..Names::default()
    }
}

fn subscription(root: Json<'_>, plans: &Plans) -> (Names, Content) {
    let object = root.at(&["data", "object"]);
    let Some((value, snapshot)) =
        object.value().and_then(|value| Some((value, Snapshot::read(value, plans)?)))
    else {
        return malformed();
    };
    let names = names(&snapshot, value);
    let previous = root.at(&["data", "previous_attributes"]).value().cloned().unwrap_or_default();
    (names, Content::Subscription(Box::new(Change { snapshot, object: value.clone(), previous })))
}

fn session(object: Json<'_>, content: Content) -> (Names, Content) {
    let subscribes = object.at(&["mode"]).text() == Some("subscription");
    (session_names(object), if subscribes { content } else { Content::Ignored(Ignored::Mode) })
}

fn session_names(object: Json<'_>) -> Names {
    Names {
        customer: object.at(&["customer"]).id(),
        subscription: object.at(&["subscription"]).id(),
        invoice: object.at(&["invoice"]).id(),
        payment_intent: object.at(&["payment_intent"]).id(),
        amount: object.at(&["amount_total"]).integer(),
        currency: object.at(&["currency"]).string(),
        users: users([object.at(&["client_reference_id"]), object.at(&["metadata", "user_id"])]),
        ..Names::default()
    }
}

fn invoice(object: Json<'_>, amount: &str) -> (Names, Content) {
    // Before 2025-03-31 the subscription stood on the invoice itself.
    let parent = object.at(&["parent", "subscription_details"]);
    let line = object.at(&["lines"]).entries().next();
    let of_line = || line?.at(&["parent", "subscription_item_details", "subscription"]).id();
    let subscription = parent.at(&["subscription"]).id();
    let names = Names {
        customer: object.at(&["customer"]).id(),
        subscription: subscription.or_else(|| object.at(&["subscription"]).id()).or_else(of_line),
        invoice: object.at(&["id"]).string(),
        payment_intent: object.at(&["payment_intent"]).id(),
        amount: object.at(&[amount]).integer(),
        currency: object.at(&["currency"]).string(),
        users: users([
            parent.at(&["metadata", "user_id"]),
            object.at(&["subscription_details", "metadata", "user_id"]),
            object.at(&["metadata", "user_id"]),
        ]),
        ..Names::default()
    };
    (names, Content::Invoice)
}

fn charge(object: Json<'_>) -> (Names, Content) {
    let names = Names {
        customer: object.at(&["customer"]).id(),
        invoice: object.at(&["invoice"]).id(),
        payment_intent: object.at(&["payment_intent"]).id(),
        amount: object.at(&["amount"]).integer(),
        currency: object.at(&["currency"]).string(),
        ..Names::default()
    };
    (names, Content::Payment)
}

fn dispute(object: Json<'_>) -> (Names, Content) {
    let names = Names {
        customer: object.at(&["charge", "customer"]).id(),
        payment_intent: object.at(&["payment_intent"]).id(),
        amount: object.at(&["amount"]).integer(),
        currency: object.at(&["currency"]).string(),
        ..Names::default()
    };
    (names, Content::Payment)
}

fn invoice_payment(object: Json<'_>) -> (Names, Content) {
    let names = Names {
        invoice: object.at(&["invoice"]).id(),
        payment_intent: object.at(&["payment", "payment_intent"]).id(),
        amount: object.at(&["amount_paid"]).integer(),
        currency: object.at(&["currency"]).string(),
        ..Names::default()
    };
    (names, Content::Payment)
}

fn customer(object: Json<'_>) -> (Names, Content) {
    (Names { customer: object.at(&["id"]).string(), ..Names::default() }, Content::CustomerDeleted)
}

/// Ids of ours; a text that is none counts as absent.
fn users<const N: usize>(places: [Json<'_>; N]) -> Vec<UserId> {
    let mut users: Vec<UserId> = places.iter().filter_map(|place| place.text()?.parse().ok()).collect();
    users.sort_unstable();
    users.dedup();
    users
}

#[cfg(test)]
mod tests;
