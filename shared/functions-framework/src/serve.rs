//! Connections: accepted while there is room, each within limits, drained at the end.

use http::header;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::paced::Paced;
use crate::{Function, Severity, log};

/// The longest wait for a request's head, in milliseconds; also how long an idle connection is kept.
pub(crate) const HEADER_MS_MAX: u64 = 10_000;
/// The longest head of a request, in bytes.
pub(crate) const HEADER_BYTES_MAX: usize = 64 * 1024;
/// The most header lines of a request.
pub(crate) const HEADERS_MAX: usize = 100;
/// The longest wait for a client to take a reply that its side of the connection has no more room for, in milliseconds.
pub(crate) const WRITE_MS_MAX: u64 = 10_000;
/// How long a client may go on sending after the last reply, in milliseconds, before the connection is reset: a reset
/// makes some clients lose a reply that they have not read yet.
pub(crate) const LINGER_MS_MAX: u64 = 1_000;
/// Connections served at once; more wait in the kernel's queue.
pub(crate) const CONNECTIONS_MAX: usize = 512;
/// How long requests in flight may take after SIGTERM, in milliseconds: Cloud Run kills after 10 s.
pub(crate) const DRAIN_MS_MAX: u64 = 8_000;
/// The pause after the machine had nothing to accept a connection with, such as a file descriptor, in milliseconds.
const ACCEPT_PAUSE_MS: u64 = 200;
/// The least that hyper reads and writes through, in bytes; the head's own limit is [`HEADER_BYTES_MAX`].
const BUFFER_BYTES_MAX: usize = HEADER_BYTES_MAX + 8 * 1024;

/// Where connections come from: a socket, or pipes in tests.
pub(crate) trait Accept {
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// The next connection and the address of its other end.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        // Replies are whole when they are written: waiting for more to send only delays them.
        stream.set_nodelay(true)?;
        Ok((stream, peer))
    }
}

/// Serves until `stop`, then finishes what is in flight, at most [`DRAIN_MS_MAX`]. True where nothing had to be cut.
pub(crate) async fn serve(
    mut connections: impl Accept,
    function: impl Function,
    project: Option<Arc<str>>,
    stop: impl Future<Output = ()>,
) -> bool {
    let (stopping, stopped) = watch::channel(());
    let function = Arc::new(function);
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await.expect("the semaphore is never closed");
            (connections.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            () = &mut stop => break,
            next = next => next,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (function, project, stopped) = (Arc::clone(&function), project.clone(), stopped.clone());
                tokio::spawn(connection(stream, peer, function, project, stopped, permit));
            }
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                let cause = log::chain(&error).into();
                log::log(Severity::Error, "no connection can be accepted for now", &[("cause", cause)]);
                tokio::select! {
                    () = &mut stop => break,
                    () = sleep(Duration::from_millis(ACCEPT_PAUSE_MS)) => {}
                }
            }
        }
    }
    drop(connections);
    drop(stopped);
    // A send fails only where no connection is left to hear it.
    let _ = stopping.send(());
    // What is not finished by then is cut, as the platform would.
    timeout(Duration::from_millis(DRAIN_MS_MAX), stopping.closed()).await.is_ok()
}

/// Whether accepting failed for the sake of a client that left, and the next one may fare better at once.
fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted, InvalidInput};
    // Setting an option on a connection that is gone is `InvalidInput` on some systems.
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted | InvalidInput
    )
}

/// Answers the requests of one connection, one after the other, until it ends or is asked to.
async fn connection<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    stream: S,
    peer: SocketAddr,
    function: Arc<impl Function>,
    project: Option<Arc<str>>,
    mut stopped: watch::Receiver<()>,
    _permit: OwnedSemaphorePermit,
) {
    let sends_on = Arc::new(AtomicBool::new(false));
    let unread = Arc::clone(&sends_on);
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        let (function, project, unread) = (Arc::clone(&function), project.clone(), Arc::clone(&unread));
        request.extensions_mut().insert(peer);
        Box::pin(async move {
            let response = crate::call::answer(&*function, request, project).await;
            unread.fetch_or(response.headers().contains_key(header::CONNECTION), Ordering::Relaxed);
            Ok::<_, Infallible>(response)
        })
    });
    let stream = Paced::new(stream, Duration::from_millis(WRITE_MS_MAX));
    let mut connection = http1::Builder::new()
        // A client that has sent all it had to say may close its side and still read the reply. Nor does one that hangs up
        // end its request's work half-way.
        .half_close(true)
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(HEADER_MS_MAX))
        .max_header_size(HEADER_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = poll_fn(|context| connection.poll_without_shutdown(context)) => Some(ended),
        _ = stopped.changed() => None,
    };
    // A broken connection is the client's affair; its request was logged.
    let ended = if let Some(ended) = ended {
        ended
    } else {
        Pin::new(&mut connection).graceful_shutdown();
        poll_fn(|context| connection.poll_without_shutdown(context)).await
    };
    // Closing while something is unread resets the connection, perhaps before the client has read why.
    if sends_on.load(Ordering::Relaxed) || ended.is_err_and(|error| error.is_parse()) {
        let stream = connection.into_parts().io.into_inner();
        // Whatever becomes of it, the connection is over.
        let _ = timeout(Duration::from_millis(LINGER_MS_MAX), linger(stream)).await;
    }
}

/// Says that nothing more will come, and takes what the client still sends.
async fn linger(stream: Paced<impl AsyncRead + AsyncWrite + Unpin>) -> io::Result<()> {
    let mut stream = stream.into_inner();
    stream.shutdown().await?;
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests;
