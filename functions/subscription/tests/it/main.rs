//! Subscription, asked the way a client asks, over a real database under its own role.

mod callers;
mod faults;
mod plans;
mod status;
mod variables;
mod world;
