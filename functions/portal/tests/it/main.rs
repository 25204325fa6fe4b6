//! Portal, asked the way a client asks, over a real database under its own role and a provider that follows a script.

mod faults;
mod opening;
mod provider;
mod refusals;
mod variables;
mod world;
