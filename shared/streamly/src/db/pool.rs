//! Connections on loan, and transactions with limits.

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, RecyclingMethod, Runtime, Timeouts,
};
use std::ops::Deref;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_postgres::Client;

use super::{CaFile, Error, Settings};

/// The longest wait for a connection, in milliseconds; then the request is answered 503.
const POOL_WAIT_MS_MAX: u64 = 2_000;
/// The longest opening of a connection, in milliseconds.
const CONNECT_MS_MAX: u64 = 5_000;
/// The longest check of an idle connection, in milliseconds: a silently dropped one would hang it.
const RECYCLE_MS_MAX: u64 = 1_000;
/// The longest life of a connection, in seconds, so that a rotated password or a moved server is noticed.
const CONNECTION_S_MAX: u64 = 600;
/// The most connections of one instance.
const POOL_SIZE_MAX: usize = 100;

/// Connections per instance: `DATABASE_POOL_SIZE`, 2 by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSize(usize);

impl Default for PoolSize {
    fn default() -> Self {
        Self(2)
    }
}

impl FromStr for PoolSize {
    type Err = InvalidPoolSize;

    fn from_str(text: &str) -> Result<Self, InvalidPoolSize> {
        match text.parse() {
            Ok(size @ 1..=POOL_SIZE_MAX) => Ok(Self(size)),
            _ => Err(InvalidPoolSize),
        }
    }
}

/// A pool size out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a number from 1 to 100")]
pub struct InvalidPoolSize;

/// Connections to one database, opened when they are needed and checked each time before they are lent.
#[derive(Clone)]
pub struct Pool(deadpool_postgres::Pool);

/// A connection on loan from the pool.
pub struct Connection(Object);

impl Pool {
    /// A pool over this database. Opens nothing yet.
    pub fn new(settings: Settings, ca: Option<&CaFile>, size: PoolSize) -> Self {
        // The default method does not notice a connection that died while the instance was frozen.
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Verified };
        let manager =
            Manager::from_config(settings.config, super::tls::connector(settings.mode, ca), recycling);
        let timeouts = Timeouts {
            wait: Some(Duration::from_millis(POOL_WAIT_MS_MAX)),
            create: Some(Duration::from_millis(CONNECT_MS_MAX)),
            recycle: Some(Duration::from_millis(RECYCLE_MS_MAX)),
        };
        let fresh = Hook::sync_fn(|_, metrics: &deadpool_postgres::Metrics| {
            if metrics.created.elapsed() < Duration::from_secs(CONNECTION_S_MAX) {
                Ok(())
            } else {
                Err(HookError::message("the connection has lived long enough"))
            }
        });
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(size.0)
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .pre_recycle(fresh)
            .build();
        Self(pool.expect("the pool has a runtime for its time-outs"))
    }

    /// A connection that answered just now.
    pub async fn get(&self) -> Result<Connection, Error> {
        self.0.get().await.map(Connection).map_err(Error::pool)
    }
}

/// Where it leads holds a password.
impl std::fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Pool")
    }
}

impl Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

/// How long a transaction may wait and work.
#[derive(Debug, Clone, Copy)]
pub struct TransactionLimits {
    /// The longest wait for a lock, in milliseconds.
    pub lock_ms_max: u32,
    /// The longest statement, in milliseconds.
    pub statement_ms_max: u32,
}

impl Default for TransactionLimits {
    fn default() -> Self {
        Self { lock_ms_max: 3_000, statement_ms_max: 5_000 }
    }
}

/// A transaction. Unless it is committed or rolled back, its connection is closed, so that nothing of it stays.
pub struct Transaction {
    connection: Option<Connection>,
    ended: AtomicBool,
}

impl TransactionLimits {
    /// What begins a transaction of these limits.
    fn begin(self) -> String {
        let Self { lock_ms_max, statement_ms_max } = self;
        format!(
            "begin; set local lock_timeout = {lock_ms_max}; set local statement_timeout = {statement_ms_max}"
        )
    }
}

impl Connection {
    /// Sends one statement in a transaction of its own, for the limits' sake. All of it is sent at once: it costs one round
    /// trip, and a caller who goes away meanwhile leaves nothing open.
    pub async fn alone<T>(
        &self,
        limits: TransactionLimits,
        statement: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let begin = limits.begin();
        let (opened, done, committed) =
            tokio::join!(biased; self.batch_execute(&begin), statement, self.batch_execute("commit"));
        opened.map_err(|source| Error::new("transaction::BEGIN", source))?;
        let done = done?;
        committed.map_err(|source| Error::new("transaction::COMMIT", source))?;
        Ok(done)
    }

    /// Begins a transaction and sets its limits, in one round trip.
    pub async fn begin(self, limits: TransactionLimits) -> Result<Transaction, Error> {
        let transaction = Transaction { connection: Some(self), ended: AtomicBool::new(false) };
        transaction
            .batch_execute(&limits.begin())
            .await
            .map_err(|source| Error::new("transaction::BEGIN", source))?;
        Ok(transaction)
    }
}

impl Transaction {
    /// Commits.
    pub async fn commit(self) -> Result<(), Error> {
        self.commit_in_turn().await
    }

    /// Commits behind the statements already sent, without waiting for their answers: poll those first, then this, and
    /// look at their results before this one's, since a failed statement makes the commit a rollback.
    pub async fn commit_in_turn(&self) -> Result<(), Error> {
        self.batch_execute("commit").await.map_err(|source| Error::new("transaction::COMMIT", source))?;
        self.ended.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Gives everything up and keeps the connection.
    pub async fn rollback(self) -> Result<(), Error> {
        self.batch_execute("rollback").await.map_err(|source| Error::new("transaction::ROLLBACK", source))?;
        self.ended.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.connection.as_ref().expect("the connection is there until the drop")
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && !self.ended.load(Ordering::Relaxed)
        {
            // Taken out of the pool and closed: the server rolls back.
            drop(Object::take(connection.0));
        }
    }
}
