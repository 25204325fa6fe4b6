//! `GET /v1/videos/{video_id}/playback`: signed addresses for whoever may watch. The library does it; this chooses the real
//! parts.

use functions_framework::{env, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        let config = env::read(playback::Config::read)?;
        run(playback::routes(playback::Parts::real(config))).await
    })
}
