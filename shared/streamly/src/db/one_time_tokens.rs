//! `one_time_tokens`: hashes of tokens that were mailed. A newer one takes the place of the older of its purpose.
//!
//! Whoever uses tokens up, or voids them, locks all those of the person first, in the order of their purposes, and only
//! then rows of other tables: so no two ever wait for each other, and whoever replaces one at this moment is waited for.

use std::fmt;
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};
use uuid::Uuid;

use super::{Error, Statement};
use crate::ids::UserId;

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[
    REPLACE,
    DELETE,
    LOCK_OF_USER,
    LOCK_OF_HOLDER,
    LIVE_RESET,
    CONSUME_RESET,
    CONSUME_FOR_ADDRESS,
    DELETE_OF_USER,
    DELETE_RESET,
];

/// A token that takes the place of the older one. Whoever uses that one at this moment is waited for.
const REPLACE: Statement = Statement::new(
    "one_time_tokens::REPLACE",
    &[Type::BYTEA, Type::UUID, Type::TEXT, Type::TEXT, Type::INT4],
    "
    insert into one_time_tokens (hash, user_id, purpose, email, expires_at)
    values ($1, $2, $3, $4, now() + $5 * interval '1 second')
    on conflict (user_id, purpose) do update set
      hash = excluded.hash, email = excluded.email, expires_at = excluded.expires_at",
);

const DELETE: Statement = Statement::new(
    "one_time_tokens::DELETE",
    &[Type::BYTEA],
    "
    delete from one_time_tokens
     where hash = $1",
);

const LOCK_OF_USER: Statement = Statement::new(
    "one_time_tokens::LOCK_OF_USER",
    &[Type::UUID],
    "
    select hash
      from one_time_tokens
     where user_id = $1
     order by purpose
       for update",
);

const LOCK_OF_HOLDER: Statement = Statement::new(
    "one_time_tokens::LOCK_OF_HOLDER",
    &[Type::BYTEA],
    "
    select hash
      from one_time_tokens
     where user_id = (select user_id from one_time_tokens where hash = $1)
     order by purpose
       for update",
);

/// Whose password a live token resets.
const LIVE_RESET: Statement = Statement::new(
    "one_time_tokens::LIVE_RESET",
    &[Type::BYTEA],
    "
    select users.id, users.email
      from one_time_tokens
      join users on users.id = one_time_tokens.user_id and users.email_canonical = one_time_tokens.email
     where one_time_tokens.hash = $1 and one_time_tokens.purpose = 'reset' and one_time_tokens.expires_at > now()
       and users.disabled_at is null and users.deleted_at is null",
);

const CONSUME_RESET: Statement = Statement::new(
    "one_time_tokens::CONSUME_RESET",
    &[Type::BYTEA],
    "
    delete from one_time_tokens
     using users
     where one_time_tokens.hash = $1 and one_time_tokens.purpose = 'reset' and one_time_tokens.expires_at > now()
       and users.id = one_time_tokens.user_id and users.email_canonical = one_time_tokens.email
       and users.disabled_at is null and users.deleted_at is null
    returning users.id, users.email",
);

/// A token that proves an address: the one that the account has, or the one that it is to have.
const CONSUME_FOR_ADDRESS: Statement = Statement::new(
    "one_time_tokens::CONSUME_FOR_ADDRESS",
    &[Type::BYTEA],
    "
    delete from one_time_tokens
     using users
     where one_time_tokens.hash = $1 and one_time_tokens.expires_at > now()
       and users.id = one_time_tokens.user_id and users.disabled_at is null and users.deleted_at is null
       and (one_time_tokens.purpose = 'verify' and users.email_canonical = one_time_tokens.email
            or one_time_tokens.purpose = 'change_email')
    returning users.id, one_time_tokens.purpose = 'change_email' as is_change, one_time_tokens.email",
);

const DELETE_OF_USER: Statement = Statement::new(
    "one_time_tokens::DELETE_OF_USER",
    &[Type::UUID],
    "
    delete from one_time_tokens
     where user_id = $1",
);

const DELETE_RESET: Statement = Statement::new(
    "one_time_tokens::DELETE_RESET",
    &[Type::UUID],
    "
    delete from one_time_tokens
     where user_id = $1 and purpose = 'reset'",
);

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Proves the address of an account.
    Verify,
    /// Sets a new password.
    Reset,
    /// Gives an account another address.
    ChangeEmail,
}

impl Purpose {
    /// Its name in the column.
    fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::ChangeEmail => "change_email",
        }
    }

    /// How long a token lives, in seconds.
    pub fn life_s(self) -> i32 {
        match self {
            Self::Verify => 24 * 3_600,
            Self::Reset => 30 * 60,
            Self::ChangeEmail => 3_600,
        }
    }
}

/// Whose password may be reset.
#[derive(Clone, PartialEq, Eq)]
pub struct Holder {
    /// The person.
    pub user_id: UserId,
    /// Their address, as they typed it.
    pub email: String,
}

impl fmt::Debug for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Holder").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// What a token proved that was just used up.
#[derive(Clone, PartialEq, Eq)]
pub struct ProvenAddress {
    /// Whose token it was.
    pub user_id: UserId,
    /// The address that it was sent to.
    pub email: String,
    /// Whether the account is to have this address from now on.
    pub is_change: bool,
}

impl fmt::Debug for ProvenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("ProvenAddress");
        debug.field("user_id", &self.user_id).field("is_change", &self.is_change).finish_non_exhaustive()
    }
}

/// Writes the hash of a token that was sent to this address: the canonical form of the account's own, or the new one as
/// it was typed.
pub async fn replace(
    client: &impl GenericClient,
    purpose: Purpose,
    hash: &[u8],
    user: UserId,
    email: &str,
) -> Result<(), Error> {
    REPLACE.execute(client, &[&hash, &user.uuid(), &purpose.name(), &email, &purpose.life_s()]).await?;
    Ok(())
}

/// Takes a token away again.
pub async fn delete(client: &impl GenericClient, hash: &[u8]) -> Result<(), Error> {
    DELETE.execute(client, &[&hash]).await?;
    Ok(())
}

/// Locks every token of a person.
pub async fn lock_of_user(client: &impl GenericClient, user: UserId) -> Result<(), Error> {
    LOCK_OF_USER.rows(client, &[&user.uuid()]).await?;
    Ok(())
}

/// Locks every token of whoever holds this one.
pub async fn lock_of_holder(client: &impl GenericClient, hash: &[u8]) -> Result<(), Error> {
    LOCK_OF_HOLDER.rows(client, &[&hash]).await?;
    Ok(())
}

/// Whose password this token resets, if it is live.
pub async fn live_reset(client: &impl GenericClient, hash: &[u8]) -> Result<Option<Holder>, Error> {
    Ok(LIVE_RESET.optional(client, &[&hash]).await?.as_ref().map(holder))
}

/// Uses a token up that resets a password; none where it is not live any more.
pub async fn consume_reset(client: &impl GenericClient, hash: &[u8]) -> Result<Option<Holder>, Error> {
    Ok(CONSUME_RESET.optional(client, &[&hash]).await?.as_ref().map(holder))
}

/// Uses a token up that proves an address; none where it is not live.
pub async fn consume_for_address(
    client: &impl GenericClient,
    hash: &[u8],
) -> Result<Option<ProvenAddress>, Error> {
    let row = CONSUME_FOR_ADDRESS.optional(client, &[&hash]).await?;
    Ok(row.map(|row| ProvenAddress {
        user_id: row.get::<_, Uuid>("id").into(),
        email: row.get("email"),
        is_change: row.get("is_change"),
    }))
}

/// Voids every token of a person.
pub async fn delete_of_user(client: &impl GenericClient, user: UserId) -> Result<(), Error> {
    DELETE_OF_USER.execute(client, &[&user.uuid()]).await?;
    Ok(())
}

/// Voids the token that would reset a person's password.
pub async fn delete_reset(client: &impl GenericClient, user: UserId) -> Result<(), Error> {
    DELETE_RESET.execute(client, &[&user.uuid()]).await?;
    Ok(())
}

fn holder(row: &Row) -> Holder {
    Holder { user_id: row.get::<_, Uuid>("id").into(), email: row.get("email") }
}
