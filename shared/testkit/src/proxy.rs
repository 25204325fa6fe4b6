//! A way to a database that can be cut, to test what a function does without it, and that counts how often somebody waits
//! for it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::Database;

/// What happens to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Running ones are closed, new ones at once.
    Cut,
    /// Running ones stand still, new ones are taken and never answered.
    Stalled,
}

/// The most bytes that are passed on at once: more than whatever is sent without waiting for an answer.
const CHUNK_BYTES: usize = 64 * 1024;

/// How often a client spoke after it had heard something: what it sends at once is one round trip.
#[derive(Debug, Default)]
struct RoundTrips {
    count: AtomicU64,
    client_speaks: AtomicBool,
}

impl RoundTrips {
    fn passed(&self, from_client: bool) {
        if !self.client_speaks.swap(from_client, Ordering::SeqCst) && from_client {
            self.count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// A TCP port of loopback that leads to a database as long as it is let.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    database: String,
    round_trips: Arc<RoundTrips>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// An open way to this database.
    pub async fn start(database: &Database) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (state, watched) = watch::channel(State::Open);
        let socket = database.server().socket_file();
        let round_trips = Arc::new(RoundTrips::default());
        let counted = Arc::clone(&round_trips);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(forward(stream, socket.clone(), watched.clone(), Arc::clone(&counted)));
            }
        });
        Ok(Self { address, state, database: database.name().to_owned(), round_trips, task })
    }

    /// `DATABASE_URL` for a function, under its own role, by this way.
    pub fn url(&self, function: &str) -> String {
        let role = function.replace('-', "_");
        format!("postgres://test_{role}@{}/{}?sslmode=disable", self.address, self.database)
    }

    /// How many round trips there were so far, over all connections; meant for one that works alone.
    pub fn round_trips(&self) -> u64 {
        self.round_trips.count.load(Ordering::SeqCst)
    }

    /// Closes every connection, and new ones as soon as they come.
    pub fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// Lets nothing through any more, without closing anything: a network that drops silently.
    pub fn stall(&self) {
        self.state.send_replace(State::Stalled);
    }

    /// Opens the way for new connections.
    pub fn restore(&self) {
        self.state.send_replace(State::Open);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(
    mut stream: TcpStream,
    socket: PathBuf,
    mut state: watch::Receiver<State>,
    round_trips: Arc<RoundTrips>,
) {
    if *state.borrow_and_update() == State::Cut {
        return;
    }
    if *state.borrow() == State::Stalled {
        // Held, never answered, until something changes.
        let _ = state.changed().await;
        return;
    }
    let Ok(mut database) = UnixStream::connect(socket).await else { return };
    let copied = {
        let ((from_client, to_client), (from_server, to_server)) = (stream.split(), database.split());
        let up = pass_on(from_client, to_server, || round_trips.passed(true));
        let down = pass_on(from_server, to_client, || round_trips.passed(false));
        tokio::select! {
            _ = async { tokio::join!(up, down) } => None,
            _ = state.changed() => Some(*state.borrow()),
        }
    };
    if copied == Some(State::Stalled) {
        // Both ends stay open and hear nothing.
        let _ = state.changed().await;
    }
}

/// Passes on what comes until its end, which is passed on too.
async fn pass_on(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    passed: impl Fn(),
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = from.read(&mut chunk).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        passed();
        to.write_all(&chunk[..length]).await?;
    }
}
