//! `subscriptions`: one row a subscription of Stripe's, as the newest event or answer told it.

use time::OffsetDateTime;
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};

use super::{Error, Statement};
use crate::ids::UserId;

/// Every statement of this table.
pub const STATEMENTS: &[Statement] =
    &[INSERT, LOCK, APPLY, LINK, CANCEL_BY_CUSTOMER, STATUS_BY_ID, STATES_BY_USER];

/// What Stripe says of a subscription: the columns that derive from one event or answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub customer: Option<String>,
    /// Its status, as Stripe says it.
    pub status: String,
    /// The price of the item that tells the plan.
    pub price_id: Option<String>,
    /// How many of it.
    pub quantity: Option<i64>,
    /// Its currency.
    pub currency: Option<String>,
    /// When the paid period began.
    pub current_period_start: Option<OffsetDateTime>,
    /// When it ends.
    pub current_period_end: Option<OffsetDateTime>,
    /// When the trial ends.
    pub trial_end: Option<OffsetDateTime>,
    /// Whether it ends with the period.
    pub cancel_at_period_end: bool,
    /// When it ends otherwise.
    pub cancel_at: Option<OffsetDateTime>,
    /// When someone cancelled it.
    pub canceled_at: Option<OffsetDateTime>,
    /// When it ended.
    pub ended_at: Option<OffsetDateTime>,
    /// What happens to invoices while the collection is paused; `unknown` where that is not said.
    pub pause_behavior: Option<String>,
    /// When the collection goes on.
    pub pause_resumes_at: Option<OffsetDateTime>,
    /// Its last invoice.
    pub latest_invoice_id: Option<String>,
}

/// A row that is made before its first snapshot is looked at.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// Whose it is.
    pub user_id: UserId,
    /// Its id.
    pub id: &'a str,
    /// Stripe's customer.
    pub customer: &'a str,
    /// Whether it is real money.
    pub livemode: bool,
    /// Why it has to be asked of Stripe, where no snapshot follows at once.
    pub sync_reason: Option<&'a str>,
}

/// A row without a status of its own yet; every snapshot passes the guard over it.
const INSERT: Statement = Statement::new(
    "subscriptions::INSERT",
    &[Type::UUID, Type::TEXT, Type::TEXT, Type::BOOL, Type::TEXT],
    "
    insert into subscriptions
      (user_id, stripe_subscription_id, stripe_customer_id, livemode, status, needs_sync, sync_reason)
    values ($1, $2, $3, $4, 'incomplete', $5 is not null, $5)
    on conflict (stripe_subscription_id) do nothing",
);

/// Makes the row unless it is there.
pub async fn insert(client: &impl GenericClient, new: &New<'_>) -> Result<(), Error> {
    let New { user_id, id, customer, livemode, sync_reason } = new;
    INSERT.execute(client, &[&user_id.uuid(), id, customer, livemode, sync_reason]).await?;
    Ok(())
}

/// A stored row, locked.
#[derive(Debug)]
pub struct Stored {
    /// Whose it is.
    pub user_id: UserId,
    /// What derives from the last snapshot.
    pub snapshot: Snapshot,
    /// The plan.
    pub plan: Option<String>,
    /// The last event; none before the first, and after an answer of Stripe's.
    pub last_event_id: Option<String>,
    /// Its type.
    pub last_event_type: Option<String>,
    /// Its second.
    pub last_event_created: i64,
    /// The texts of the subscription's events of that second, where it is the one that was asked for.
    pub payloads: Vec<String>,
    /// Whether the same person has another one that has not ended.
    pub has_living_sibling: bool,
}

/// The row under lock, with the texts of a second's events where they are needed: where the last event is of that second.
const LOCK: Statement = Statement::new(
    "subscriptions::LOCK",
    &[Type::TEXT, Type::INT8],
    "
    select s.user_id, s.stripe_subscription_id, s.stripe_customer_id, s.status, s.plan, s.price_id, s.quantity,
           s.currency, s.current_period_start, s.current_period_end, s.trial_end, s.cancel_at_period_end,
           s.cancel_at, s.canceled_at, s.ended_at, s.pause_behavior, s.pause_resumes_at, s.latest_invoice_id,
           s.last_event_id, s.last_event_type, s.last_event_created,
           case when s.last_event_created = $2 then array(
             select l.payload
               from payment_logs l
              where l.stripe_subscription_id = $1
                and l.event_created = $2
                and l.event_type like 'customer.subscription.%'
                and l.outcome in ('applied', 'stale')
                and l.payload is not null
           ) else '{}' end as payloads,
           exists (
             select from subscriptions o
              where o.user_id = s.user_id and o.livemode = s.livemode and o.id <> s.id
                and o.status not in ('canceled', 'incomplete_expired')
           ) as has_living_sibling
      from subscriptions s
     where s.stripe_subscription_id = $1
       for update of s",
);

/// Locks the row and reads it; `created` is the second of the event in hand.
pub async fn lock(client: &impl GenericClient, id: &str, created: i64) -> Result<Option<Stored>, Error> {
    let row = LOCK.optional(client, &[&id, &created]).await?;
    Ok(row.as_ref().map(stored))
}

fn stored(row: &Row) -> Stored {
    Stored {
        user_id: UserId::from(row.get::<_, uuid::Uuid>("user_id")),
        snapshot: snapshot(row),
        plan: row.get("plan"),
        last_event_id: row.get("last_event_id"),
        last_event_type: row.get("last_event_type"),
        last_event_created: row.get("last_event_created"),
        payloads: row.get("payloads"),
        has_living_sibling: row.get("has_living_sibling"),
    }
}

/// The columns of a snapshot.
pub(super) fn snapshot(row: &Row) -> Snapshot {
    Snapshot {
        id: row.get("stripe_subscription_id"),
        customer: row.get("stripe_customer_id"),
        status: row.get("status"),
        price_id: row.get("price_id"),
        quantity: row.get("quantity"),
        currency: row.get("currency"),
        current_period_start: row.get("current_period_start"),
        current_period_end: row.get("current_period_end"),
        trial_end: row.get("trial_end"),
        cancel_at_period_end: row.get("cancel_at_period_end"),
        cancel_at: row.get("cancel_at"),
        canceled_at: row.get("canceled_at"),
        ended_at: row.get("ended_at"),
        pause_behavior: row.get("pause_behavior"),
        pause_resumes_at: row.get("pause_resumes_at"),
        latest_invoice_id: row.get("latest_invoice_id"),
    }
}

/// The event whose snapshot is stored.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its id.
    pub event_id: &'a str,
    /// Its type.
    pub event_type: &'a str,
    /// Its second.
    pub created: i64,
    /// The same as an instant.
    pub created_at: Option<OffsetDateTime>,
    /// The API version of its shape.
    pub api_version: Option<&'a str>,
}

/// Everything that a snapshot tells. A mark stays: only an answer of Stripe's clears it.
const APPLY: Statement = Statement::new(
    "subscriptions::APPLY",
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
        Type::TEXT,
        Type::INT8,
        Type::TIMESTAMPTZ,
        Type::TEXT,
    ],
    "
    update subscriptions
       set stripe_customer_id = coalesce($2, stripe_customer_id),
           status = $3,
           plan = $4,
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
           last_event_id = $19,
           last_event_type = $20,
           last_event_created = $21,
           past_due_since = case
             when $3 = 'past_due' then coalesce(case when status = 'past_due' then past_due_since end, $22)
           end,
           needs_sync = needs_sync or $23 is not null,
           sync_reason = coalesce($23, sync_reason),
           updated_at = now()
     where stripe_subscription_id = $1",
);

/// Stores a snapshot that the guard let through; `sync_reason` marks the row as one to be asked of Stripe.
pub async fn apply(
    client: &impl GenericClient,
    snapshot: &Snapshot,
    plan: Option<&str>,
    source: &Source<'_>,
    sync_reason: Option<&str>,
) -> Result<(), Error> {
    let parameters: [super::statement::Parameter<'_>; 23] = [
        &snapshot.id,
        &snapshot.customer,
        &snapshot.status,
        &plan,
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
        &source.api_version,
        &source.event_id,
        &source.event_type,
        &source.created,
        &source.created_at,
        &sync_reason,
    ];
    APPLY.execute(client, &parameters).await?;
    Ok(())
}

/// The Checkout session that a subscription came from.
const LINK: Statement = Statement::new(
    "subscriptions::LINK",
    &[Type::TEXT, Type::UUID, Type::TEXT],
    "
    update subscriptions
       set checkout_session_id = $3, updated_at = now()
     where stripe_subscription_id = $1 and user_id = $2",
);

/// Notes the Checkout session that a subscription came from.
pub async fn link(
    client: &impl GenericClient,
    id: &str,
    user_id: UserId,
    checkout_session: &str,
) -> Result<(), Error> {
    LINK.execute(client, &[&id, &user_id.uuid(), &checkout_session]).await?;
    Ok(())
}

/// The end of everything that a customer had. It cannot be undone at Stripe, so no order matters. The rows are marked: that
/// they have ended is all that is known of how they stand.
const CANCEL_BY_CUSTOMER: Statement = Statement::new(
    "subscriptions::CANCEL_BY_CUSTOMER",
    &[Type::TEXT, Type::TEXT, Type::TEXT, Type::INT8, Type::TIMESTAMPTZ],
    "
    with locked as (
      select id
        from subscriptions
       where stripe_customer_id = $1 and status not in ('canceled', 'incomplete_expired')
       order by id
         for update
    )
    update subscriptions s
       set status = 'canceled',
           ended_at = coalesce(s.ended_at, $5, now()),
           past_due_since = null,
           last_event_id = $2,
           last_event_type = $3,
           last_event_created = greatest(s.last_event_created, $4),
           needs_sync = true,
           sync_reason = 'customer-deleted',
           updated_at = now()
      from locked
     where s.id = locked.id",
);

/// Ends every subscription of a deleted customer.
pub async fn cancel_by_customer(
    client: &impl GenericClient,
    customer: &str,
    source: &Source<'_>,
) -> Result<(), Error> {
    let Source { event_id, event_type, created, created_at, .. } = source;
    CANCEL_BY_CUSTOMER.execute(client, &[&customer, event_id, event_type, created, created_at]).await?;
    Ok(())
}

/// A subscription's stored status.
const STATUS_BY_ID: Statement = Statement::new(
    "subscriptions::STATUS_BY_ID",
    &[Type::TEXT],
    "
    select status
      from subscriptions
     where stripe_subscription_id = $1",
);

/// The stored status of a subscription; none where no event told of it yet.
pub async fn status_by_id(client: &impl GenericClient, id: &str) -> Result<Option<String>, Error> {
    let row = STATUS_BY_ID.optional(client, &[&id]).await?;
    Ok(row.map(|row| row.get("status")))
}

/// The state of everything a person ever subscribed to, in this mode.
const STATES_BY_USER: Statement = Statement::new(
    "subscriptions::STATES_BY_USER",
    &[Type::UUID, Type::BOOL],
    "
    select distinct status, pause_behavior is not null as collection_is_paused
      from subscriptions
     where user_id = $1 and livemode = $2",
);

/// How one subscription stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Stripe's word for it.
    pub status: String,
    /// Whether nothing is collected for it at present.
    pub collection_is_paused: bool,
}

/// The states of everything a person ever subscribed to, each once.
pub async fn states_by_user(
    client: &impl GenericClient,
    user: UserId,
    livemode: bool,
) -> Result<Vec<State>, Error> {
    let rows = STATES_BY_USER.rows(client, &[&user.uuid(), &livemode]).await?;
    let states = rows.iter().map(|row| State {
        status: row.get("status"),
        collection_is_paused: row.get("collection_is_paused"),
    });
    Ok(states.collect())
}
