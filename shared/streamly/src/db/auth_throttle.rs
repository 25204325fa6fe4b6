//! `auth_throttle`: counters against guessing. Every count is one statement, so that requests at the same time are
//! counted one after the other.

use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::{Error, Statement};

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[COUNT_WINDOWS, COUNT_ATTEMPT, TAKE_BACK, FORGET, COUNT_MAIL];

/// Counts one more in each window; `until` is the window's end. The rows of one client are always taken in the same
/// order.
const COUNT_WINDOWS: Statement = Statement::new(
    "auth_throttle::COUNT_WINDOWS",
    &[Type::BYTEA_ARRAY, Type::INT4_ARRAY],
    "
    insert into auth_throttle as counter (key, count, until)
    select key, 1, now() + make_interval(secs => seconds)
      from unnest($1, $2) as windows (key, seconds)
    on conflict (key) do update set
      started_at = case when counter.until <= now() then now() else counter.started_at end,
      touched_at = now(),
      count = case when counter.until <= now() then 1 else counter.count + 1 end,
      until = case when counter.until <= now() then excluded.until else counter.until end
    returning key, count, ceil(extract(epoch from until - now()))::bigint as wait_s",
);

/// Counts an attempt on an account, unless it must wait: after the tenth of a run for 30 s, then twice as long each time,
/// up to an hour (NIST SP 800-63B-4 section 3.2.2). A run ends 15 minutes after its last attempt and wait.
const COUNT_ATTEMPT: Statement = Statement::new(
    "auth_throttle::COUNT_ATTEMPT",
    &[Type::BYTEA],
    "
    with counted as (
      insert into auth_throttle as run (key, count)
      values ($1, 1)
      on conflict (key) do update set
        started_at = case
          when greatest(run.touched_at, run.until) + interval '15 minutes' <= now() then now()
          else run.started_at end,
        touched_at = now(),
        count = case
          when greatest(run.touched_at, run.until) + interval '15 minutes' <= now() then 1
          else run.count + 1 end,
        until = case
          when greatest(run.touched_at, run.until) + interval '15 minutes' <= now() then null
          when run.count >= 9 then now() + least(interval '30 seconds' * 2 ^ least(run.count - 9, 10), interval '1 hour')
          end
      where run.until is null or run.until <= now()
      returning key
    )
    select false as is_counted, ceil(extract(epoch from until - now()))::bigint as wait_s
      from auth_throttle
     where key = $1 and not exists (select from counted)
    union all
    select true, null
      from counted",
);

/// Takes an attempt back. The wait that it may have begun goes with it; while one lasts, nobody else is counted.
const TAKE_BACK: Statement = Statement::new(
    "auth_throttle::TAKE_BACK",
    &[Type::BYTEA],
    "
    update auth_throttle
       set count = count - 1, until = null
     where key = $1 and count > 0",
);

const FORGET: Statement = Statement::new(
    "auth_throttle::FORGET",
    &[Type::BYTEA],
    "
    delete from auth_throttle
     where key = $1",
);

/// Counts a mail, unless one went within a minute or five within an hour. Even then the row stays locked, so that
/// rivals for one address queue up.
const COUNT_MAIL: Statement = Statement::new(
    "auth_throttle::COUNT_MAIL",
    &[Type::BYTEA],
    "
    insert into auth_throttle as mails (key, count)
    values ($1, 1)
    on conflict (key) do update set
      started_at = case when mails.started_at + interval '1 hour' <= now() then now() else mails.started_at end,
      touched_at = now(),
      count = case when mails.started_at + interval '1 hour' <= now() then 1 else mails.count + 1 end
    where mails.touched_at + interval '1 minute' <= now()
      and (mails.count < 5 or mails.started_at + interval '1 hour' <= now())
    returning count",
);

/// Where one window stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowCount {
    /// Its key.
    pub key: Vec<u8>,
    /// How many were counted in it, this one included.
    pub count: i32,
    /// How many seconds remain of it.
    pub wait_s: i64,
}

/// Counts one more in each of these windows of so many seconds.
pub async fn count_windows(
    client: &impl GenericClient,
    keys: &[&[u8]],
    seconds: &[i32],
) -> Result<Vec<WindowCount>, Error> {
    let rows = COUNT_WINDOWS.rows(client, &[&keys, &seconds]).await?;
    let counts = rows.iter().map(|row| WindowCount {
        key: row.get("key"),
        count: row.get("count"),
        wait_s: row.get("wait_s"),
    });
    Ok(counts.collect())
}

/// Counts an attempt on an account; the seconds to wait, if it must and nothing was counted.
pub async fn count_attempt(client: &impl GenericClient, key: &[u8]) -> Result<Option<i64>, Error> {
    let row = COUNT_ATTEMPT.optional(client, &[&key]).await?;
    if row.as_ref().is_some_and(|row| row.get("is_counted")) {
        return Ok(None);
    }
    // Another attempt may have begun the wait at this very moment: then this statement still sees the run without a wait,
    // or not at all.
    Ok(Some(row.and_then(|row| row.get("wait_s")).unwrap_or(1)))
}

/// Takes an attempt back.
pub async fn take_back(client: &impl GenericClient, key: &[u8]) -> Result<(), Error> {
    TAKE_BACK.execute(client, &[&key]).await?;
    Ok(())
}

/// Ends a run of attempts, with the wait that it may have earned.
pub async fn forget(client: &impl GenericClient, key: &[u8]) -> Result<(), Error> {
    FORGET.execute(client, &[&key]).await?;
    Ok(())
}

/// Counts a mail to an address; whether it may go now.
pub async fn count_mail(client: &impl GenericClient, key: &[u8]) -> Result<bool, Error> {
    Ok(COUNT_MAIL.optional(client, &[&key]).await?.is_some())
}
