//! `credentials`: what proves an identity; so far a password's hash.

use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::{Error, Statement};
use crate::ids::{EventId, UserId};

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[INSERT, REPLACE_UNVERIFIED, RESET, PROVE, CONFIRM, COUNT_FAILURE];

const INSERT: Statement = Statement::new(
    "credentials::INSERT",
    &[Type::UUID, Type::TEXT],
    "
    insert into credentials (user_id, kind, phc)
    values ($1, 'password', $2)",
);

/// A new password for an account whose address nobody has proven, which ends what the former one began.
const REPLACE_UNVERIFIED: Statement = Statement::new(
    "credentials::REPLACE_UNVERIFIED",
    &[Type::UUID, Type::TEXT],
    "
    with replaced as (
      update credentials
         set phc = $2, failures = 0, disabled_at = null
       where user_id = $1 and kind = 'password'
         and exists (select from users where id = $1 and verified_at is null)
      returning user_id
    ), revoked as (
      update sessions
         set revoked_at = now(), revoke_reason = 'registered-again'
       where user_id = $1 and revoked_at is null and exists (select from replaced)
    )
    select user_id from replaced",
);

/// A new password for whoever proved that they read the account's mail; it may be the first one.
const RESET: Statement = Statement::new(
    "credentials::RESET",
    &[Type::UUID, Type::TEXT],
    "
    insert into credentials (user_id, kind, phc)
    values ($1, 'password', $2)
    on conflict (user_id, kind) do update set phc = excluded.phc, failures = 0, disabled_at = null",
);

/// Locks a password that is still the verified one, forgets its failures, and writes a stronger hash where there is one.
const PROVE: Statement = Statement::new(
    "credentials::PROVE",
    &[Type::UUID, Type::TEXT, Type::TEXT],
    "
    update credentials
       set failures = 0, phc = coalesce($3, phc)
     where user_id = $1 and kind = 'password' and phc = $2 and disabled_at is null",
);

/// Locks a password that is still the verified one, and forgets its failures.
const CONFIRM: Statement = Statement::new(
    "credentials::CONFIRM",
    &[Type::UUID, Type::TEXT],
    "
    update credentials
       set failures = 0
     where user_id = $1 and kind = 'password' and phc = $2 and disabled_at is null",
);

/// Counts a failure, and the event with it, whether or not there is such an account. The hundredth in a row switches
/// the password off until it is reset (NIST SP 800-63B-4 section 3.2.2).
const COUNT_FAILURE: Statement = Statement::new(
    "credentials::COUNT_FAILURE",
    &[Type::UUID, Type::BYTEA, Type::TEXT, Type::TEXT, Type::UUID, Type::UUID, Type::UUID, Type::BOOL],
    "
    with failed as (
      update credentials
         set failures = failures + 1,
             disabled_at = case when failures + 1 >= 100 then coalesce(disabled_at, now()) else disabled_at end
       where user_id = $1 and kind = 'password'
      returning failures
    ), events (id, name) as (
      select $5, 'authn_login_fail'
      union all
      select $6, 'authn_login_lock' from failed where failures = 100
      union all
      select $7, 'hash_unusable' where $8
    )
    insert into auth_events (id, name, user_id, subject_hash, ip_prefix, request_id)
    select id, name, $1, $2, $3, $4
      from events",
);

/// A failure to prove an identity.
#[derive(Debug, Clone)]
pub struct Failure<'a> {
    /// Whose account, if there is one.
    pub user_id: Option<UserId>,
    /// The account's key, which is known for unknown accounts too.
    pub subject_hash: &'a [u8],
    /// The client's network.
    pub ip_prefix: Option<String>,
    /// The request.
    pub request_id: &'a str,
    /// Whether the stored hash could not be used.
    pub hash_is_unusable: bool,
}

/// Writes the hash of a new account's password.
pub async fn insert(client: &impl GenericClient, user: UserId, phc: &str) -> Result<(), Error> {
    INSERT.execute(client, &[&user.uuid(), &phc]).await?;
    Ok(())
}

/// Replaces the password of an account that is still unverified, and ends its sessions; whether it was.
pub async fn replace_unverified(client: &impl GenericClient, user: UserId, phc: &str) -> Result<bool, Error> {
    Ok(REPLACE_UNVERIFIED.optional(client, &[&user.uuid(), &phc]).await?.is_some())
}

/// Sets the password of an account, whatever it was and however often it was failed.
pub async fn reset(client: &impl GenericClient, user: UserId, phc: &str) -> Result<(), Error> {
    RESET.execute(client, &[&user.uuid(), &phc]).await?;
    Ok(())
}

/// Locks the credential if its hash is still the verified one, and starts its count of failures anew; whether it is.
pub async fn prove(
    client: &impl GenericClient,
    user: UserId,
    verified: &str,
    rehashed: Option<&str>,
) -> Result<bool, Error> {
    Ok(PROVE.execute(client, &[&user.uuid(), &verified, &rehashed]).await? == 1)
}

/// Locks the credential if its hash is still the verified one, and starts its count of failures anew; whether it is.
pub async fn confirm(client: &impl GenericClient, user: UserId, verified: &str) -> Result<bool, Error> {
    Ok(CONFIRM.execute(client, &[&user.uuid(), &verified]).await? == 1)
}

/// Counts a failure.
pub async fn count_failure(client: &impl GenericClient, failure: &Failure<'_>) -> Result<(), Error> {
    let Failure { user_id, subject_hash, ip_prefix, request_id, hash_is_unusable } = failure;
    let [failed, locked, unusable] = [EventId::new(), EventId::new(), EventId::new()];
    COUNT_FAILURE
        .execute(
            client,
            &[
                &user_id.map(UserId::uuid),
                subject_hash,
                ip_prefix,
                request_id,
                &failed.uuid(),
                &locked.uuid(),
                &unusable.uuid(),
                hash_is_unusable,
            ],
        )
        .await?;
    Ok(())
}
