//! The webhook of video providers, asked the way they ask, against a real database and under its own role.

mod concurrency;
mod events;
mod faults;
mod policies;
mod transport;
mod world;
