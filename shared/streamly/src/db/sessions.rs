//! `sessions`: one row a login on one device.

use time::OffsetDateTime;
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::{Error, Statement};
use crate::ids::{EventId, SessionId, UserId};

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[BEGIN, REVOKE_OF_USER, LIVE_OF_USER, END];

/// A session, if the account may log in and its hash is this one. Of the other live ones the 19 used last stay; the
/// account's run of attempts ends; the event tells of it.
const BEGIN: Statement = Statement::new(
    "sessions::BEGIN",
    &[Type::UUID, Type::UUID, Type::TEXT, Type::BYTEA, Type::UUID, Type::TEXT, Type::TEXT, Type::TEXT],
    "
    with proven as (
      select users.id
        from users
        join credentials on credentials.user_id = users.id and credentials.kind = 'password'
       where users.id = $2 and users.disabled_at is null and users.deleted_at is null
         and credentials.phc = $3 and credentials.disabled_at is null
    ), ended as (
      update sessions
         set revoked_at = now(), revoke_reason = 'session-limit'
       where id = any (array(
               select id
                 from sessions
                where user_id = $2 and revoked_at is null and now() < idle_expires_at and now() < absolute_expires_at
                order by last_used_at desc, id desc
               offset 19))
         and exists (select from proven)
    ), forgiven as (
      delete from auth_throttle
       where key = $4 and exists (select from proven)
    ), told as (
      insert into auth_events (id, name, user_id, session_id, subject_hash, ip_prefix, request_id)
      select $5, 'authn_login_success', id, $1, $4, $6, $7
        from proven
    )
    insert into sessions (id, user_id, user_agent, ip_prefix, idle_expires_at, absolute_expires_at)
    select $1, id, $8, $6, now() + interval '30 days', now() + interval '90 days'
      from proven
    returning auth_time,
      extract(epoch from least(idle_expires_at, absolute_expires_at) - now())::bigint as refresh_expires_in_s",
);

/// Ends every session of a person.
const REVOKE_OF_USER: Statement = Statement::new(
    "sessions::REVOKE_OF_USER",
    &[Type::UUID, Type::TEXT],
    "
    update sessions
       set revoked_at = now(), revoke_reason = $2
     where user_id = $1 and revoked_at is null",
);

/// Where a living person is logged in.
const LIVE_OF_USER: Statement = Statement::new(
    "sessions::LIVE_OF_USER",
    &[Type::UUID],
    "
    select sessions.id, sessions.created_at, sessions.last_used_at, sessions.ip_prefix, sessions.user_agent
      from sessions
      join users on users.id = sessions.user_id
     where sessions.user_id = $1 and users.disabled_at is null and users.deleted_at is null
       and sessions.revoked_at is null
       and sessions.idle_expires_at > now() and sessions.absolute_expires_at > now()
     order by sessions.last_used_at desc, sessions.id desc",
);

/// Ends a session of the person's own, and tells of it, unless it has ended; asked by a session that must be live itself.
const END: Statement = Statement::new(
    "sessions::END",
    &[Type::UUID, Type::UUID, Type::UUID, Type::UUID, Type::TEXT, Type::TEXT],
    "
    with caller as (
      select users.id
        from users
        join sessions on sessions.user_id = users.id
       where users.id = $1 and users.disabled_at is null and users.deleted_at is null
         and sessions.id = $2 and sessions.revoked_at is null
         and sessions.idle_expires_at > now() and sessions.absolute_expires_at > now()
    ), ended as (
      update sessions
         set revoked_at = now(), revoke_reason = 'ended-by-owner'
       where id = $3 and user_id = $1 and revoked_at is null and exists (select from caller)
      returning id
    ), told as (
      insert into auth_events (id, name, user_id, session_id, ip_prefix, request_id)
      select $4, 'authn_token_revoked', $1, id, $5, $6
        from ended
    )
    select exists (select from caller) as caller_is_live,
           exists (select from sessions where id = $3 and user_id = $1) as is_own",
);

/// What a session begins with.
#[derive(Clone)]
pub struct NewSession<'a> {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The hash that the password was verified against.
    pub phc: &'a str,
    /// The account's counter of attempts, which also names the account in the event.
    pub account: &'a [u8],
    /// The event's id.
    pub event_id: EventId,
    /// What the client calls itself.
    pub user_agent: Option<&'a str>,
    /// The client's network.
    pub ip_prefix: Option<String>,
    /// The request.
    pub request_id: &'a str,
}

/// A session that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// When the person proved who they are.
    pub auth_time: OffsetDateTime,
    /// How many seconds its refresh token lives if it is not used.
    pub refresh_expires_in_s: i64,
}

/// Begins a session; none where the account must not log in with this hash any more.
pub async fn begin(client: &impl GenericClient, session: &NewSession<'_>) -> Result<Option<Begun>, Error> {
    let NewSession { id, user_id, phc, account, event_id, user_agent, ip_prefix, request_id } = session;
    let row = BEGIN
        .optional(
            client,
            &[&id.uuid(), &user_id.uuid(), phc, account, &event_id.uuid(), ip_prefix, request_id, user_agent],
        )
        .await?;
    Ok(row.map(|row| Begun {
        auth_time: row.get("auth_time"),
        refresh_expires_in_s: row.get("refresh_expires_in_s"),
    }))
}

/// Ends every session of a person that has not ended yet.
pub async fn revoke_of_user(client: &impl GenericClient, user: UserId, reason: &str) -> Result<(), Error> {
    REVOKE_OF_USER.execute(client, &[&user.uuid(), &reason]).await?;
    Ok(())
}

/// A session that is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Its id.
    pub id: SessionId,
    /// When it began.
    pub created_at: OffsetDateTime,
    /// When its tokens were last renewed.
    pub last_used_at: OffsetDateTime,
    /// The network where it began.
    pub ip_prefix: Option<String>,
    /// What the client called itself.
    pub user_agent: Option<String>,
}

/// Where a person is logged in, the latest use first; none of a person who is gone.
pub async fn live_of_user(client: &impl GenericClient, user: UserId) -> Result<Vec<Live>, Error> {
    let rows = LIVE_OF_USER.rows(client, &[&user.uuid()]).await?;
    let live = |row: &tokio_postgres::Row| Live {
        id: row.get::<_, uuid::Uuid>("id").into(),
        created_at: row.get("created_at"),
        last_used_at: row.get("last_used_at"),
        ip_prefix: row.get("ip_prefix"),
        user_agent: row.get("user_agent"),
    };
    Ok(rows.iter().map(live).collect())
}

/// A session that its owner ends.
#[derive(Debug, Clone)]
pub struct End<'a> {
    /// Whose it must be.
    pub user_id: UserId,
    /// The session that asks.
    pub caller: SessionId,
    /// The session to end, if what was asked for can be one.
    pub id: Option<SessionId>,
    /// The client's network.
    pub ip_prefix: Option<String>,
    /// The request.
    pub request_id: &'a str,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Whether the session that asked was live.
    pub caller_is_live: bool,
    /// Whether the session to end was the person's own, live or not.
    pub is_own: bool,
}

/// Ends a session of a person's own.
pub async fn end(client: &impl GenericClient, end: &End<'_>) -> Result<Ended, Error> {
    let End { user_id, caller, id, ip_prefix, request_id } = end;
    let id = id.map(SessionId::uuid);
    let event = EventId::new().uuid();
    let row = END.one(client, &[&user_id.uuid(), &caller.uuid(), &id, &event, ip_prefix, request_id]).await?;
    Ok(Ended { caller_is_live: row.get("caller_is_live"), is_own: row.get("is_own") })
}
