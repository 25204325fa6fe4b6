//! `POST /v1/email/verify`, `/verify/resend` and `/change`, asked the way a client asks.

#![expect(clippy::unwrap_used, reason = "a case that cannot be arranged fails its test")]

mod change;
mod concurrency;
mod configuration;
mod faults;
mod resend;
mod suite;
mod throttling;
mod verify;
