//! `POST /v1/password/…`: sets a new password, by a mailed link or by the current one. The library does it; this chooses the
//! real parts.

use functions_framework::{env, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        let config = env::read(password::Config::read)?;
        run(password::routes(password::Parts::real(config)?)).await
    })
}
