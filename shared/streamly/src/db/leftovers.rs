//! Rows that are of no use any more: sessions, mails, mailed tokens and counters that are long over.
//!
//! A row that somebody holds is passed by, so that nobody waits for this and it waits for nobody. With `$2` nothing is
//! dropped and all is counted.

use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::{Error, Statement};

/// Every statement of this work.
pub const STATEMENTS: &[Statement] = &[SESSIONS, MAILS, TOKENS, COUNTERS];

/// A session that is over is told from one that never was for 30 days.
const SESSIONS: Statement = Statement::new(
    "leftovers::SESSIONS",
    &[Type::INT8, Type::BOOL],
    "
    with stale as (
      select id
        from sessions
       where least(revoked_at, idle_expires_at, absolute_expires_at) < now() - interval '30 days'
       limit $1
         for update skip locked
    ), dropped as (
      delete from sessions where id = any (array(select id from stale)) and not $2
    )
    select count(*) as rows from stale",
);

/// A mail that was sent, or never will be, is kept for a week: less than the 14 days after which who left is erased.
const MAILS: Statement = Statement::new(
    "leftovers::MAILS",
    &[Type::INT8, Type::BOOL],
    "
    with stale as (
      select id
        from mail_outbox
       where coalesce(sent_at, expires_at) < now() - interval '7 days'
       limit $1
         for update skip locked
    ), dropped as (
      delete from mail_outbox where id = any (array(select id from stale)) and not $2
    )
    select count(*) as rows from stale",
);

const TOKENS: Statement = Statement::new(
    "leftovers::TOKENS",
    &[Type::INT8, Type::BOOL],
    "
    with stale as (
      select user_id, purpose
        from one_time_tokens
       where expires_at < now() - interval '1 day'
       limit $1
         for update skip locked
    ), dropped as (
      delete from one_time_tokens
       using stale
       where one_time_tokens.user_id = stale.user_id and one_time_tokens.purpose = stale.purpose and not $2
    )
    select count(*) as rows from stale",
);

/// No window, wait or run of attempts outlives its `until`, or 15 minutes or an hour without one.
const COUNTERS: Statement = Statement::new(
    "leftovers::COUNTERS",
    &[Type::INT8, Type::BOOL],
    "
    with stale as (
      select key
        from auth_throttle
       where touched_at < now() - interval '1 day' and coalesce(until < now() - interval '1 day', true)
       limit $1
         for update skip locked
    ), dropped as (
      delete from auth_throttle where key = any (array(select key from stale)) and not $2
    )
    select count(*) as rows from stale",
);

/// What is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leftover {
    /// Sessions that ended 30 days ago.
    Sessions,
    /// Mails that were sent, or given up, 7 days ago.
    Mails,
    /// Mailed tokens that expired a day ago.
    Tokens,
    /// Counters that have meant nothing for a day.
    Counters,
}

impl Leftover {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Sessions, Self::Mails, Self::Tokens, Self::Counters];
}

/// Drops rows of this kind, so many at most, and says how many there were.
pub async fn drop_stale(client: &impl GenericClient, kind: Leftover, rows_max: i64) -> Result<i64, Error> {
    send(client, kind, rows_max, false).await
}

/// How many rows of this kind would be dropped.
pub async fn count_stale(client: &impl GenericClient, kind: Leftover) -> Result<i64, Error> {
    send(client, kind, i64::MAX, true).await
}

async fn send(client: &impl GenericClient, kind: Leftover, rows_max: i64, spare: bool) -> Result<i64, Error> {
    let statement = match kind {
        Leftover::Sessions => &SESSIONS,
        Leftover::Mails => &MAILS,
        Leftover::Tokens => &TOKENS,
        Leftover::Counters => &COUNTERS,
    };
    Ok(statement.one(client, &[&rows_max, &spare]).await?.get("rows"))
}
