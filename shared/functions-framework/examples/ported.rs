//! A handler that was written for `lambda_http` and moved here: its source is `ported/handler.rs`, and only the `use` line
//! that names its crate changed. `tests/it/ported.rs` compiles the same source against `lambda_http` and compares the
//! replies.

// On lambda_http: use lambda_http::{Body, Error, Request, Response};
use functions_framework::{Body, Error, Request, Response};
use functions_framework::{run, service_fn};
use std::process::ExitCode;

#[path = "ported/handler.rs"]
mod handler;

fn main() -> ExitCode {
    functions_framework::main(run(service_fn(handler::handler)))
}
