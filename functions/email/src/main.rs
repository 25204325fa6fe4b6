//! `POST /v1/email/…`: proves an account's address, or changes it. The library does it; this chooses the real parts.

use functions_framework::{env, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        let config = env::read(email::Config::read)?;
        run(email::routes(email::Parts::real(config)?)).await
    })
}
