//! What happens to customers, sessions, subscriptions and invoices, each step with the events that Stripe would send.

mod checkout;
mod customers;
mod due;
mod invoices;
mod pauses;
mod payments;
mod renewals;
mod subscriptions;

pub(super) use checkout::Means;
pub use renewals::{AfterRetries, Retries};
pub(super) use subscriptions::{FirstPayment, NewSubscription};
