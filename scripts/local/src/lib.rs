//! The whole product on loopback: a real database, every function as its own process, the gateway, and stand-ins for the
//! outside parties. Each part is a library function, so that tests start it as `scripts/dev` does.

pub mod gateway;
pub mod mux;
pub mod process;
pub mod server;
