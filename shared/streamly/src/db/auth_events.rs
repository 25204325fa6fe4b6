//! `auth_events`: what happened to accounts, for those who investigate. A row is written in the transaction of its
//! effect and holds no token and no address.

use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::{Error, Statement};
use crate::ids::{EventId, UserId};

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[INSERT];

const INSERT: Statement = Statement::new(
    "auth_events::INSERT",
    &[Type::UUID, Type::TEXT, Type::UUID, Type::BYTEA, Type::TEXT, Type::TEXT],
    "
    insert into auth_events (id, name, user_id, subject_hash, ip_prefix, request_id)
    values ($1, $2, $3, $4, $5, $6)",
);

/// An event that is not written together with a row of another table.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// Its name, after OWASP's Logging Vocabulary Cheat Sheet.
    pub name: &'static str,
    /// Whose account.
    pub user_id: UserId,
    /// The account's key, which is known for unknown accounts too.
    pub subject_hash: &'a [u8],
    /// The client's network.
    pub ip_prefix: Option<String>,
    /// The request.
    pub request_id: &'a str,
}

/// Writes an event.
pub async fn insert(client: &impl GenericClient, event: &Event<'_>) -> Result<(), Error> {
    let Event { name, user_id, subject_hash, ip_prefix, request_id } = event;
    INSERT
        .execute(
            client,
            &[&EventId::new().uuid(), name, &user_id.uuid(), subject_hash, ip_prefix, request_id],
        )
        .await?;
    Ok(())
}
