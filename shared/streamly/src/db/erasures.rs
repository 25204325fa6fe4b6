//! What is erased of people who deleted their account, across all tables that know them, once 14 days have passed.
//!
//! What was paid stays, under an id that leads to nobody here: the rows of `subscriptions` and `payment_logs` without the
//! texts of events, the empty row of `users`, and of `auth_events` what happened when.

use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::{Error, Statement};
use crate::ids::UserId;

/// Every statement of erasure.
pub const STATEMENTS: &[Statement] = &[DUE, HELD, ERASE];

/// Whose time has come, and who has nothing at Stripe that goes on or that has to be asked about.
const DUE: Statement = Statement::new(
    "erasures::DUE",
    &[Type::UUID, Type::INT8],
    "
    select id
      from users
     where deleted_at <= now() - interval '14 days' and erased_at is null
       and id > $1
       and not exists (
             select
               from subscriptions
              where user_id = users.id and (status not in ('canceled', 'incomplete_expired') or needs_sync))
     order by id
     limit $2",
);

/// Whose time has come, but of whom something at Stripe goes on.
const HELD: Statement = Statement::new(
    "erasures::HELD",
    &[],
    "
    select count(*) as held
      from users
     where deleted_at <= now() - interval '14 days' and erased_at is null
       and exists (
             select
               from subscriptions
              where user_id = users.id and (status not in ('canceled', 'incomplete_expired') or needs_sync))",
);

/// Everything at once, so that nobody is erased by half. Whether it is due is asked again: an operator may have taken the
/// deletion back, or a subscription begun.
const ERASE: Statement = Statement::new(
    "erasures::ERASE",
    &[Type::UUID],
    "
    with erased as (
      update users
         set email = '', email_canonical = '', verified_at = null, open_checkout_session = null, erased_at = now()
       where id = $1 and deleted_at <= now() - interval '14 days' and erased_at is null
         and not exists (
               select
                 from subscriptions
                where user_id = $1 and (status not in ('canceled', 'incomplete_expired') or needs_sync))
      returning id
    ), proofs as (
      delete from credentials where user_id = $1 and exists (select from erased)
    ), logins as (
      delete from sessions where user_id = $1 and exists (select from erased)
    ), tokens as (
      delete from one_time_tokens where user_id = $1 and exists (select from erased)
    ), places as (
      delete from watch_progress where user_id = $1 and exists (select from erased)
    ), plays as (
      delete from streams where user_id = $1 and exists (select from erased)
    ), titles as (
      update videos set uploader_id = null where uploader_id = $1 and exists (select from erased)
    ), texts as (
      update payment_logs set payload = null
       where user_id = $1 and payload is not null and exists (select from erased)
    ), happened as (
      update auth_events set session_id = null, subject_hash = null, ip_prefix = null, request_id = null, detail = null
       where user_id = $1 and exists (select from erased)
    )
    select id from erased",
);

/// People after this one whose time has come, so many at most; none comes before the first.
pub async fn due(
    client: &impl GenericClient,
    after: Option<UserId>,
    people_max: i64,
) -> Result<Vec<UserId>, Error> {
    let after = after.map_or(Uuid::nil(), UserId::uuid);
    let rows = DUE.rows(client, &[&after, &people_max]).await?;
    Ok(rows.iter().map(|row| row.get::<_, Uuid>("id").into()).collect())
}

/// How many people wait although their time has come, since something of theirs goes on at Stripe.
pub async fn held(client: &impl GenericClient) -> Result<i64, Error> {
    Ok(HELD.one(client, &[]).await?.get("held"))
}

/// Erases a person; false where that is not due, or was done.
pub async fn erase(client: &impl GenericClient, user: UserId) -> Result<bool, Error> {
    Ok(ERASE.optional(client, &[&user.uuid()]).await?.is_some())
}
