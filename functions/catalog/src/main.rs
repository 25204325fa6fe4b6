//! `GET /v1/videos` and `GET /v1/videos/{video_id}`: what there is to watch. The library does it; this chooses the real parts.

use functions_framework::{env, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        let config = env::read(catalog::Config::read)?;
        run(catalog::routes(catalog::Parts::real(config))).await
    })
}
