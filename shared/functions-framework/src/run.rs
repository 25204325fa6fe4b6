//! The program around a function: read the variables, bind, serve, drain.

use std::future::Future;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::env::{Invalid, Reader, Refused};
use crate::serve::{DRAIN_MS_MAX, serve};
use crate::{Error, Function, Severity, env, log};

/// The exit status of a configuration fault (`EX_CONFIG` of sysexits.h).
const EXIT_CONFIGURATION: u8 = 78;
/// Where a service listens when `PORT` says nothing.
const PORT_DEFAULT: u16 = 8080;
/// How long threads that block may go on after the program has ended, in milliseconds; with the drain's 8 s still less
/// than the platform's 10 s.
pub(crate) const THREADS_MS_MAX: u64 = 500;

/// Runs a program on a one-thread runtime: exit 0, 1 for an error, 78 for a configuration fault.
pub fn main(program: impl Future<Output = Result<(), Error>>) -> ExitCode {
    log::panics_are_lines();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let ended = runtime.block_on(program);
    runtime.shutdown_timeout(Duration::from_millis(THREADS_MS_MAX));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => match error.downcast_ref::<Refused>() {
            Some(Refused::Answered(text)) => {
                // A closed stdout is the reader's affair.
                let _ = writeln!(std::io::stdout(), "{text}");
                ExitCode::SUCCESS
            }
            _ => fail(&error),
        },
    }
}

/// One line on stderr: the error and what it came from.
fn fail(error: &Error) -> ExitCode {
    // A closed stderr must not hide the exit status.
    let _ = writeln!(std::io::stderr(), "{}", log::chain(error.as_ref()));
    let configuration = error.is::<Refused>() || error.is::<env::Faults>();
    if configuration { ExitCode::from(EXIT_CONFIGURATION) } else { ExitCode::FAILURE }
}

/// The variables that every service reads.
pub(crate) struct Service {
    port: u16,
    project: Option<String>,
}

impl Service {
    pub(crate) fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let port = env.or("PORT", PORT_DEFAULT);
        let project = env.optional("GCP_PROJECT_ID");
        let signature = env.optional::<SignatureType>("FUNCTION_SIGNATURE_TYPE");
        signature?;
        Ok(Self { port: port?, project: project? })
    }
}

/// `FUNCTION_SIGNATURE_TYPE` of the Functions Framework contract: the two that have a meaning here.
struct SignatureType;

impl FromStr for SignatureType {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "http" | "typed" => Ok(Self),
            _ => Err("must be http or typed; events are not offered"),
        }
    }
}

/// Serves a function on `0.0.0.0:$PORT` until SIGTERM or SIGINT, then finishes what is in flight.
pub async fn run(function: impl Function) -> Result<(), Error> {
    log::panics_are_lines();
    // A program with variables of its own has had these read in the same pass (`env::read`); one without has not.
    let service = env::read_process(Service::read)?;
    // Whoever sees the port open may at once ask for an orderly end.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, service.port));
    let listener = TcpListener::bind(address).await?;
    let port = listener.local_addr()?.port();
    log::log(Severity::Info, &format!("listening on port {port}"), &[("port", port.into())]);
    if !serve(listener, function, service.project.map(Arc::from), stop).await {
        let fields = [("drain_ms", DRAIN_MS_MAX.into())];
        log::log(Severity::Warning, "requests were cut off at the end of the drain", &fields);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Instant;

    /// How long a program takes to end after it has left a thread at work.
    fn end_with(thread: impl FnOnce() + Send + 'static) -> Duration {
        let started = Instant::now();
        let code = main(async {
            let (running, ran) = tokio::sync::oneshot::channel();
            tokio::task::spawn_blocking(move || {
                running.send(()).expect("the program waits");
                thread();
            });
            Ok(ran.await?)
        });
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
        started.elapsed()
    }

    #[test]
    fn a_thread_that_never_ends_is_left_behind_when_its_time_is_up() {
        let (_held, never) = mpsc::channel::<()>();
        let elapsed = end_with(move || never.recv().unwrap_or_default());
        assert!(elapsed >= Duration::from_millis(THREADS_MS_MAX), "{elapsed:?}");
    }

    #[test]
    fn a_thread_that_ends_is_waited_for() {
        let (told, tells) = mpsc::channel();
        end_with(move || told.send("done").expect("the test waits"));
        assert_eq!(tells.try_recv(), Ok("done"));
    }

    #[test]
    fn the_whole_end_takes_less_than_the_platform_gives() {
        const PLATFORM_MS_MAX: u64 = 10_000;
        const { assert!(DRAIN_MS_MAX + THREADS_MS_MAX < PLATFORM_MS_MAX) }
    }
}
