//! `sessions`: one row a login on one device.

use time::OffsetDateTime;
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};

use super::{Error, Statement};
use crate::ids::{EventId, SessionId, UserId};

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[BEGIN, REVOKE_OF_USER, ROTATE, STANDING, END_REUSED, LOG_OUT];

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

/// The next refresh token, if this is the present one of a session that is alive: of many requests at once with one token
/// the row lets one through. The event tells of it.
const ROTATE: Statement = Statement::new(
    "sessions::ROTATE",
    &[Type::UUID, Type::INT8, Type::UUID, Type::TEXT, Type::TEXT],
    "
    with rotated as (
      update sessions
         set counter = sessions.counter + 1, rotated_at = now(), last_used_at = now(),
             idle_expires_at = least(now() + interval '30 days', sessions.absolute_expires_at)
        from users
       where sessions.id = $1 and sessions.counter = $2 and sessions.revoked_at is null
         and now() < sessions.idle_expires_at and now() < sessions.absolute_expires_at
         and users.id = sessions.user_id and users.disabled_at is null and users.deleted_at is null
      returning sessions.user_id, users.scope, sessions.auth_time, sessions.idle_expires_at
    ), told as (
      insert into auth_events (id, name, user_id, session_id, ip_prefix, request_id)
      select $3, 'authn_token_created', user_id, $1, $4, $5
        from rotated
    )
    select user_id, scope, auth_time, extract(epoch from idle_expires_at - now())::bigint as refresh_expires_in_s
      from rotated",
);

/// How a session stands for a token that is not its present one. The grace counts from the rotation, for the direct parent
/// alone: a reply may have been lost.
const STANDING: Statement = Statement::new(
    "sessions::STANDING",
    &[Type::UUID],
    "
    select sessions.counter,
           sessions.revoked_at is not null or users.disabled_at is not null or users.deleted_at is not null as is_over,
           now() >= sessions.idle_expires_at or now() >= sessions.absolute_expires_at as is_expired,
           coalesce(now() <= sessions.rotated_at + interval '30 seconds', false) as is_in_grace,
           sessions.user_id, users.scope, sessions.auth_time,
           extract(epoch from least(sessions.idle_expires_at, sessions.absolute_expires_at) - now())::bigint
             as refresh_expires_in_s
      from sessions
      join users on users.id = sessions.user_id
     where sessions.id = $1",
);

/// The end of a session one of whose tokens came again, and the event of it, once.
const END_REUSED: Statement = Statement::new(
    "sessions::END_REUSED",
    &[Type::UUID, Type::UUID, Type::TEXT, Type::TEXT],
    "
    with ended as (
      update sessions
         set revoked_at = now(), revoke_reason = 'token-reuse'
       where id = $1 and revoked_at is null
      returning user_id
    )
    insert into auth_events (id, name, user_id, session_id, ip_prefix, request_id)
    select $2, 'authn_token_reuse', user_id, $1, $3, $4
      from ended",
);

/// The end of a session, or of the others of its person, or of all. Whoever holds an old token may end its own session
/// and no other one: more needs the present token, or its parent within the grace, of a session that is alive. The rows
/// are locked in one order, so that two who do this at once wait for each other. One event tells of it.
const LOG_OUT: Statement = Statement::new(
    "sessions::LOG_OUT",
    &[Type::UUID, Type::INT8, Type::TEXT, Type::UUID, Type::TEXT, Type::TEXT],
    "
    with named as materialized (
      select id, user_id,
             case
               when now() < idle_expires_at and now() < absolute_expires_at
                 and (counter = $2 or counter - 1 = $2 and now() <= rotated_at + interval '30 seconds') then $3
               else 'session'
             end as scope
        from sessions
       where id = $1 and revoked_at is null
    ), chosen as materialized (
      select sessions.id
        from sessions
        join named on named.user_id = sessions.user_id
       where sessions.revoked_at is null
         and case named.scope
               when 'session' then sessions.id = named.id
               when 'others' then sessions.id <> named.id
               else true
             end
       order by sessions.id
         for update of sessions
    ), ended as (
      update sessions
         set revoked_at = now(), revoke_reason = 'logout'
       where id = any (array(select id from chosen))
      returning id
    )
    insert into auth_events (id, name, user_id, session_id, ip_prefix, request_id, detail)
    select $4, 'authn_token_revoked', user_id, id, $5, $6, scope
      from named
     where exists (select from ended)",
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

/// Whom a session's tokens are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The person.
    pub user_id: UserId,
    /// What they may do.
    pub scope: String,
    /// When they proved who they are.
    pub auth_time: OffsetDateTime,
    /// How many seconds the refresh token lives if it is not used.
    pub refresh_expires_in_s: i64,
}

impl Holder {
    fn of(row: &Row) -> Self {
        Self {
            user_id: UserId::from(row.get::<_, uuid::Uuid>("user_id")),
            scope: row.get("scope"),
            auth_time: row.get("auth_time"),
            refresh_expires_in_s: row.get("refresh_expires_in_s"),
        }
    }
}

/// How a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Which refresh token is the present one.
    pub counter: i64,
    /// Whether the session was ended, or its account was.
    pub is_over: bool,
    /// Whether its time is over.
    pub is_expired: bool,
    /// Whether the parent of the present token is still good.
    pub is_in_grace: bool,
    /// Whose it is.
    pub holder: Holder,
}

/// Who uses a refresh token, for the event of it.
#[derive(Debug, Clone)]
pub struct Use<'a> {
    /// The client's network.
    pub ip_prefix: Option<String>,
    /// The request.
    pub request_id: &'a str,
}

/// Makes the next refresh token the present one; none where this is not the present one, or the session is not alive.
pub async fn rotate(
    client: &impl GenericClient,
    session: SessionId,
    counter: i64,
    by: &Use<'_>,
) -> Result<Option<Holder>, Error> {
    let event_id = EventId::new().uuid();
    let row = ROTATE
        .optional(client, &[&session.uuid(), &counter, &event_id, &by.ip_prefix, &by.request_id])
        .await?;
    Ok(row.as_ref().map(Holder::of))
}

/// How a session stands; none where there is none.
pub async fn standing(client: &impl GenericClient, session: SessionId) -> Result<Option<Standing>, Error> {
    let row = STANDING.optional(client, &[&session.uuid()]).await?;
    Ok(row.as_ref().map(|row| Standing {
        counter: row.get("counter"),
        is_over: row.get("is_over"),
        is_expired: row.get("is_expired"),
        is_in_grace: row.get("is_in_grace"),
        holder: Holder::of(row),
    }))
}

/// Ends a session one of whose tokens came again.
pub async fn end_reused(client: &impl GenericClient, session: SessionId, by: &Use<'_>) -> Result<(), Error> {
    let event_id = EventId::new().uuid();
    END_REUSED.execute(client, &[&session.uuid(), &event_id, &by.ip_prefix, &by.request_id]).await?;
    Ok(())
}

/// Ends what this token may end: `session`, `others` or `all`. A counter that no row can have is none.
pub async fn log_out(
    client: &impl GenericClient,
    session: SessionId,
    counter: Option<i64>,
    scope: &str,
    by: &Use<'_>,
) -> Result<(), Error> {
    let event_id = EventId::new().uuid();
    LOG_OUT
        .execute(client, &[&session.uuid(), &counter, &scope, &event_id, &by.ip_prefix, &by.request_id])
        .await?;
    Ok(())
}
