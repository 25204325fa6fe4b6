//! catalog as clients ask it, over its own database and under its own role.

mod configuration;
mod faults;
mod list;
mod posters;
mod reply;
mod search;
mod suite;
