//! `POST /v1/register`: makes an account for an e-mail address. The library does it; this chooses the real parts.

use functions_framework::{env, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        let config = env::read(register::Config::read)?;
        run(register::routes(register::Parts::real(config)?)).await
    })
}
