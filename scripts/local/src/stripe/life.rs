//! What happens to customers, sessions, subscriptions and invoices, each step with the events that Stripe would send.

mod checkout;
mod customers;
mod due;
mod invoices;
mod pauses;
mod payments;
mod renewals;
mod subscriptions;
mod trials;

pub(super) use checkout::Means;
pub(super) use payments::NewPayment;
pub use renewals::{AfterRetries, Retries};
pub(super) use subscriptions::{FirstPayment, NewSubscription};
