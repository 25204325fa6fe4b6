//! `GET /v1/plans` and `GET /v1/subscription`: what is on offer, and how the caller's subscription stands. The library does
//! it; this chooses the real parts.

use functions_framework::{env, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        let config = env::read(subscription::Config::read)?;
        run(subscription::routes(subscription::Parts::real(config))).await
    })
}
