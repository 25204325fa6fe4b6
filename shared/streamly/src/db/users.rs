//! `users`: one row a person. The canonical address is unique among the living.

use std::fmt;
use time::OffsetDateTime;
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::auth_events::Event;
use super::{Error, Statement};
use crate::ids::{EventId, SessionId, UserId};

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[
    INSERT,
    BY_ADDRESS,
    PASSWORD_BY_ADDRESS,
    PASSWORD_BY_SESSION,
    SCOPE,
    MARK_VERIFIED,
    CHANGE_EMAIL,
    PROFILE_BY_SESSION,
    CLOSE,
];

/// A new account, unless a living one has the address: the unique index decides, whatever happens at the same time.
const INSERT: Statement = Statement::new(
    "users::INSERT",
    &[Type::UUID, Type::TEXT, Type::TEXT],
    "
    insert into users (id, email, email_canonical)
    values ($1, $2, $3)
    on conflict (email_canonical) where deleted_at is null do nothing
    returning created_at",
);

/// The living account with this address.
const BY_ADDRESS: Statement = Statement::new(
    "users::BY_ADDRESS",
    &[Type::TEXT],
    "
    select id, email, verified_at is not null as is_verified, disabled_at is not null as is_disabled
      from users
     where email_canonical = $1 and deleted_at is null",
);

/// The living account with this address, and its password.
const PASSWORD_BY_ADDRESS: Statement = Statement::new(
    "users::PASSWORD_BY_ADDRESS",
    &[Type::TEXT],
    "
    select users.id, users.verified_at is not null as is_verified, users.scope, credentials.phc,
           users.disabled_at is null and credentials.disabled_at is null as is_enabled
      from users
      left join credentials on credentials.user_id = users.id and credentials.kind = 'password'
     where users.email_canonical = $1 and users.deleted_at is null",
);

/// The account of a live session, and its password.
const PASSWORD_BY_SESSION: Statement = Statement::new(
    "users::PASSWORD_BY_SESSION",
    &[Type::UUID, Type::UUID],
    "
    select users.email, credentials.phc, credentials.disabled_at is null as is_enabled
      from users
      join sessions on sessions.user_id = users.id
      left join credentials on credentials.user_id = users.id and credentials.kind = 'password'
     where users.id = $1 and users.disabled_at is null and users.deleted_at is null
       and sessions.id = $2 and sessions.revoked_at is null
       and sessions.idle_expires_at > now() and sessions.absolute_expires_at > now()",
);

const SCOPE: Statement = Statement::new(
    "users::SCOPE",
    &[Type::UUID],
    "
    select scope
      from users
     where id = $1",
);

/// An address is proven once, and the event tells of it.
const MARK_VERIFIED: Statement = Statement::new(
    "users::MARK_VERIFIED",
    &[Type::UUID, Type::UUID, Type::BYTEA, Type::TEXT, Type::TEXT],
    "
    with verified as (
      update users
         set verified_at = now()
       where id = $1 and verified_at is null
      returning id
    )
    insert into auth_events (id, name, user_id, subject_hash, ip_prefix, request_id)
    select $2, 'user_verified', id, $3, $4, $5
      from verified",
);

/// Another address, which is proven; the unique index decides whether it is free. The one before is told.
const CHANGE_EMAIL: Statement = Statement::new(
    "users::CHANGE_EMAIL",
    &[Type::UUID, Type::TEXT, Type::TEXT],
    "
    with before as materialized (
      select id, email
        from users
       where id = $1 and deleted_at is null
         for no key update
    )
    update users
       set email = $2, email_canonical = $3, verified_at = now()
      from before
     where users.id = before.id
    returning before.email",
);

/// The account of this person, if this session of theirs is live.
const PROFILE_BY_SESSION: Statement = Statement::new(
    "users::PROFILE_BY_SESSION",
    &[Type::UUID, Type::UUID],
    "
    select users.email, users.verified_at is not null as is_verified, users.created_at
      from users
      join sessions on sessions.user_id = users.id
     where users.id = $1 and users.disabled_at is null and users.deleted_at is null
       and sessions.id = $2 and sessions.revoked_at is null
       and sessions.idle_expires_at > now() and sessions.absolute_expires_at > now()",
);

/// The account's end, which frees its address. What is left of it is erased 14 days later.
const CLOSE: Statement = Statement::new(
    "users::CLOSE",
    &[Type::UUID],
    "
    update users
       set deleted_at = now()
     where id = $1 and deleted_at is null
    returning deleted_at + interval '14 days' as erased_at",
);

/// An account as its owner sees it.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    /// The address as its owner typed it.
    pub email: String,
    /// Whether the owner proved that they read its mail.
    pub is_verified: bool,
    /// Since when there is the account.
    pub created_at: OffsetDateTime,
}

impl fmt::Debug for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Profile").field("is_verified", &self.is_verified).finish_non_exhaustive()
    }
}

/// An account as registering sees it.
#[derive(Clone, PartialEq, Eq)]
pub struct Registered {
    /// Whose it is.
    pub id: UserId,
    /// The address as its owner typed it.
    pub email: String,
    /// Whether the owner proved that they read its mail.
    pub is_verified: bool,
    /// Whether an operator switched it off.
    pub is_disabled: bool,
}

/// An account as logging in sees it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    /// Whose it is.
    pub user_id: UserId,
    /// Whether the owner proved that they read its mail.
    pub is_verified: bool,
    /// What its tokens may do.
    pub scope: String,
    /// The stored hash.
    pub phc: Option<String>,
    /// Whether neither the account nor its password was switched off.
    pub is_enabled: bool,
}

/// An account as its owner's re-check sees it.
#[derive(Clone, PartialEq, Eq)]
pub struct Owned {
    /// The address as its owner typed it.
    pub email: String,
    /// The stored hash.
    pub phc: Option<String>,
    /// Whether the password was not switched off.
    pub is_enabled: bool,
}

impl fmt::Debug for Owned {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Owned").field("is_enabled", &self.is_enabled).finish_non_exhaustive()
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Registered").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Password").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// Makes an account and says when; none where the address is taken.
pub async fn insert(
    client: &impl GenericClient,
    id: UserId,
    email: &str,
    email_canonical: &str,
) -> Result<Option<OffsetDateTime>, Error> {
    let row = INSERT.optional(client, &[&id.uuid(), &email, &email_canonical]).await?;
    Ok(row.map(|row| row.get("created_at")))
}

/// The living account with this canonical address.
pub async fn by_address(
    client: &impl GenericClient,
    email_canonical: &str,
) -> Result<Option<Registered>, Error> {
    let row = BY_ADDRESS.optional(client, &[&email_canonical]).await?;
    Ok(row.map(|row| Registered {
        id: UserId::from(row.get::<_, uuid::Uuid>("id")),
        email: row.get("email"),
        is_verified: row.get("is_verified"),
        is_disabled: row.get("is_disabled"),
    }))
}

/// The living account with this canonical address, with its password's hash.
pub async fn password_by_address(
    client: &impl GenericClient,
    email_canonical: &str,
) -> Result<Option<Password>, Error> {
    let row = PASSWORD_BY_ADDRESS.optional(client, &[&email_canonical]).await?;
    Ok(row.map(|row| Password {
        user_id: UserId::from(row.get::<_, uuid::Uuid>("id")),
        is_verified: row.get("is_verified"),
        scope: row.get("scope"),
        phc: row.get("phc"),
        is_enabled: row.get::<_, Option<bool>>("is_enabled").unwrap_or_default(),
    }))
}

/// The account of this person, if this session of theirs is live.
pub async fn password_by_session(
    client: &impl GenericClient,
    user: UserId,
    session: SessionId,
) -> Result<Option<Owned>, Error> {
    let row = PASSWORD_BY_SESSION.optional(client, &[&user.uuid(), &session.uuid()]).await?;
    Ok(row.map(|row| Owned {
        email: row.get("email"),
        phc: row.get("phc"),
        is_enabled: row.get("is_enabled"),
    }))
}

/// What a person's tokens may do.
pub async fn scope(client: &impl GenericClient, user: UserId) -> Result<Option<String>, Error> {
    let row = SCOPE.optional(client, &[&user.uuid()]).await?;
    Ok(row.map(|row| row.get("scope")))
}

/// Marks an account's address as proven, and writes the event, unless it was proven before. `told` says who did it; its name
/// is not used.
pub async fn mark_verified(client: &impl GenericClient, told: &Event<'_>) -> Result<(), Error> {
    let Event { name: _, user_id, subject_hash, ip_prefix, request_id } = told;
    let event_id = EventId::new().uuid();
    MARK_VERIFIED.execute(client, &[&user_id.uuid(), &event_id, subject_hash, ip_prefix, request_id]).await?;
    Ok(())
}

/// Gives an account another address, which is proven, and returns the one before; none where the account is over, and a
/// unique violation where the address is taken.
pub async fn change_email(
    client: &impl GenericClient,
    user: UserId,
    email: &str,
    email_canonical: &str,
) -> Result<Option<String>, Error> {
    let row = CHANGE_EMAIL.optional(client, &[&user.uuid(), &email, &email_canonical]).await?;
    Ok(row.map(|row| row.get("email")))
}

/// The account of this person as they see it, if this session of theirs is live.
pub async fn profile_by_session(
    client: &impl GenericClient,
    user: UserId,
    session: SessionId,
) -> Result<Option<Profile>, Error> {
    let row = PROFILE_BY_SESSION.optional(client, &[&user.uuid(), &session.uuid()]).await?;
    Ok(row.map(|row| Profile {
        email: row.get("email"),
        is_verified: row.get("is_verified"),
        created_at: row.get("created_at"),
    }))
}

/// Closes an account, and says when the rest of it is erased; none where it is closed already.
pub async fn close(client: &impl GenericClient, user: UserId) -> Result<Option<OffsetDateTime>, Error> {
    let row = CLOSE.optional(client, &[&user.uuid()]).await?;
    Ok(row.map(|row| row.get("erased_at")))
}
