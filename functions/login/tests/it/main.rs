//! `POST /v1/login` and the published keys, asked the way a client asks.

#![expect(clippy::unwrap_used, reason = "a case that cannot be arranged fails its test")]

mod accounts;
mod bodies;
mod concurrency;
mod configuration;
mod faults;
mod sessions;
mod suite;
mod throttling;
