//! `POST /drain`, asked as the scheduler asks, over a relay on loopback.

#![expect(clippy::unwrap_used, reason = "a case that cannot be arranged fails its test")]

mod concurrency;
mod configuration;
mod encryption;
mod failures;
mod faults;
mod mails;
mod suite;
