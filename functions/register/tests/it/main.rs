//! `POST /v1/register`, asked the way a client asks.

#![expect(clippy::unwrap_used, reason = "a case that cannot be arranged fails its test")]

mod addresses;
mod concurrency;
mod configuration;
mod faults;
mod passwords;
mod suite;
mod throttling;
mod verified_first;
