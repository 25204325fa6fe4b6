//! The columns of `subscriptions` that say what has to be asked of Stripe, when, and what came of it.

use time::OffsetDateTime;
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};

use super::subscriptions::{self, Snapshot};
use super::{Error, Statement};

/// Every statement of these columns.
pub const STATEMENTS: &[Statement] =
    &[CLOCK, MARK, MARKED, OVERDUE, FORSAKEN, LIVING, KNOWN, SETTLE, DEFER, OLDEST];

/// The database's time, by which rows are written.
const CLOCK: Statement = Statement::new(
    "syncs::CLOCK",
    &[],
    "
    select clock_timestamp() as now",
);

/// The database's time, at this moment.
pub async fn clock(client: &impl GenericClient) -> Result<OffsetDateTime, Error> {
    Ok(CLOCK.one(client, &[]).await?.get("now"))
}

/// A mark. It moves `updated_at`, so that an answer of Stripe's that was asked for earlier does not clear it.
const MARK: Statement = Statement::new(
    "syncs::MARK",
    &[Type::TEXT, Type::TEXT],
    "
    update subscriptions
       set needs_sync = true, sync_reason = $2, updated_at = now()
     where stripe_subscription_id = $1",
);

/// Marks a row as one to be asked of Stripe.
pub async fn mark(client: &impl GenericClient, id: &str, sync_reason: &str) -> Result<(), Error> {
    MARK.execute(client, &[&id, &sync_reason]).await?;
    Ok(())
}

/// A subscription of a list that is read in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The row's place in the list.
    pub row: i64,
    /// Stripe's id.
    pub id: String,
}

fn due(rows: &[Row]) -> Vec<Due> {
    rows.iter().map(|row| Due { row: row.get("id"), id: row.get("stripe_subscription_id") }).collect()
}

/// A piece of a list: this mode's rows after this one, this many at most.
#[derive(Debug, Clone, Copy)]
pub struct Piece {
    /// Whether the rows are about real money.
    pub livemode: bool,
    /// The row before the first one; 0 at the start.
    pub after: i64,
    /// The most rows.
    pub rows_max: i64,
}

/// The marked rows whose time has come.
const MARKED: Statement = Statement::new(
    "syncs::MARKED",
    &[Type::BOOL, Type::INT8, Type::INT8],
    "
    select id, stripe_subscription_id
      from subscriptions
     where needs_sync
       and livemode = $1
       and (sync_after is null or sync_after <= now())
       and id > $2
     order by id
     limit $3",
);

/// The rows that are marked and whose time has come.
pub async fn marked(client: &impl GenericClient, piece: Piece) -> Result<Vec<Due>, Error> {
    let Piece { livemode, after, rows_max } = piece;
    Ok(due(&MARKED.rows(client, &[&livemode, &after, &rows_max]).await?))
}

/// What goes on although its period is over, which is looked at each hour, and what nobody asked about for a day.
const OVERDUE: Statement = Statement::new(
    "syncs::OVERDUE",
    &[Type::BOOL, Type::INT8, Type::INT8],
    "
    select id, stripe_subscription_id
      from subscriptions
     where status not in ('canceled', 'incomplete_expired')
       and livemode = $1
       and (sync_after is null or sync_after <= now())
       and (current_period_end < now() and coalesce(synced_at < now() - interval '1 hour', true)
            or coalesce(synced_at, created_at) < now() - interval '24 hours')
       and id > $2
     order by id
     limit $3",
);

/// The rows that go on although their period is over, or that nobody asked about for a day.
pub async fn overdue(client: &impl GenericClient, piece: Piece) -> Result<Vec<Due>, Error> {
    let Piece { livemode, after, rows_max } = piece;
    Ok(due(&OVERDUE.rows(client, &[&livemode, &after, &rows_max]).await?))
}

/// What goes on although its person is gone.
const FORSAKEN: Statement = Statement::new(
    "syncs::FORSAKEN",
    &[Type::BOOL, Type::INT8, Type::INT8],
    "
    select s.id, s.stripe_subscription_id
      from users u
      join subscriptions s on s.user_id = u.id
     where u.deleted_at is not null
       and s.status not in ('canceled', 'incomplete_expired')
       and s.livemode = $1
       and (s.sync_after is null or s.sync_after <= now())
       and s.id > $2
     order by s.id
     limit $3",
);

/// The rows that go on although their person deleted the account.
pub async fn forsaken(client: &impl GenericClient, piece: Piece) -> Result<Vec<Due>, Error> {
    let Piece { livemode, after, rows_max } = piece;
    Ok(due(&FORSAKEN.rows(client, &[&livemode, &after, &rows_max]).await?))
}

/// What goes on, as far as we know, and was known before a list of Stripe's was begun.
const LIVING: Statement = Statement::new(
    "syncs::LIVING",
    &[Type::BOOL, Type::INT8, Type::INT8, Type::TIMESTAMPTZ],
    "
    select id, stripe_subscription_id
      from subscriptions
     where status not in ('canceled', 'incomplete_expired')
       and livemode = $1
       and created_at < $4
       and id > $2
     order by id
     limit $3",
);

/// The rows that go on and are older than `before`.
pub async fn living(
    client: &impl GenericClient,
    piece: Piece,
    before: OffsetDateTime,
) -> Result<Vec<Due>, Error> {
    let Piece { livemode, after, rows_max } = piece;
    Ok(due(&LIVING.rows(client, &[&livemode, &after, &rows_max, &before]).await?))
}

/// What a row says.
const KNOWN: Statement = Statement::new(
    "syncs::KNOWN",
    &[Type::TEXT],
    "
    select stripe_subscription_id, stripe_customer_id, status, price_id, quantity, currency, current_period_start,
           current_period_end, trial_end, cancel_at_period_end, cancel_at, canceled_at, ended_at, pause_behavior,
           pause_resumes_at, latest_invoice_id, id, plan, past_due_since, needs_sync
      from subscriptions
     where stripe_subscription_id = $1",
);

/// What is known of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The row's place.
    pub row: i64,
    /// What derives from the last snapshot.
    pub snapshot: Snapshot,
    /// The plan.
    pub plan: Option<String>,
    /// Since when a payment is due, where one is.
    pub past_due_since: Option<OffsetDateTime>,
    /// Whether Stripe has to be asked.
    pub is_marked: bool,
}

/// What is known of a subscription; none where no event told of it yet.
pub async fn known(client: &impl GenericClient, id: &str) -> Result<Option<Known>, Error> {
    let row = KNOWN.optional(client, &[&id]).await?;
    Ok(row.map(|row| Known {
        row: row.get("id"),
        snapshot: subscriptions::snapshot(&row),
        plan: row.get("plan"),
        past_due_since: row.get("past_due_since"),
        is_marked: row.get("needs_sync"),
    }))
}

/// Everything that an answer tells, unless an event was newer: it was written after the question. What was marked is
/// not any more.
const SETTLE: Statement = Statement::new(
    "syncs::SETTLE",
    &[
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::INT8,
        Type::TEXT,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::BOOL,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::TEXT,
        Type::TIMESTAMPTZ,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::INT8,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
    ],
    "
    update subscriptions
       set stripe_customer_id = coalesce($2, stripe_customer_id),
           status = $3,
           plan = coalesce($4, case when price_id = $5 then plan end),
           price_id = $5,
           quantity = $6,
           currency = $7,
           current_period_start = $8,
           current_period_end = $9,
           trial_end = $10,
           cancel_at_period_end = $11,
           cancel_at = $12,
           canceled_at = $13,
           ended_at = $14,
           pause_behavior = $15,
           pause_resumes_at = $16,
           latest_invoice_id = $17,
           api_version = $18,
           last_event_id = null,
           last_event_type = $19,
           last_event_created = greatest(last_event_created, $20),
           past_due_since = case
             when $3 = 'past_due' then coalesce(case when status = 'past_due' then past_due_since end, $21)
           end,
           needs_sync = false,
           sync_reason = null,
           sync_attempts = 0,
           sync_after = null,
           synced_at = now(),
           updated_at = now()
     where stripe_subscription_id = $1 and updated_at < $22
    returning plan",
);

/// An answer of Stripe's.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// What it tells.
    pub snapshot: &'a Snapshot,
    /// The plan of its price; a price that no plan names keeps the plan that the row had.
    pub plan: Option<&'a str>,
    /// What stands in place of an event's type.
    pub source: &'a str,
    /// The second up to which it holds.
    pub holds_until: i64,
    /// When it was given.
    pub given_at: OffsetDateTime,
    /// When it was asked for, by the database's time.
    pub asked_at: OffsetDateTime,
    /// The API version of its shape.
    pub api_version: &'a str,
}

/// Stores an answer: the plan that the row has then, or none where an event was newer.
pub async fn settle(
    client: &impl GenericClient,
    answer: &Answer<'_>,
) -> Result<Option<Option<String>>, Error> {
    let snapshot = answer.snapshot;
    let parameters: [super::statement::Parameter<'_>; 22] = [
        &snapshot.id,
        &snapshot.customer,
        &snapshot.status,
        &answer.plan,
        &snapshot.price_id,
        &snapshot.quantity,
        &snapshot.currency,
        &snapshot.current_period_start,
        &snapshot.current_period_end,
        &snapshot.trial_end,
        &snapshot.cancel_at_period_end,
        &snapshot.cancel_at,
        &snapshot.canceled_at,
        &snapshot.ended_at,
        &snapshot.pause_behavior,
        &snapshot.pause_resumes_at,
        &snapshot.latest_invoice_id,
        &answer.api_version,
        &answer.source,
        &answer.holds_until,
        &answer.given_at,
        &answer.asked_at,
    ];
    let row = SETTLE.optional(client, &parameters).await?;
    Ok(row.map(|row| row.get("plan")))
}

/// A question that failed. `updated_at` stays, since nothing is known that was not known before.
const DEFER: Statement = Statement::new(
    "syncs::DEFER",
    &[Type::TEXT],
    "
    update subscriptions
       set sync_attempts = sync_attempts + 1,
           sync_after = now() + least(interval '1 hour', interval '30 seconds' * power(2, least(sync_attempts, 7)))
     where stripe_subscription_id = $1",
);

/// Puts the next question off: half a minute after the first failure, twice as long after each further one, an hour at
/// most.
pub async fn defer(client: &impl GenericClient, id: &str) -> Result<(), Error> {
    DEFER.execute(client, &[&id]).await?;
    Ok(())
}

/// For how long the oldest mark has stood.
const OLDEST: Statement = Statement::new(
    "syncs::OLDEST",
    &[Type::BOOL],
    "
    select extract(epoch from now() - min(updated_at))::bigint as seconds, count(*) as marked
      from subscriptions
     where needs_sync and livemode = $1",
);

/// How many rows are marked, and for how many seconds the oldest has been; 0 where none is.
pub async fn oldest(client: &impl GenericClient, livemode: bool) -> Result<(i64, i64), Error> {
    let row = OLDEST.one(client, &[&livemode]).await?;
    Ok((row.get("marked"), row.get::<_, Option<i64>>("seconds").unwrap_or(0)))
}
