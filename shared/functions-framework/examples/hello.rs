//! The smallest program: answers every path with a greeting, and logs whether it was told a name.
//!
//! `PORT=8080 cargo run -p functions-framework --example hello`, then `curl 'localhost:8080/?name=Ada'`.

use functions_framework::{Problem, Request, RequestExt, run, service_fn};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(run(service_fn(greet)))
}

async fn greet(request: Request) -> Result<String, Problem> {
    let name = request.query("name").into_iter().next();
    request.log_field("greeting.named", name.is_some());
    Ok(format!("Hello, {}!\n", name.as_deref().unwrap_or("world")))
}
