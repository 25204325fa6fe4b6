//! playback as clients ask it, over its own database and under its own role.

mod callers;
mod configuration;
mod faults;
mod geography;
mod lives;
mod providers;
mod reply;
mod requests;
mod rights;
mod stage;
mod streams;
mod titles;
