//! The webhook, asked the way Stripe asks, against a real database and under its own role.

mod concurrency;
mod events;
mod faults;
mod ledger;
mod order;
mod people;
mod shapes;
mod statuses;
mod transport;
mod world;
