//! What a person pays for: the plans on offer, what Stripe tells of a subscription, and what follows from it.

pub mod access;
pub mod event;
pub mod guard;
pub mod plans;
pub mod signature;
pub mod snapshot;

mod json;

pub use plans::{Plan, Plans};
pub use snapshot::Snapshot;
