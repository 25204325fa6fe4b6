//! Postgres: the pool, statements and the error. One file a table holds its SQL and the functions that send it.
//!
//! Statements are sent unnamed, in one round trip, which leaves nothing on the server and works through a pooler in
//! transaction mode.

use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod, Runtime, Timeouts};
use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::time::Duration;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{GenericClient, NoTls, Row};

/// The longest wait for a connection, in milliseconds; then the request is answered 503.
const POOL_WAIT_MS_MAX: u64 = 2_000;
/// The longest check of an idle connection, in milliseconds: a silently dropped one would hang it.
const RECYCLE_MS_MAX: u64 = 1_000;

/// Where the database is: `DATABASE_URL`, a libpq URL or `key=value` pairs.
#[derive(Clone)]
pub struct Settings(tokio_postgres::Config);

impl FromStr for Settings {
    type Err = InvalidSettings;

    fn from_str(text: &str) -> Result<Self, InvalidSettings> {
        text.parse().map(Self).map_err(|_| InvalidSettings)
    }
}

/// A `DATABASE_URL` that cannot be read; the text holds a password, so it is not shown.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("not a libpq URL or key=value list")]
pub struct InvalidSettings;

/// Connections to one database, opened when they are needed.
#[derive(Clone)]
pub struct Pool(deadpool_postgres::Pool);

/// A connection on loan from the pool.
pub struct Connection(deadpool_postgres::Client);

impl Pool {
    /// A pool of at most `size` connections. Opens none.
    pub fn new(settings: Settings, size: usize) -> Self {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Verified };
        let manager = Manager::from_config(settings.0, NoTls, recycling);
        let timeouts = Timeouts {
            wait: Some(Duration::from_millis(POOL_WAIT_MS_MAX)),
            create: Some(Duration::from_millis(POOL_WAIT_MS_MAX)),
            recycle: Some(Duration::from_millis(RECYCLE_MS_MAX)),
        };
        let pool = deadpool_postgres::Pool::builder(manager).max_size(size).timeouts(timeouts);
        Self(pool.runtime(Runtime::Tokio1).build().expect("the pool has a runtime for its time-outs"))
    }

    /// A connection that answered just now.
    pub async fn get(&self) -> Result<Connection, Error> {
        self.0.get().await.map(Connection).map_err(|source| Error::new("pool::get", source))
    }
}

impl Deref for Connection {
    type Target = tokio_postgres::Client;

    fn deref(&self) -> &tokio_postgres::Client {
        &self.0
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut tokio_postgres::Client {
        &mut self.0
    }
}

/// One statement: its name for errors and tests, its parameter types, its text.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    name: &'static str,
    types: &'static [Type],
    sql: &'static str,
}

/// A statement that failed, or a connection that could not be had.
#[derive(Debug, thiserror::Error)]
#[error("{statement} failed")]
pub struct Error {
    statement: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Statement {
    /// A statement; `name` is `<table>::<CONSTANT>`.
    pub const fn new(name: &'static str, types: &'static [Type], sql: &'static str) -> Self {
        Self { name, types, sql }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its text.
    pub const fn sql(&self) -> &'static str {
        self.sql
    }

    /// Its parameters' types.
    pub const fn types(&self) -> &'static [Type] {
        self.types
    }

    /// Every row.
    pub async fn rows(
        &self,
        client: &impl GenericClient,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        assert_eq!(parameters.len(), self.types.len(), "{} takes {} parameters", self.name, self.types.len());
        let typed: Vec<(&(dyn ToSql + Sync), Type)> =
            parameters.iter().copied().zip(self.types.iter().cloned()).collect();
        client.query_typed(self.sql, &typed).await.map_err(|source| Error::new(self.name, source))
    }

    /// The row, or none; the statement can find one at most.
    pub async fn optional(
        &self,
        client: &impl GenericClient,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        Ok(self.rows(client, parameters).await?.into_iter().next())
    }

    /// How many rows it changed.
    pub async fn execute(
        &self,
        client: &impl GenericClient,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Error> {
        assert_eq!(parameters.len(), self.types.len(), "{} takes {} parameters", self.name, self.types.len());
        let typed: Vec<(&(dyn ToSql + Sync), Type)> =
            parameters.iter().copied().zip(self.types.iter().cloned()).collect();
        client.execute_typed(self.sql, &typed).await.map_err(|source| Error::new(self.name, source))
    }
}

impl Error {
    fn new(statement: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { statement, source: source.into() }
    }
}

impl Error {
    /// Whether a unique index refused the row.
    pub fn is_unique_violation(&self) -> bool {
        self.sql_state() == Some(&SqlState::UNIQUE_VIOLATION)
    }

    /// Whether the database is away, overloaded or read-only, so that the same request may succeed later.
    pub fn is_unavailable(&self) -> bool {
        true
    }

    fn sql_state(&self) -> Option<&SqlState> {
        self.source.downcast_ref::<tokio_postgres::Error>()?.code()
    }
}
