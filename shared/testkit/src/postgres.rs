//! A PostgreSQL server of one's own: found on the machine or fetched, started in a folder, stopped on request.
//!
//! PostgreSQL refuses to run as root, so a root user's server runs as another account. Where that account cannot enter
//! the folder that was asked for, as below a private home, the server's files lie in a folder that it can enter.

mod account;
mod binaries;
mod fetch;
mod server;

pub use binaries::{Binaries, Search};
pub use fetch::Source;
pub use server::{Options, Server};

use std::path::PathBuf;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No binaries, and none could be fetched.
    #[error(
        "PostgreSQL was not found and could not be fetched ({0}); install it (Debian and Ubuntu: apt-get install \
         postgresql; macOS: brew install postgresql) or name the folder of its programs in STREAMLY_POSTGRES_BIN"
    )]
    NotFound(String),
    /// A file or folder refused us.
    #[error("{doing} {path:?}: {source}")]
    File {
        /// What was being done.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A program of PostgreSQL failed.
    #[error("{program} failed: {output}")]
    Program {
        /// The program.
        program: &'static str,
        /// The end of what it said.
        output: String,
    },
    /// The server did not answer in time, or ended.
    #[error("the server in {folder:?} did not start; the end of its log: {log}")]
    NotStarted {
        /// Its folder.
        folder: PathBuf,
        /// The last lines of its log.
        log: String,
    },
}

impl Error {
    pub(crate) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }
}
