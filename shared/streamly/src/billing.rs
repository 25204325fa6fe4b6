//! What a person pays for: the plans on offer, what Stripe tells of a subscription, and what follows from it.

pub mod access;
pub mod apply;
pub mod difference;
pub mod effect;
pub mod event;
pub mod guard;
pub mod plans;
pub mod snapshot;
pub mod stripe;
pub mod sync;

mod people;
mod replay;

pub use apply::{ApplyError, Rules, apply};
pub use effect::{Alert, Effect, Outcome};
pub use event::{Event, InvalidEvent};
pub use plans::{Plan, Plans};
pub use replay::replay;
pub use snapshot::Snapshot;
