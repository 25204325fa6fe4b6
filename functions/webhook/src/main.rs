//! `POST /v1/webhooks/stripe`: takes Stripe's events. The library does it; this chooses the real parts.

use functions_framework::{env, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        let config = env::read(webhook::Config::read)?;
        run(webhook::routes(webhook::Parts::real(config))).await
    })
}
