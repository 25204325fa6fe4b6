//! progress as clients ask it, over its own database and under its own role.

mod configuration;
mod faults;
mod go_on;
mod heartbeat;
mod refusals;
mod requests;
mod silence;
mod stage;
mod streams;
