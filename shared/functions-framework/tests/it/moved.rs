//! The handler of `examples/ported.rs` where it went.

use functions_framework::{Body, Error, Request, Response};

#[path = "../../examples/ported/handler.rs"]
mod handler;

pub(crate) use handler::handler;
