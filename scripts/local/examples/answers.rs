//! A function for the tests of processes: answers with its own process id, or the names of its variables.

use functions_framework::{Problem, Request, run, service_fn};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(run(service_fn(answer)))
}

async fn answer(request: Request) -> Result<String, Problem> {
    if request.uri().path() == "/variables" {
        let names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
        return Ok(names.join(" "));
    }
    Ok(std::process::id().to_string())
}
