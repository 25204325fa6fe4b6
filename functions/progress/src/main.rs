//! Heartbeats, where to go on, and what plays now. The library does it; this chooses the real parts.

use functions_framework::{env, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        let config = env::read(progress::Config::read)?;
        run(progress::routes(progress::Parts::real(config))).await
    })
}
