//! `mail_outbox`: mails waiting to be sent.

use secrecy::SecretString;
use serde::Serialize;
use std::fmt;
use tokio_postgres::types::{Json, Type};
use tokio_postgres::{GenericClient, Row};
use uuid::Uuid;

use super::{Error, Statement};
use crate::ids::MailId;

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[
    INSERT_TOKEN,
    INSERT_NOTICE,
    INSERT_ALREADY_REGISTERED,
    LEASE,
    MARK_SENT,
    DEFER,
    REFUSE,
    PUT_BACK,
    OLDEST_S,
];

/// A mail with a token, which is good as long as that lives. Beyond the limit of its address it waits for the limit's end.
const INSERT_TOKEN: Statement = Statement::new(
    "mail_outbox::INSERT_TOKEN",
    &[Type::UUID, Type::TEXT, Type::TEXT, Type::JSONB, Type::BOOL, Type::BYTEA, Type::INT4],
    "
    insert into mail_outbox (id, recipient, template, params, not_before, expires_at)
    select $1, $2, $3, $4, coalesce(
        (select greatest(
                  touched_at + interval '1 minute',
                  case when count >= 5 then started_at + interval '1 hour' end)
           from auth_throttle
          where key = $6 and not $5),
        now()), now() + $7 * interval '1 second'",
);

/// Tells an owner of something that happened; no limit keeps that from them. Worth a week of attempts.
const INSERT_NOTICE: Statement = Statement::new(
    "mail_outbox::INSERT_NOTICE",
    &[Type::UUID, Type::TEXT, Type::TEXT],
    "
    insert into mail_outbox (id, recipient, template, expires_at)
    values ($1, $2, $3, now() + interval '7 days')",
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

/// Takes what is due, the longest waiting first, for a minute: whoever asks meanwhile passes over it, and what is neither
/// sent nor given back by then is due again.
const LEASE: Statement = Statement::new(
    "mail_outbox::LEASE",
    &[Type::INT8],
    "
    with due as materialized (
      select id
        from mail_outbox
       where sent_at is null and not_before <= now() and expires_at > now()
       order by not_before
       limit $1
         for update skip locked
    )
    update mail_outbox as mail
       set attempts = mail.attempts + 1, not_before = now() + interval '1 minute'
      from due
     where mail.id = due.id
    returning mail.id, mail.recipient, mail.template, mail.params->>'token' as token",
);

/// It was sent: what filled it is needed no more.
const MARK_SENT: Statement = Statement::new(
    "mail_outbox::MARK_SENT",
    &[Type::UUID],
    "
    update mail_outbox
       set sent_at = now(), params = '{}', last_error = null
     where id = $1 and sent_at is null",
);

/// They could not be sent now. The wait doubles with each attempt, from 5 s to 15 min; one that ends after what the mail is
/// good for is the end of it.
const DEFER: Statement = Statement::new(
    "mail_outbox::DEFER",
    &[Type::UUID_ARRAY, Type::TEXT],
    "
    update mail_outbox
       set last_error = $2,
           not_before = now() + least(interval '5 seconds' * power(2, least(attempts - 1, 20)), interval '15 minutes')
     where id = any ($1) and sent_at is null
    returning id, not_before >= expires_at as is_over",
);

/// It will never be sent.
const REFUSE: Statement = Statement::new(
    "mail_outbox::REFUSE",
    &[Type::UUID, Type::TEXT],
    "
    update mail_outbox
       set last_error = $2, expires_at = least(expires_at, now()), params = '{}'
     where id = $1 and sent_at is null",
);

/// Their turn did not come: they are due as before.
const PUT_BACK: Statement = Statement::new(
    "mail_outbox::PUT_BACK",
    &[Type::UUID_ARRAY],
    "
    update mail_outbox
       set attempts = attempts - 1, not_before = now()
     where id = any ($1) and sent_at is null",
);

/// How long the mail that has waited longest has waited. One that a limit holds back does not wait for us.
const OLDEST_S: Statement = Statement::new(
    "mail_outbox::OLDEST_S",
    &[],
    "
    select coalesce(extract(epoch from now() - min(created_at)), 0)::bigint as oldest_s
      from mail_outbox
     where sent_at is null and expires_at > now() and (attempts > 0 or not_before <= now())",
);

/// How long [`lease`] takes a mail, in seconds.
pub const LEASE_S: u64 = 60;

/// A mail to be sent now. Its `Debug` shows neither address nor token.
pub struct Leased {
    /// Its id.
    pub id: MailId,
    /// To whom.
    pub recipient: String,
    /// Which text.
    pub template: String,
    /// The token of its link, where it has one.
    pub token: Option<SecretString>,
}

impl fmt::Debug for Leased {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Leased");
        debug.field("id", &self.id).field("template", &self.template).finish_non_exhaustive()
    }
}

/// Leases what is due, so many at most.
pub async fn lease(client: &impl GenericClient, mails_max: i64) -> Result<Vec<Leased>, Error> {
    let rows = LEASE.rows(client, &[&mails_max]).await?;
    let leased = |row: &Row| Leased {
        id: row.get::<_, Uuid>("id").into(),
        recipient: row.get("recipient"),
        template: row.get("template"),
        token: row.get::<_, Option<String>>("token").map(SecretString::from),
    };
    Ok(rows.iter().map(leased).collect())
}

/// For how many seconds the oldest mail has waited to be sent; 0 where none waits.
pub async fn oldest_s(client: &impl GenericClient) -> Result<i64, Error> {
    let row = OLDEST_S.optional(client, &[]).await?;
    Ok(row.map_or(0, |row| row.get("oldest_s")))
}

/// Marks a mail as sent.
pub async fn mark_sent(client: &impl GenericClient, id: MailId) -> Result<(), Error> {
    MARK_SENT.execute(client, &[&id.uuid()]).await?;
    Ok(())
}

/// Lets these mails wait for their next attempt; returns those that have none, since they will not be good for anything.
pub async fn defer(client: &impl GenericClient, ids: &[MailId], why: &str) -> Result<Vec<MailId>, Error> {
    let rows = DEFER.rows(client, &[&uuids(ids), &why]).await?;
    Ok(rows.iter().filter(|row| row.get("is_over")).map(|row| row.get::<_, Uuid>("id").into()).collect())
}

/// Ends a mail that its recipient's server will never take.
pub async fn refuse(client: &impl GenericClient, id: MailId, why: &str) -> Result<(), Error> {
    REFUSE.execute(client, &[&id.uuid(), &why]).await?;
    Ok(())
}

/// Gives back leased mails that were not tried.
pub async fn put_back(client: &impl GenericClient, ids: &[MailId]) -> Result<(), Error> {
    PUT_BACK.execute(client, &[&uuids(ids)]).await?;
    Ok(())
}

fn uuids(ids: &[MailId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.uuid()).collect()
}

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
    /// How long the token lives, in seconds.
    pub life_s: i32,
}

/// Puts a mail with a token in the outbox.
pub async fn insert_token<P: Serialize + std::fmt::Debug + Sync>(
    client: &impl GenericClient,
    row: &TokenRow<'_, P>,
) -> Result<(), Error> {
    let TokenRow { id, recipient, template, params, within_limit, limit, life_s } = row;
    INSERT_TOKEN
        .execute(client, &[&id.uuid(), recipient, template, params, within_limit, limit, life_s])
        .await?;
    Ok(())
}

/// Puts a mail without a token in the outbox.
pub async fn insert_notice(
    client: &impl GenericClient,
    id: MailId,
    recipient: &str,
    template: &str,
) -> Result<(), Error> {
    INSERT_NOTICE.execute(client, &[&id.uuid(), &recipient, &template]).await?;
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
