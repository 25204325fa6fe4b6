//! `mail_outbox`: mails waiting to be sent.

use serde::Serialize;
use tokio_postgres::GenericClient;
use tokio_postgres::types::{Json, Type};

use super::{Error, Statement};
use crate::ids::MailId;

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[INSERT_TOKEN, INSERT_ALREADY_REGISTERED];

/// A mail with a token that lives a day. Beyond the limit of its address it waits for the limit's end.
const INSERT_TOKEN: Statement = Statement::new(
    "mail_outbox::INSERT_TOKEN",
    &[Type::UUID, Type::TEXT, Type::TEXT, Type::JSONB, Type::BOOL, Type::BYTEA],
    "
    insert into mail_outbox (id, recipient, template, params, not_before, expires_at)
    select $1, $2, $3, $4, coalesce(
        (select greatest(
                  touched_at + interval '1 minute',
                  case when count >= 5 then started_at + interval '1 hour' end)
           from auth_throttle
          where key = $6 and not $5),
        now()), now() + interval '24 hours'",
);

/// Tells an owner once an hour at most, and within the limit of the address.
const INSERT_ALREADY_REGISTERED: Statement = Statement::new(
    "mail_outbox::INSERT_ALREADY_REGISTERED",
    &[Type::UUID, Type::TEXT, Type::BOOL, Type::BYTEA],
    "
    with counted as (
      insert into auth_throttle as mails (key, count)
      select $4, 1
       where $3
      on conflict (key) do update set started_at = now(), touched_at = now()
      where mails.started_at + interval '1 hour' <= now()
      returning key
    )
    insert into mail_outbox (id, recipient, template, expires_at)
    select $1, $2, 'already-registered', now() + interval '24 hours'
      from counted",
);

/// A mail with a token.
#[derive(Debug)]
pub struct TokenRow<'a, P> {
    /// Its id.
    pub id: MailId,
    /// To whom.
    pub recipient: &'a str,
    /// Which text.
    pub template: &'static str,
    /// What fills it.
    pub params: Json<P>,
    /// Whether it may go now.
    pub within_limit: bool,
    /// The counter that says when otherwise.
    pub limit: &'a [u8],
}

/// Puts a mail with a token in the outbox.
pub async fn insert_token<P: Serialize + std::fmt::Debug + Sync>(
    client: &impl GenericClient,
    row: &TokenRow<'_, P>,
) -> Result<(), Error> {
    let TokenRow { id, recipient, template, params, within_limit, limit } = row;
    INSERT_TOKEN.execute(client, &[&id.uuid(), recipient, template, params, within_limit, limit]).await?;
    Ok(())
}

/// Puts a mail to an owner in the outbox, if the limits let it.
pub async fn insert_already_registered(
    client: &impl GenericClient,
    id: MailId,
    recipient: &str,
    within_limit: bool,
    limit: &[u8],
) -> Result<(), Error> {
    INSERT_ALREADY_REGISTERED.execute(client, &[&id.uuid(), &recipient, &within_limit, &limit]).await?;
    Ok(())
}
