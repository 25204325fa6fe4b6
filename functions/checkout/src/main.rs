//! `POST /v1/checkout`: opens a page to pay on. The library does it; this chooses the real parts.

use functions_framework::{env, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        let config = env::read(checkout::Config::read)?;
        run(checkout::routes(checkout::Parts::real(config))).await
    })
}
