//! What Stripe keeps, each with the shape in which the pinned API version shows it. Members that nothing here ever
//! changes are written out as constants, because a reader may look for them.

mod catalog;
mod customer;
mod dispute;
mod event;
mod invoice;
mod invoice_item;
mod payment_intent;
mod payment_method;
mod portal;
mod refund;
mod session;
mod subscription;

use serde_json::Value;

pub(super) use catalog::{Price, Product, Recurring};
pub(super) use customer::Customer;
pub(super) use dispute::Dispute;
pub(super) use event::{Answer, Event};
pub(super) use invoice::{BillingReason, Invoice, InvoiceStatus, Line, Source};
pub(super) use invoice_item::InvoiceItem;
pub(super) use payment_intent::{PaymentIntent, PaymentState};
pub(super) use payment_method::{Card, Owner, PaymentMethod, settling_of};
pub(super) use portal::PortalSession;
pub(super) use refund::Refund;
pub(super) use session::{LineItem, Mode, PaymentStatus, Session, SessionStatus};
pub(super) use subscription::{Item, MissingMethod, Pause, Subscription};

/// The members of both.
fn join(first: Value, second: Value) -> Value {
    match (first, second) {
        (Value::Object(mut members), Value::Object(others)) => {
            members.extend(others);
            Value::Object(members)
        }
        (first, _) => first,
    }
}

/// Keys and values of the account's own.
pub(super) type Metadata = std::collections::BTreeMap<String, String>;
