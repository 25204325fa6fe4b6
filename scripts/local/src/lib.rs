//! The whole product on loopback: a real database, every function as its own process, the gateway, and stand-ins for the
//! outside parties. Each part is a library function, so that tests start it as `scripts/dev` does.

// Stripe's objects have more members than the macro that writes them out reads by default.
#![recursion_limit = "256"]

pub mod client;
pub mod demo;
mod file;
pub mod gateway;
mod html;
pub mod journey;
pub mod keys;
pub mod mail;
pub mod mux;
pub mod process;
pub mod reference;
pub mod schedule;
pub mod server;
pub mod stack;
pub mod stripe;
