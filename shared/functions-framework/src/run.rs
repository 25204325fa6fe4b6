//! The program around a function: bind, serve, drain.

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::env::{Invalid, Reader, Refused};
use crate::request::Peer;
use crate::{Error, Function, env, log};

/// The exit status of a configuration fault (`EX_CONFIG` of sysexits.h).
const EXIT_CONFIGURATION: u8 = 78;
/// The longest wait for a request's head, in milliseconds; also how long an idle connection is kept.
const HEADER_MS_MAX: u64 = 10_000;
/// The longest head of a request, in bytes.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Connections served at once; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 512;
/// How long requests in flight may take after SIGTERM, in milliseconds: Cloud Run kills after 10 s.
const DRAIN_MS_MAX: u64 = 8_000;

/// Runs a program on a one-thread runtime: exit 0, 1 for an error, 78 for a configuration fault.
pub fn main(program: impl Future<Output = Result<(), Error>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    match runtime.block_on(program) {
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
    if error.is::<Refused>() { ExitCode::from(EXIT_CONFIGURATION) } else { ExitCode::FAILURE }
}

/// The variables that every service reads.
pub(crate) struct Service {
    port: u16,
    project: Option<String>,
}

impl Service {
    pub(crate) fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let port = env.or("PORT", 8080);
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
    // A program with variables of its own has read these in the same pass (`env::read`); one without has not.
    let service = env::read_process(Service::read)?;
    log::set_project(service.project);
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, service.port))).await?;
    serve(listener, function).await
}

async fn serve(listener: TcpListener, function: impl Function) -> Result<(), Error> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (stop, stopped) = watch::channel(());
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = async {
            let permit = Arc::clone(&room).acquire_owned().await.expect("the semaphore is never closed");
            (listener.accept().await, permit)
        };
        tokio::select! {
            (Ok((stream, peer)), permit) = accepted => {
                tokio::spawn(connection(stream, peer, function.clone(), stopped.clone(), permit));
            }
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    drop(listener);
    drop(stopped);
    // A send fails only where no connection is left to hear it.
    let _ = stop.send(());
    // What is not finished by then is cut, as the platform would.
    let _ = tokio::time::timeout(Duration::from_millis(DRAIN_MS_MAX), stop.closed()).await;
    Ok(())
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    function: impl Function,
    mut stopped: watch::Receiver<()>,
    _permit: OwnedSemaphorePermit,
) {
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        let function = function.clone();
        request.extensions_mut().insert(Peer(peer));
        async move { Ok::<_, Infallible>(crate::call::answer(&function, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(HEADER_MS_MAX))
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // A broken connection is the client's affair; its request was logged.
    tokio::select! {
        _ = connection.as_mut() => {}
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
