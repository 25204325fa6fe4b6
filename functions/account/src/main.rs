//! `/v1/account`: what is known of a person, for that person. The library does it; this chooses the real parts.

use functions_framework::{env, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        let config = env::read(account::Config::read)?;
        run(account::routes(account::Parts::real(config)?)).await
    })
}
