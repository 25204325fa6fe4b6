//! Applies the files of `migrations/` in order, each once, whoever else is doing the same at the same time.
//!
//! The files are compiled in, so that a program and its schema are one image. What was applied is remembered with its
//! SHA-256: a file that changed afterwards is refused.

use adapters::variables;
use functions_framework::env::{Invalid, Reader};
use ring::digest::{SHA256, digest};
use std::fmt::Write;
use std::time::Duration;
use streamly::db::{CaFile, Settings};
use tokio_postgres::Client;

/// One file of `migrations/`.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The file's name.
    pub name: &'static str,
    /// Its text.
    pub sql: &'static str,
}

/// Every migration, in order; a test compares this with the folder.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "0001_accounts.sql", sql: include_str!("../../../migrations/0001_accounts.sql") },
    Migration { name: "0002_billing.sql", sql: include_str!("../../../migrations/0002_billing.sql") },
    Migration { name: "0003_videos.sql", sql: include_str!("../../../migrations/0003_videos.sql") },
    Migration { name: "0004_roles.sql", sql: include_str!("../../../migrations/0004_roles.sql") },
    Migration { name: "0005_seconds.sql", sql: include_str!("../../../migrations/0005_seconds.sql") },
    Migration { name: "0006_reconcile.sql", sql: include_str!("../../../migrations/0006_reconcile.sql") },
    Migration {
        name: "0007_portal_and_subscription.sql",
        sql: include_str!("../../../migrations/0007_portal_and_subscription.sql"),
    },
    Migration { name: "0008_mailer.sql", sql: include_str!("../../../migrations/0008_mailer.sql") },
    Migration {
        name: "0009_password_and_email.sql",
        sql: include_str!("../../../migrations/0009_password_and_email.sql"),
    },
    Migration { name: "0010_account.sql", sql: include_str!("../../../migrations/0010_account.sql") },
    Migration { name: "0011_erasure.sql", sql: include_str!("../../../migrations/0011_erasure.sql") },
    Migration { name: "0012_token.sql", sql: include_str!("../../../migrations/0012_token.sql") },
    Migration {
        name: "0013_catalog_and_progress.sql",
        sql: include_str!("../../../migrations/0013_catalog_and_progress.sql"),
    },
    Migration { name: "0014_mail_age.sql", sql: include_str!("../../../migrations/0014_mail_age.sql") },
    Migration {
        name: "0015_video_webhook.sql",
        sql: include_str!("../../../migrations/0015_video_webhook.sql"),
    },
];

/// The first line of a file that must run outside a transaction: one `create index concurrently`, and nothing else.
const OUTSIDE_TRANSACTION: &str = "-- migrate: outside a transaction";
/// The lock that serializes migrators of one database; the number is arbitrary and never changes.
const LOCK: i64 = 7_305_809_135;
/// How often the lock is asked for. A waiter inside `pg_advisory_lock` would hold a snapshot, on which
/// `create index concurrently` waits for ever.
const POLL_MS: u64 = 100;
/// The longest wait for the lock, in seconds.
const LOCK_S_MAX: u64 = 600;

const HISTORY: &str = "
    create table if not exists schema_migrations (
      name text primary key,
      sha256 text not null,
      applied_at timestamptz not null default now()
    )";

/// What the job reads.
pub struct Config {
    /// The owner's way to the database.
    pub database: Settings,
    /// The certificates that verify it.
    pub ca: Option<CaFile>,
}

impl Config {
    /// Reads the variables.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let (database, ca) = variables::database_settings(env)?;
        Ok(Self { database, ca })
    }
}

/// Why a migration did not happen.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database is away or refused the bookkeeping.
    #[error("the database failed at {step}")]
    Database {
        /// What was being done.
        step: &'static str,
        /// The driver's error.
        source: tokio_postgres::Error,
    },
    /// A file's own statements failed; nothing of it stays.
    #[error("{name} failed")]
    Failed {
        /// The file.
        name: &'static str,
        /// The driver's error.
        source: tokio_postgres::Error,
    },
    /// A file was changed after it had been applied.
    #[error("{name} was changed after it was applied; add a new file instead")]
    Changed {
        /// The file.
        name: &'static str,
    },
    /// The database knows a file that this program does not: a newer program was here.
    #[error("the database has {name}, which this program does not know; run the newer program")]
    Unknown {
        /// The file.
        name: String,
    },
    /// Another migrator holds the lock for too long.
    #[error("another migrator held the lock for {LOCK_S_MAX} s")]
    Locked,
}

/// Brings the database to the newest schema, and tells of each file as it is applied. Returns how many were.
pub async fn apply(
    database: &Settings,
    ca: Option<&CaFile>,
    migrations: &[Migration],
    mut applied: impl FnMut(&'static str),
) -> Result<usize, MigrateError> {
    let client = database.connect(ca).await.map_err(at("connect"))?;
    lock(&client).await?;
    // The lock ends with the connection, so an error needs no unlocking.
    client.batch_execute(HISTORY).await.map_err(at("create schema_migrations"))?;
    let history = history(&client).await?;
    if let Some((name, _)) =
        history.iter().find(|(name, _)| migrations.iter().all(|known| known.name != name))
    {
        return Err(MigrateError::Unknown { name: name.clone() });
    }
    let mut count = 0;
    for migration in migrations {
        match history.iter().find(|(name, _)| name == migration.name) {
            Some((_, sha256)) if *sha256 == checksum(migration.sql) => {}
            Some(_) => return Err(MigrateError::Changed { name: migration.name }),
            None => {
                apply_one(&client, migration).await?;
                applied(migration.name);
                count += 1;
            }
        }
    }
    Ok(count)
}

fn at(step: &'static str) -> impl Fn(tokio_postgres::Error) -> MigrateError {
    move |source| MigrateError::Database { step, source }
}

async fn lock(client: &Client) -> Result<(), MigrateError> {
    for _ in 0..LOCK_S_MAX * 1000 / POLL_MS {
        let row = client.query_one("select pg_try_advisory_lock($1)", &[&LOCK]).await.map_err(at("lock"))?;
        if row.get(0) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(POLL_MS)).await;
    }
    Err(MigrateError::Locked)
}

async fn history(client: &Client) -> Result<Vec<(String, String)>, MigrateError> {
    let rows = client.query("select name, sha256 from schema_migrations order by name", &[]).await;
    Ok(rows.map_err(at("read schema_migrations"))?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// One file with its row of history: both or neither.
async fn apply_one(client: &Client, migration: &Migration) -> Result<(), MigrateError> {
    let failed = |source| MigrateError::Failed { name: migration.name, source };
    let record = format!(
        "insert into schema_migrations (name, sha256) values ('{}', '{}')",
        migration.name,
        checksum(migration.sql)
    );
    if migration.sql.starts_with(OUTSIDE_TRANSACTION) {
        client.batch_execute(migration.sql).await.map_err(failed)?;
        return client.batch_execute(&record).await.map_err(failed);
    }
    let text =
        format!("begin; set local lock_timeout = '5s'; {}; {record}; commit", migration.sql.trim_end());
    if let Err(source) = client.batch_execute(&text).await {
        // The transaction is over either way; the first error is the one to tell.
        let _ = client.batch_execute("rollback").await;
        return Err(failed(source));
    }
    Ok(())
}

/// SHA-256 in lower-case hexadecimal.
fn checksum(sql: &str) -> String {
    digest(&SHA256, sql.as_bytes()).as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
