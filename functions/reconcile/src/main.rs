//! The reconcile job: asks Stripe about what the webhook could not decide. The library does it; this chooses the real
//! parts, and ends when it is told to.

use functions_framework::{Error, env};
use reconcile::{Arguments, Config, HELP, Parts, run};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    functions_framework::main(async {
        let (arguments, config) = env::read_job_with(HELP, Arguments::read, Config::read)?;
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        let summary = run(Parts::real(config), &arguments, stop).await;
        summary.log();
        summary.verdict().map_err(Error::from)
    })
}
