//! What happens to customers, sessions, subscriptions and invoices, each step with the events that Stripe would send.

mod checkout;
mod customers;
mod invoices;
mod payments;
mod subscriptions;

pub(super) use checkout::Means;
pub(super) use subscriptions::{FirstPayment, NewSubscription};
