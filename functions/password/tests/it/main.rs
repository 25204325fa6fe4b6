//! `POST /v1/password/forgot`, `/reset` and `/change`, asked the way a client asks.

#![expect(clippy::unwrap_used, reason = "a case that cannot be arranged fails its test")]

mod change;
mod concurrency;
mod configuration;
mod faults;
mod forgot;
mod reset;
mod suite;
mod throttling;
