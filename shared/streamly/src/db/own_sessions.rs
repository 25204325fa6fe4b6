//! `sessions` as their owner sees them: where somebody is logged in, and the end of one of those logins.

use time::OffsetDateTime;
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::{Error, Statement};
use crate::ids::{EventId, SessionId, UserId};

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[LIVE, END];

/// Where a living person is logged in.
const LIVE: Statement = Statement::new(
    "own_sessions::LIVE",
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
    "own_sessions::END",
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
    let rows = LIVE.rows(client, &[&user.uuid()]).await?;
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
