//! `POST /v1/portal`: opens the billing portal. The library does it; this chooses the real parts.

use functions_framework::{env, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        let config = env::read(portal::Config::read)?;
        run(portal::routes(portal::Parts::real(config))).await
    })
}
