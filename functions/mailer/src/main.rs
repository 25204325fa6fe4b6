//! `POST /drain`: sends what waits in the outbox. The library does it; this chooses the real parts.

use functions_framework::{env, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        let config = env::read(mailer::Config::read)?;
        run(mailer::routes(mailer::Parts::real(config))).await
    })
}
