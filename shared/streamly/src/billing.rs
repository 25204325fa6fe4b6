//! What a person pays for: the plans on offer, what Stripe tells of a subscription, and what follows from it.

pub mod plans;

pub use plans::{Plan, Plans};
