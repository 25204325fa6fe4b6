//! The whole product on loopback: the database, the stand-ins, every function, the gateway and the pages, started in
//! order and stopped in order.
//!
//! Whatever the user has set beforehand takes the place of a stand-in: a key of Stripe's or Mux's, a database. What a
//! stack makes, it keeps in its folder, so that accounts, tokens and what Stripe's stand-in knows outlive a restart.

mod database;
mod environment;
mod options;
mod pages;
mod parts;
mod reconcile;
mod secrets;
pub mod seeds;
mod settings;

pub use environment::read as read_environment;
pub use options::Options;
pub use reconcile::command as reconcile;

use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::gateway::{Document, DocumentError};
use crate::process::{Job, Process, ProcessError, Watchdog};
use database::Database;
use environment::EnvironmentFile;
use parts::{Ground, Parts};
use secrets::Secrets;

/// The longest wait for the end of what a killed stack left, in milliseconds: its watchdog takes ten seconds at most.
const LEFT_MS_MAX: u64 = 15_000;
/// The longest wait for the lock of a folder, in milliseconds: a program that a killed stack was just starting holds it for
/// an instant, until it is that program.
const LOCK_MS_MAX: u64 = 1_000;
/// How often either is looked at, in milliseconds.
const POLL_MS: u64 = 20;

/// Why a stack does not run.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// No stack runs in the folder.
    #[error("no stack runs in {0:?}: start one with scripts/dev")]
    Absent(PathBuf),
    /// Another stack runs in the folder.
    #[error(
        "a stack runs in {0:?} already: stop it, or set STREAMLY_LOCAL_DIR to another folder for a second one"
    )]
    Busy(PathBuf),
    /// A file or folder refused us.
    #[error("{0:?} cannot be used")]
    File(PathBuf, #[source] io::Error),
    /// The gateway's port is taken.
    #[error("port {0} cannot be listened on: set STREAMLY_GATEWAY_PORT to another one, or to 0 for any")]
    Port(u16, #[source] io::Error),
    /// A server of the stack does not start.
    #[error("{0} does not start")]
    Server(&'static str, #[source] io::Error),
    /// A variable that was set beforehand cannot be used.
    #[error("{0}: {1}")]
    Variable(&'static str, String),
    /// `--fresh` together with a database that is not the stack's.
    #[error("DATABASE_URL names a database of yours, which --fresh does not empty")]
    NotOurs,
    /// The database does not start.
    #[error(transparent)]
    Postgres(#[from] testkit::postgres::Error),
    /// The server that was found does not listen on loopback.
    #[error("the database server does not listen on a port of loopback")]
    NoPort,
    /// The database refuses.
    #[error("the database refused to {doing}")]
    Sql {
        /// What was being done.
        doing: &'static str,
        /// What the driver says.
        source: tokio_postgres::Error,
    },
    /// The schema cannot be brought up to date.
    #[error("the schema cannot be brought up to date; scripts/dev --fresh begins with an empty database")]
    Migrate(#[from] migrate::MigrateError),
    /// A function does not say which variables it reads.
    #[error("{0:?} is not there or does not run; build it with: cargo build --workspace --bins")]
    Program(PathBuf),
    /// A function does not run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The OpenAPI document cannot be served.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// A running stack. [`Stack::stop`] ends it in order; when it is dropped, everything is killed.
pub struct Stack {
    file: EnvironmentFile,
    environment: BTreeMap<String, String>,
    parts: Parts,
    database: Database,
    ground: Ground,
    _lock: File,
}

impl Stack {
    /// Starts everything; when it returns, all of it answers and `stack.env` is written.
    pub async fn start(options: Options) -> Result<Self, StackError> {
        let folder = prepare(&options.folder)?;
        let lock = lock(&folder).await?;
        let file = |error| StackError::File(folder.clone(), error);
        EnvironmentFile::remove_old(&folder).map_err(file)?;
        let document = Document::project();
        let ground = Ground {
            functions: document.functions()?.into_iter().chain([parts::MAILER.0.to_owned()]).collect(),
            document,
            secrets: Secrets::of(&folder, options.fresh).map_err(file)?,
            watchdog: Arc::new(watchdog(&folder).await?),
            folder: folder.clone(),
            options,
        };
        let (database, owner) = ground.start_database().await?;
        match Parts::start(&ground, &database, &owner).await {
            Ok((parts, environment)) => {
                let file = EnvironmentFile::write(&folder, &environment).map_err(file)?;
                Ok(Self { file, environment, parts, database, ground, _lock: lock })
            }
            Err(error) => {
                // The first error is the one to tell, and the watchdog sees to what cannot be stopped.
                let _ = database.stop().await;
                Err(error)
            }
        }
    }

    /// What `stack.env` says.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// The gateway's base URL.
    pub fn gateway_url(&self) -> String {
        self.parts.gateway.url()
    }

    /// A function's process.
    pub fn function(&self, name: &str) -> Option<&Process> {
        self.parts.functions.get(name)
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.ground.folder
    }

    /// Ends everything in order: nobody is told of it any more, nothing new comes in, what is in flight ends, and the
    /// database goes last.
    pub async fn stop(self) -> Result<(), StackError> {
        drop(self.file);
        let Parts { gateway, functions, reconcile, drains, catcher, stripe, mux, pages } = self.parts;
        drop((gateway, drains));
        join_all(reconcile.into_iter().map(Job::stop)).await;
        join_all(functions.into_values().map(Process::stop)).await;
        if let Some(stripe) = stripe {
            stripe.stop().await;
        }
        drop((catcher, mux, pages));
        self.database.stop().await
    }
}

/// The folder, with its place for logs, as an absolute path.
fn prepare(folder: &Path) -> Result<PathBuf, StackError> {
    let fault = |error| StackError::File(folder.to_owned(), error);
    fs::create_dir_all(folder.join("logs")).map_err(fault)?;
    folder.canonicalize().map_err(fault)
}

/// The lock ends with the process that holds it, however that ends.
async fn lock(folder: &Path) -> Result<File, StackError> {
    let path = folder.join("lock");
    let file = File::create(&path).map_err(|error| StackError::File(path.clone(), error))?;
    if lock_within(&file, LOCK_MS_MAX).await.map_err(|error| StackError::File(path, error))? {
        Ok(file)
    } else {
        Err(StackError::Busy(folder.to_owned()))
    }
}

/// Whether the lock was to be had within this time.
async fn lock_within(file: &File, ms_max: u64) -> io::Result<bool> {
    let mut waited_ms = 0;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if waited_ms < ms_max => {
                tokio::time::sleep(Duration::from_millis(POLL_MS)).await;
                waited_ms += POLL_MS;
            }
            Err(TryLockError::WouldBlock) => return Ok(false),
        }
    }
}

/// The watchdog of this stack, after that of a killed one has ended what was left of it.
async fn watchdog(folder: &Path) -> Result<Watchdog, StackError> {
    let path = folder.join("parts.lock");
    let file = File::create(&path).map_err(|error| StackError::File(path.clone(), error))?;
    if !lock_within(&file, LEFT_MS_MAX).await.map_err(|error| StackError::File(path, error))? {
        return Err(StackError::Busy(folder.to_owned()));
    }
    // The lock belongs to the open file, which the watchdog alone keeps from here on.
    Watchdog::start(file).map_err(|error| StackError::Server("/bin/sh", error))
}
