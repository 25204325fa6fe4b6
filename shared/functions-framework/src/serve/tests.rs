//! Connections over pipes instead of sockets, on a clock that jumps ahead whenever everyone waits: each limit is met
//! exactly, and no test sleeps.

mod bodies;
mod ends;
mod heads;

use super::*;
use crate::{Json, Problem, Request, RequestPayloadExt, Routes};
use serde::Deserialize;
use std::sync::atomic::AtomicUsize;
use tokio::io::DuplexStream;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How much a pipe holds, in bytes, as a socket's buffers would.
const PIPE_BYTES: usize = 16 * 1024;
/// A reply that no pipe holds, in bytes.
const LARGE_BYTES: usize = 256 * 1024;

/// What the handlers of these tests share with their test.
#[derive(Default)]
struct Stage {
    /// How many bodies reached the handler.
    seen: AtomicUsize,
    /// Told when a handler begins to wait.
    waiting: Notify,
    /// What a waiting handler waits for.
    release: Notify,
}

/// The handlers' end of it.
struct Shared(Arc<Stage>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    text: String,
}

async fn say(stage: Arc<Shared>, request: Request) -> Result<Json<usize>, Problem> {
    let said: Said = request.json()?;
    stage.0.seen.fetch_add(1, Ordering::Relaxed);
    Ok(Json(said.text.len()))
}

async fn wait(stage: Arc<Shared>, _: Request) -> Result<&'static str, Problem> {
    stage.0.waiting.notify_one();
    stage.0.release.notified().await;
    stage.0.seen.fetch_add(1, Ordering::Relaxed);
    Ok("released")
}

async fn large(_: Arc<Shared>, _: Request) -> Result<String, Problem> {
    Ok("x".repeat(LARGE_BYTES))
}

async fn fall(_: Arc<Shared>, _: Request) -> Result<String, Problem> {
    panic!("over")
}

/// The ends of pipes that a test hands over, as a listener's accepted connections.
struct Pipes(mpsc::UnboundedReceiver<io::Result<DuplexStream>>);

impl Accept for Pipes {
    type Stream = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, SocketAddr)> {
        let Some(stream) = self.0.recv().await else { std::future::pending().await };
        Ok((stream?, SocketAddr::from(([192, 0, 2, 1], 4711))))
    }
}

struct Server {
    stage: Arc<Stage>,
    accepted: mpsc::UnboundedSender<io::Result<DuplexStream>>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<bool>,
}

impl Server {
    fn start() -> Self {
        let stage = Arc::new(Stage::default());
        let function = Routes::new(Shared(Arc::clone(&stage)))
            .post("/say", say)
            .get("/wait", wait)
            .get("/large", large)
            .get("/fall", fall);
        let (accepted, pipes) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { stopped.await.unwrap_or_default() };
        let ended = tokio::spawn(serve(Pipes(pipes), function, None, stopped));
        Self { stage, accepted, stop, ended }
    }

    fn connect(&self) -> DuplexStream {
        self.connect_through(PIPE_BYTES)
    }

    fn connect_through(&self, pipe_bytes: usize) -> DuplexStream {
        let (client, server) = tokio::io::duplex(pipe_bytes);
        self.accepted.send(Ok(server)).expect("the server accepts");
        client
    }

    /// Sends these bytes and nothing more, keeps the connection open, and reads all there is until the other end closes.
    async fn ask(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut client = self.connect();
        // A server that has made up its mind need not take the rest.
        let _ = client.write_all(bytes.as_ref()).await;
        read_all(&mut client).await
    }

    fn seen(&self) -> usize {
        self.stage.seen.load(Ordering::Relaxed)
    }

    /// Asks for an orderly end; true where nothing had to be cut.
    async fn stop(self) -> bool {
        self.stop.send(()).expect("the server listens for its end");
        self.ended.await.expect("the server ends without a panic")
    }
}

async fn read_all(client: &mut DuplexStream) -> String {
    let mut reply = Vec::new();
    client.read_to_end(&mut reply).await.expect("a pipe can be read");
    String::from_utf8_lossy(&reply).into_owned()
}

/// One reply whose length is announced, without waiting for the connection's end.
async fn read_one(client: &mut DuplexStream) -> String {
    let mut reply = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&reply).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a length")) {
                return text;
            }
        }
        reply.push(client.read_u8().await.expect("the reply goes on"));
    }
}

/// The statuses of all replies in this text, in order.
fn statuses(replies: &str) -> Vec<u16> {
    let status = |line: &str| line.get(..3).and_then(|status| status.parse().ok());
    replies.split("HTTP/1.1 ").skip(1).filter_map(status).collect()
}

#[track_caller]
fn assert_after(started: Instant, expected_ms: u64) {
    // The clock's wheel turns in whole milliseconds.
    let elapsed = u64::try_from(started.elapsed().as_millis()).expect("a short test");
    assert!((expected_ms..=expected_ms + 2).contains(&elapsed), "{elapsed} ms instead of {expected_ms} ms");
}

/// A whole request to a handler that reads its body.
const SAY: &str = "POST /say HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 16\r\n\r\n{\"text\":\"hello\"}";
/// The same in chunks.
const SAY_CHUNKED: &str = "POST /say HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n7\r\n{\"text\"\r\n9\r\n:\"hello\"}\r\n0\r\n\r\n";
/// A request without a body.
const HEALTH: &str = "GET /health HTTP/1.1\r\nhost: x\r\n\r\n";
