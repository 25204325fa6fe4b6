//! `payment_logs`: every verified event of Stripe's, once. Its unique id is what makes a delivery count once.

use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::{Error, Statement};
use crate::ids::UserId;

/// Every statement of this table.
pub const STATEMENTS: &[Statement] = &[
    INSERT,
    SETTLE,
    IS_KNOWN,
    CUSTOMER_IS_DELETED,
    USER_BY_PAYMENT_INTENT,
    UNMATCHED,
    CLAIM,
    REPLAYED,
    CLEAR_PAYLOADS,
];

/// An event on its way into the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The event's id.
    pub event_id: &'a str,
    /// The event that a thin one stands beside.
    pub snapshot_event_id: Option<&'a str>,
    /// Its type.
    pub event_type: &'a str,
    /// Its second.
    pub created: i64,
    /// The API version of its shape.
    pub api_version: Option<&'a str>,
    /// Whether it is about real money.
    pub livemode: bool,
    /// The object that it is about.
    pub object_id: Option<&'a str>,
    /// The customer.
    pub customer: Option<&'a str>,
    /// The subscription.
    pub subscription: Option<&'a str>,
    /// The invoice.
    pub invoice: Option<&'a str>,
    /// The payment intent.
    pub payment_intent: Option<&'a str>,
    /// The amount, in minor units.
    pub amount: Option<i64>,
    /// Its currency.
    pub currency: Option<&'a str>,
    /// What came of it, until [`settle`] says otherwise.
    pub outcome: &'a str,
    /// The reason.
    pub detail: Option<&'a str>,
    /// Its text, where it is kept.
    pub payload: Option<&'a str>,
    /// Whether nothing remains to be done.
    pub is_settled: bool,
}

/// The row, unless the event is there. A rival that delivers the same event waits here for the first one's end.
const INSERT: Statement = Statement::new(
    "payment_logs::INSERT",
    &[
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::INT8,
        Type::TEXT,
        Type::BOOL,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::INT8,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::BOOL,
    ],
    "
    insert into payment_logs
      (stripe_event_id, snapshot_event_id, event_type, event_created, api_version, livemode, object_id,
       stripe_customer_id, stripe_subscription_id, stripe_invoice_id, payment_intent_id, amount, currency,
       outcome, detail, payload, processed_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, case when $17 then now() end)
    on conflict (stripe_event_id) do nothing",
);

/// Enters an event; false where it was entered before.
pub async fn insert(client: &impl GenericClient, entry: &Entry<'_>) -> Result<bool, Error> {
    let parameters: [super::statement::Parameter<'_>; 17] = [
        &entry.event_id,
        &entry.snapshot_event_id,
        &entry.event_type,
        &entry.created,
        &entry.api_version,
        &entry.livemode,
        &entry.object_id,
        &entry.customer,
        &entry.subscription,
        &entry.invoice,
        &entry.payment_intent,
        &entry.amount,
        &entry.currency,
        &entry.outcome,
        &entry.detail,
        &entry.payload,
        &entry.is_settled,
    ];
    Ok(INSERT.execute(client, &parameters).await? == 1)
}

/// What came of an event.
const SETTLE: Statement = Statement::new(
    "payment_logs::SETTLE",
    &[Type::TEXT, Type::UUID, Type::TEXT, Type::TEXT],
    "
    update payment_logs
       set user_id = $2, outcome = $3, detail = $4, processed_at = now()
     where stripe_event_id = $1",
);

/// Notes what came of an event.
pub async fn settle(
    client: &impl GenericClient,
    event_id: &str,
    user_id: Option<UserId>,
    outcome: &str,
    detail: Option<&str>,
) -> Result<(), Error> {
    SETTLE.execute(client, &[&event_id, &user_id.map(UserId::uuid), &outcome, &detail]).await?;
    Ok(())
}

/// Whether an event was entered.
const IS_KNOWN: Statement = Statement::new(
    "payment_logs::IS_KNOWN",
    &[Type::TEXT],
    "
    select exists (select from payment_logs where stripe_event_id = $1) as is_known",
);

/// Whether this event was entered before.
pub async fn is_known(client: &impl GenericClient, event_id: &str) -> Result<bool, Error> {
    Ok(IS_KNOWN.one(client, &[&event_id]).await?.get("is_known"))
}

/// Whether a customer is gone.
const CUSTOMER_IS_DELETED: Statement = Statement::new(
    "payment_logs::CUSTOMER_IS_DELETED",
    &[Type::TEXT],
    "
    select exists (
             select
               from payment_logs
              where stripe_customer_id = $1 and event_type = 'customer.deleted' and outcome <> 'ignored'
           ) as is_deleted",
);

/// Whether an event told that this customer is gone.
pub async fn customer_is_deleted(client: &impl GenericClient, customer: &str) -> Result<bool, Error> {
    Ok(CUSTOMER_IS_DELETED.one(client, &[&customer]).await?.get("is_deleted"))
}

/// Whose payment it was.
const USER_BY_PAYMENT_INTENT: Statement = Statement::new(
    "payment_logs::USER_BY_PAYMENT_INTENT",
    &[Type::TEXT],
    "
    select user_id
      from payment_logs
     where payment_intent_id = $1 and user_id is not null
     order by received_at
     limit 1",
);

/// The person of the first event that named this payment intent and was someone's.
pub async fn user_by_payment_intent(
    client: &impl GenericClient,
    payment_intent: &str,
) -> Result<Option<UserId>, Error> {
    let row = USER_BY_PAYMENT_INTENT.optional(client, &[&payment_intent]).await?;
    Ok(row.map(|row| row.get::<_, uuid::Uuid>("user_id").into()))
}

/// Events that were nobody's and may be someone's by now: first at once, then after gaps that double.
const UNMATCHED: Statement = Statement::new(
    "payment_logs::UNMATCHED",
    &[Type::BOOL, Type::INT8, Type::INT8],
    "
    select id, stripe_event_id, event_type, stripe_subscription_id
      from payment_logs
     where outcome = 'unmatched'
       and livemode = $1
       and payload is not null
       and received_at > now() - interval '30 days'
       and (replays = 0
            or processed_at + least(interval '1 day', interval '5 minutes' * power(2, least(replays - 1, 9))) <= now())
       and id > $2
     order by id
     limit $3",
);

/// An event that was nobody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    /// The row's place in the list.
    pub row: i64,
    /// The event's id.
    pub event_id: String,
    /// Its type.
    pub event_type: String,
    /// The subscription that it names.
    pub subscription: Option<String>,
}

/// The events whose next replay is due, in pieces: those after this row, this many at most.
pub async fn unmatched(
    client: &impl GenericClient,
    livemode: bool,
    after: i64,
    rows_max: i64,
) -> Result<Vec<Unmatched>, Error> {
    let rows = UNMATCHED.rows(client, &[&livemode, &after, &rows_max]).await?;
    let unmatched = rows.iter().map(|row| Unmatched {
        row: row.get("id"),
        event_id: row.get("stripe_event_id"),
        event_type: row.get("event_type"),
        subscription: row.get("stripe_subscription_id"),
    });
    Ok(unmatched.collect())
}

/// One of them, unless a rival has it or has settled it.
const CLAIM: Statement = Statement::new(
    "payment_logs::CLAIM",
    &[Type::TEXT],
    "
    select payload
      from payment_logs
     where stripe_event_id = $1 and outcome = 'unmatched' and payload is not null
       for update skip locked",
);

/// Locks an event that was nobody's: its text, or none where a rival has it.
pub async fn claim(client: &impl GenericClient, event_id: &str) -> Result<Option<String>, Error> {
    Ok(CLAIM.optional(client, &[&event_id]).await?.map(|row| row.get("payload")))
}

/// One more replay.
const REPLAYED: Statement = Statement::new(
    "payment_logs::REPLAYED",
    &[Type::TEXT],
    "
    update payment_logs
       set replays = replays + 1
     where stripe_event_id = $1",
);

/// Counts a replay.
pub async fn replayed(client: &impl GenericClient, event_id: &str) -> Result<(), Error> {
    REPLAYED.execute(client, &[&event_id]).await?;
    Ok(())
}

/// The oldest texts; ids, amounts and outcomes stay.
const CLEAR_PAYLOADS: Statement = Statement::new(
    "payment_logs::CLEAR_PAYLOADS",
    &[Type::INT8],
    "
    update payment_logs
       set payload = null
     where id in (
             select id
               from payment_logs
              where payload is not null and received_at < now() - interval '90 days'
              order by received_at
              limit $1
           )",
);

/// Clears the texts of events of more than 90 days, this many at most; returns how many there were.
pub async fn clear_payloads(client: &impl GenericClient, rows_max: i64) -> Result<u64, Error> {
    CLEAR_PAYLOADS.execute(client, &[&rows_max]).await
}
