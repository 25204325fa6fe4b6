//! `POST /v1/token/refresh` and `POST /v1/logout`: goes on with a session, and ends it. The library does it; this chooses
//! the real parts.

use functions_framework::{env, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        let config = env::read(token::Config::read)?;
        run(token::routes(token::Parts::real(config))).await
    })
}
