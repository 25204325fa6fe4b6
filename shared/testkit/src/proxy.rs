//! A way to a database that can be cut, to test what a function does without it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
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

/// A TCP port of loopback that leads to a database as long as it is let.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    database: String,
    task: JoinHandle<()>,
}

impl Proxy {
    /// An open way to this database.
    pub async fn start(database: &Database) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (state, watched) = watch::channel(State::Open);
        let socket = database.server().socket_file();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(forward(stream, socket.clone(), watched.clone()));
            }
        });
        Ok(Self { address, state, database: database.name().to_owned(), task })
    }

    /// `DATABASE_URL` for a function, under its own role, by this way.
    pub fn url(&self, function: &str) -> String {
        let role = function.replace('-', "_");
        format!("postgres://test_{role}@{}/{}?sslmode=disable", self.address, self.database)
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

async fn forward(mut stream: TcpStream, socket: PathBuf, mut state: watch::Receiver<State>) {
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
        let copy = tokio::io::copy_bidirectional(&mut stream, &mut database);
        tokio::select! {
            _ = copy => None,
            _ = state.changed() => Some(*state.borrow()),
        }
    };
    if copied == Some(State::Stalled) {
        // Both ends stay open and hear nothing.
        let _ = state.changed().await;
    }
}
