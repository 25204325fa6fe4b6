//! `POST /v1/token/refresh` and `POST /v1/logout`, asked the way a client asks.

#![expect(clippy::unwrap_used, reason = "a case that cannot be arranged fails its test")]

mod bodies;
mod concurrency;
mod configuration;
mod faults;
mod logout;
mod refresh;
mod suite;
mod throttling;
