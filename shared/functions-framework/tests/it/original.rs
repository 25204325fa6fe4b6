//! The handler of `examples/ported.rs` where it came from.

use lambda_http::{Body, Error, Request, Response};

#[expect(clippy::duplicate_mod, reason = "the point is that one source compiles against both crates")]
#[path = "../../examples/ported/handler.rs"]
mod handler;

pub(crate) use handler::handler;
