//! Everything that is held on a person, for that person (GDPR articles 15 and 20): every table that knows them, without
//! hashes and tokens. A test holds the columns to the schema, so that a new one is exported or left out on purpose.

use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};
use uuid::Uuid;

use super::{Error, Statement};
use crate::ids::UserId;

/// Every statement of this file; each is named by its table and takes the person.
pub const STATEMENTS: &[Statement] = &[
    USERS,
    CREDENTIALS,
    SESSIONS,
    ONE_TIME_TOKENS,
    MAIL_OUTBOX,
    AUTH_EVENTS,
    SUBSCRIPTIONS,
    PAYMENT_LOGS,
    WATCH_PROGRESS,
    STREAMS,
];

const USERS: Statement = Statement::new(
    "exports::USERS",
    &[Type::UUID],
    "
    select id, email, email_canonical, verified_at, scope, disabled_at, deleted_at, erased_at, created_at,
           stripe_customer_id, stripe_livemode, open_checkout_session
      from users
     where id = $1",
);

const CREDENTIALS: Statement = Statement::new(
    "exports::CREDENTIALS",
    &[Type::UUID],
    "
    select user_id, kind, failures, disabled_at
      from credentials
     where user_id = $1
     order by kind",
);

const SESSIONS: Statement = Statement::new(
    "exports::SESSIONS",
    &[Type::UUID],
    "
    select id, user_id, auth_time, created_at, last_used_at, rotated_at, idle_expires_at, absolute_expires_at,
           user_agent, ip_prefix, revoked_at, revoke_reason
      from sessions
     where user_id = $1
     order by created_at, id",
);

const ONE_TIME_TOKENS: Statement = Statement::new(
    "exports::ONE_TIME_TOKENS",
    &[Type::UUID],
    "
    select user_id, purpose, email, expires_at
      from one_time_tokens
     where user_id = $1
     order by purpose",
);

/// Mails go to addresses; those of the person are the one that they have and those that wait to be confirmed.
const MAIL_OUTBOX: Statement = Statement::new(
    "exports::MAIL_OUTBOX",
    &[Type::UUID],
    "
    select id, recipient, template, created_at, not_before, attempts, expires_at, sent_at
      from mail_outbox
     where recipient in (select email from users where id = $1)
     order by created_at, id",
);

const AUTH_EVENTS: Statement = Statement::new(
    "exports::AUTH_EVENTS",
    &[Type::UUID],
    "
    select id, at, name, user_id, session_id, ip_prefix, request_id, detail
      from auth_events
     where user_id = $1
     order by at, id",
);

const SUBSCRIPTIONS: Statement = Statement::new(
    "exports::SUBSCRIPTIONS",
    &[Type::UUID],
    "
    select user_id, stripe_subscription_id, stripe_customer_id, livemode, status, plan, price_id, quantity, currency,
           current_period_start, current_period_end, trial_end, cancel_at_period_end, cancel_at, canceled_at, ended_at,
           pause_behavior, pause_resumes_at, past_due_since, latest_invoice_id, checkout_session_id, created_at,
           updated_at
      from subscriptions
     where user_id = $1
     order by id",
);

const PAYMENT_LOGS: Statement = Statement::new(
    "exports::PAYMENT_LOGS",
    &[Type::UUID],
    "
    select stripe_event_id, event_type, livemode, user_id, object_id, stripe_customer_id, stripe_subscription_id,
           stripe_invoice_id, payment_intent_id, amount, currency, payload, received_at
      from payment_logs
     where user_id = $1
     order by id",
);

const WATCH_PROGRESS: Statement = Statement::new(
    "exports::WATCH_PROGRESS",
    &[Type::UUID],
    "
    select user_id, video_id, position_seconds::float8, updated_at
      from watch_progress
     where user_id = $1
     order by updated_at, video_id",
);

const STREAMS: Statement = Statement::new(
    "exports::STREAMS",
    &[Type::UUID],
    "
    select id, user_id, video_id, device, started_at, last_seen_at, ended_at, taken_over_at
      from streams
     where user_id = $1
     order by started_at, id",
);

/// Everything that is held on a person, by table.
pub async fn of_user(client: &impl GenericClient, user: UserId) -> Result<Map<String, Value>, Error> {
    let mut export = Map::new();
    for statement in STATEMENTS {
        let rows = statement.rows(client, &[&user.uuid()]).await?;
        let objects = rows.iter().map(|row| object(statement, row)).collect::<Result<Vec<_>, _>>()?;
        export.insert(table(statement), objects.into());
    }
    Ok(export)
}

/// The table that a statement reads.
fn table(statement: &Statement) -> String {
    let name = statement.name();
    name.split_once("::").map_or(name, |(_, table)| table).to_ascii_lowercase()
}

/// A row as JSON, by the names and types of its columns.
fn object(statement: &Statement, row: &Row) -> Result<Value, Error> {
    let mut members = Map::new();
    for (index, column) in row.columns().iter().enumerate() {
        let value = match *column.type_() {
            Type::TEXT => row.get::<_, Option<String>>(index).into(),
            Type::UUID => row.get::<_, Option<Uuid>>(index).map(|id| id.to_string()).into(),
            Type::BOOL => row.get::<_, Option<bool>>(index).into(),
            Type::INT4 => row.get::<_, Option<i32>>(index).into(),
            Type::INT8 => row.get::<_, Option<i64>>(index).into(),
            Type::FLOAT8 => row.get::<_, Option<f64>>(index).into(),
            Type::TIMESTAMPTZ => instant(row, index),
            _ => {
                return Err(Error::value(statement.name(), format!("{} has an unknown type", column.name())));
            }
        };
        members.insert(column.name().to_owned(), value);
    }
    Ok(members.into())
}

/// A time in UTC; null where there is none, or one that no calendar of ours has.
fn instant(row: &Row, index: usize) -> Value {
    let at = row.try_get::<_, Option<OffsetDateTime>>(index).ok().flatten();
    at.and_then(|at| at.to_offset(UtcOffset::UTC).format(&Rfc3339).ok()).into()
}
