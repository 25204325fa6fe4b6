//! The columns of `users` that say which customer of Stripe's a person is, and which Checkout session is open for them.

use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::{Error, Statement};
use crate::ids::{SessionId, UserId};

/// Every statement of these columns.
pub const STATEMENTS: &[Statement] = &[
    LOCK,
    LOCK_BY_CUSTOMER,
    SET,
    CLEAR_SESSION,
    FORGET,
    FOR_CHECKOUT,
    FOR_PORTAL,
    REPLACE,
    BY_USER,
    OPEN_SESSION,
];

/// A person that an event may be about, locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The person.
    pub user_id: UserId,
    /// Their customer, now that the row is locked.
    pub customer: Option<String>,
    /// Whether the subscription that was asked for is theirs.
    pub owns_subscription: bool,
}

/// Everyone whom an event names: by its subscription, by its customer, or by our own id. The rows are locked in one order,
/// so that two events never wait for each other; what was written while one waited is what it reads.
const LOCK: Statement = Statement::new(
    "customers::LOCK",
    &[Type::TEXT, Type::TEXT, Type::UUID_ARRAY],
    "
    select u.id,
           u.stripe_customer_id,
           exists (
             select from subscriptions s where s.stripe_subscription_id = $1 and s.user_id = u.id
           ) as owns_subscription
      from users u
     where u.id in (
             select user_id from subscriptions where stripe_subscription_id = $1
             union
             select id from users where stripe_customer_id = $2
             union
             select unnest($3)
           )
     order by u.id
       for no key update of u",
);

/// Locks everyone whom an event names.
pub async fn lock(
    client: &impl GenericClient,
    subscription: Option<&str>,
    customer: Option<&str>,
    users: &[UserId],
) -> Result<Vec<Candidate>, Error> {
    let users: Vec<Uuid> = users.iter().map(|user| user.uuid()).collect();
    let rows = LOCK.rows(client, &[&subscription, &customer, &users]).await?;
    let candidate = |row: &tokio_postgres::Row| Candidate {
        user_id: row.get::<_, Uuid>("id").into(),
        customer: row.get("stripe_customer_id"),
        owns_subscription: row.get("owns_subscription"),
    };
    Ok(rows.iter().map(candidate).collect())
}

/// Everyone who is or was this customer.
const LOCK_BY_CUSTOMER: Statement = Statement::new(
    "customers::LOCK_BY_CUSTOMER",
    &[Type::TEXT],
    "
    select u.id, u.stripe_customer_id
      from users u
     where u.id in (
             select user_id from subscriptions where stripe_customer_id = $1
             union
             select id from users where stripe_customer_id = $1
           )
     order by u.id
       for no key update of u",
);

/// Locks everyone who is or was this customer.
pub async fn lock_by_customer(client: &impl GenericClient, customer: &str) -> Result<Vec<Candidate>, Error> {
    let rows = LOCK_BY_CUSTOMER.rows(client, &[&customer]).await?;
    let candidate = |row: &tokio_postgres::Row| Candidate {
        user_id: row.get::<_, Uuid>("id").into(),
        customer: row.get("stripe_customer_id"),
        owns_subscription: false,
    };
    Ok(rows.iter().map(candidate).collect())
}

/// A first customer.
const SET: Statement = Statement::new(
    "customers::SET",
    &[Type::UUID, Type::TEXT, Type::BOOL],
    "
    update users
       set stripe_customer_id = $2, stripe_livemode = $3
     where id = $1 and stripe_customer_id is null",
);

/// Makes a person, who has none, this customer.
pub async fn set(
    client: &impl GenericClient,
    user_id: UserId,
    customer: &str,
    livemode: bool,
) -> Result<(), Error> {
    SET.execute(client, &[&user_id.uuid(), &customer, &livemode]).await?;
    Ok(())
}

/// A Checkout session that is over.
const CLEAR_SESSION: Statement = Statement::new(
    "customers::CLEAR_SESSION",
    &[Type::UUID, Type::TEXT],
    "
    update users
       set open_checkout_session = null
     where id = $1 and open_checkout_session = $2",
);

/// Forgets a Checkout session that is over, if it is the one that was open.
pub async fn clear_session(
    client: &impl GenericClient,
    user_id: UserId,
    checkout_session: &str,
) -> Result<(), Error> {
    CLEAR_SESSION.execute(client, &[&user_id.uuid(), &checkout_session]).await?;
    Ok(())
}

/// A customer who is gone.
const FORGET: Statement = Statement::new(
    "customers::FORGET",
    &[Type::TEXT],
    "
    update users
       set stripe_customer_id = null, stripe_livemode = null, open_checkout_session = null
     where stripe_customer_id = $1",
);

/// Forgets a customer who is gone.
pub async fn forget(client: &impl GenericClient, customer: &str) -> Result<(), Error> {
    FORGET.execute(client, &[&customer]).await?;
    Ok(())
}

/// Someone who wants to subscribe.
#[derive(Debug, Clone)]
pub struct Subscriber {
    /// Where the invoices go.
    pub email: String,
    /// Their customer in this mode.
    pub customer: Option<String>,
    /// What stands in the column, of whatever mode: what a replacement has to be told.
    pub stored_customer: Option<String>,
    /// Whether they ever had a subscription.
    pub had_subscription: bool,
    /// Whether they have one that has not ended.
    pub has_subscription: bool,
}

/// The person, if their session is alive, with what decides whether they may subscribe.
const FOR_CHECKOUT: Statement = Statement::new(
    "customers::FOR_CHECKOUT",
    &[Type::UUID, Type::UUID, Type::BOOL],
    "
    select u.email,
           u.stripe_customer_id as stored_customer,
           case when u.stripe_livemode = $3 then u.stripe_customer_id end as customer,
           exists (
             select from subscriptions s where s.user_id = u.id and s.livemode = $3
           ) as had_subscription,
           exists (
             select
               from subscriptions s
              where s.user_id = u.id and s.livemode = $3 and s.status not in ('canceled', 'incomplete_expired')
           ) as has_subscription
      from users u
      join sessions n on n.user_id = u.id
     where u.id = $1
       and u.disabled_at is null
       and u.deleted_at is null
       and n.id = $2
       and n.revoked_at is null
       and n.idle_expires_at > now()
       and n.absolute_expires_at > now()",
);

/// The person of a live session; none where the session or the account is over.
pub async fn for_checkout(
    client: &impl GenericClient,
    user_id: UserId,
    session_id: SessionId,
    livemode: bool,
) -> Result<Option<Subscriber>, Error> {
    let row = FOR_CHECKOUT.optional(client, &[&user_id.uuid(), &session_id.uuid(), &livemode]).await?;
    Ok(row.map(|row| Subscriber {
        email: row.get("email"),
        customer: row.get("customer"),
        stored_customer: row.get("stored_customer"),
        had_subscription: row.get("had_subscription"),
        has_subscription: row.get("has_subscription"),
    }))
}

/// The customer of the person, if their session is alive.
const FOR_PORTAL: Statement = Statement::new(
    "customers::FOR_PORTAL",
    &[Type::UUID, Type::UUID, Type::BOOL],
    "
    select case when u.stripe_livemode = $3 then u.stripe_customer_id end as customer
      from users u
      join sessions n on n.user_id = u.id
     where u.id = $1
       and u.disabled_at is null
       and u.deleted_at is null
       and n.id = $2
       and n.revoked_at is null
       and n.idle_expires_at > now()
       and n.absolute_expires_at > now()",
);

/// Someone whose session is alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payer {
    /// Their customer in this mode.
    pub customer: Option<String>,
}

/// Who asks for the portal; none where the session or the account is over.
pub async fn for_portal(
    client: &impl GenericClient,
    user_id: UserId,
    session_id: SessionId,
    livemode: bool,
) -> Result<Option<Payer>, Error> {
    let row = FOR_PORTAL.optional(client, &[&user_id.uuid(), &session_id.uuid(), &livemode]).await?;
    Ok(row.map(|row| Payer { customer: row.get("customer") }))
}

/// Another customer, unless a rival was faster.
const REPLACE: Statement = Statement::new(
    "customers::REPLACE",
    &[Type::UUID, Type::TEXT, Type::BOOL, Type::TEXT],
    "
    update users
       set stripe_customer_id = $2, stripe_livemode = $3
     where id = $1 and stripe_customer_id is not distinct from $4",
);

/// What stands there after all.
const BY_USER: Statement = Statement::new(
    "customers::BY_USER",
    &[Type::UUID, Type::BOOL],
    "
    select stripe_customer_id
      from users
     where id = $1 and stripe_livemode = $2",
);

/// Makes a person this customer in place of the one that was read (or of none), and tells which one they are then: a rival
/// that was faster wins.
pub async fn replace(
    client: &impl GenericClient,
    user_id: UserId,
    read: Option<&str>,
    customer: &str,
    livemode: bool,
) -> Result<Option<String>, Error> {
    let replaced = REPLACE.execute(client, &[&user_id.uuid(), &customer, &livemode, &read]).await?;
    if replaced == 1 {
        return Ok(Some(customer.to_owned()));
    }
    let row = BY_USER.optional(client, &[&user_id.uuid(), &livemode]).await?;
    Ok(row.and_then(|row| row.get("stripe_customer_id")))
}

/// The one open session, and the one that it takes the place of.
const OPEN_SESSION: Statement = Statement::new(
    "customers::OPEN_SESSION",
    &[Type::UUID, Type::TEXT],
    "
    with before as (
      select id, open_checkout_session
        from users
       where id = $1
         for no key update
    )
    update users u
       set open_checkout_session = $2
      from before
     where u.id = before.id
    returning before.open_checkout_session as replaced",
);

/// Notes the session that is open now; returns another one that was open.
pub async fn open_session(
    client: &impl GenericClient,
    user_id: UserId,
    checkout_session: &str,
) -> Result<Option<String>, Error> {
    let row = OPEN_SESSION.optional(client, &[&user_id.uuid(), &checkout_session]).await?;
    let replaced: Option<String> = row.and_then(|row| row.get("replaced"));
    Ok(replaced.filter(|replaced| replaced != checkout_session))
}
