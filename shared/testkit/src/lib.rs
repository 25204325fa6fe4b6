//! What tests and the local stack start and arrange: a real PostgreSQL, a database for each test, people and what they
//! own, keys, and questions to a function without a socket. Nothing here is part of a deployed program.

pub mod accounts;
pub mod postgres;

mod ask;
mod bearer;
mod database;
pub mod keys;
mod lines;
mod owner;
mod people;
pub mod provider;
mod proxy;
pub mod replies;
mod rival;
mod signature;
pub mod smtp;
mod variables;

pub use ask::{CLIENT, Reply, ask, ask_all, get, passed_on, post};
pub use bearer::{AUDIENCE, ISSUER, authorized, bearer, bearer_at};
pub use database::Database;
pub use lines::alerts_of;
pub use owner::Owner;
pub use people::{Person, Subscription, Video};
pub use proxy::Proxy;
pub use signature::webhook_mac;
pub use variables::{configuration_faults, variables};
