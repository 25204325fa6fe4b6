//! A function for the tests of processes: answers with its own process id, or its variables.

use functions_framework::env::{self, Reader};
use functions_framework::{Problem, Request, run, service_fn};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        env::read(|env: &mut Reader<'_>| {
            let database = env.optional_secret::<String>("DATABASE_URL");
            let issuer = env.optional::<String>("JWT_ISSUER");
            database.and(issuer)
        })?;
        run(service_fn(answer)).await
    })
}

async fn answer(request: Request) -> Result<String, Problem> {
    let path = request.uri().path();
    if path == "/variables" {
        let names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
        return Ok(names.join(" "));
    }
    let value = path
        .strip_prefix("/variables/")
        .and_then(|wanted| std::env::vars().find_map(|(name, value)| (name == wanted).then_some(value)));
    Ok(value.unwrap_or_else(|| std::process::id().to_string()))
}
