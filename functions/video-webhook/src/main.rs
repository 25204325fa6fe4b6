//! `POST /v1/webhooks/mux` and `POST /v1/webhooks/cloudflare`: takes the events of video providers. The library does it;
//! this chooses the real parts.

use functions_framework::{env, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        let config = env::read(video_webhook::Config::read)?;
        run(video_webhook::routes(video_webhook::Parts::real(config))).await
    })
}
