//! `users`: one row a person. The canonical address is unique among the living.

use std::fmt;
use time::OffsetDateTime;
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::{Error, Statement};
use crate::ids::UserId;

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[INSERT, BY_ADDRESS, PASSWORD_BY_ADDRESS];

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
