//! What is known of a person, asked the way a client asks, over a real database under the function's own role.

#![expect(clippy::unwrap_used, reason = "a case that cannot be arranged fails its test")]

mod configuration;
mod delete;
mod export;
mod faults;
mod profile;
mod sessions;
mod suite;
