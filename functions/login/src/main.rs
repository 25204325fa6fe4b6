//! `POST /v1/login`: trades an e-mail address and a password for tokens. The library does it; this chooses the real
//! parts.

use functions_framework::{env, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        let config = env::read(login::Config::read)?;
        run(login::routes(login::Parts::real(config)?)).await
    })
}
