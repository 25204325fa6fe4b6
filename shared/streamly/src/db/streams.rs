//! `streams`: what plays now. A play is live while it has not ended and was seen within three heartbeats of a minute; the
//! statements write that as 180 seconds.

use time::OffsetDateTime;
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::viewers::account;
use super::{Connection, Error, Statement, TransactionLimits};
use crate::ids::{SessionId, StreamId, UserId, VideoId};

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[COUNTED_BY_USER, KEEP, LOCK, OPEN, TAKE_OVER];

/// How long opening a play may wait for the caller's other openings, and work, in milliseconds.
const LIMITS: TransactionLimits = TransactionLimits { lock_ms_max: 3_000, statement_ms_max: 5_000 };

/// Lets a person's openings pass one at a time. Apart from [`OPEN`], which must begin after the lock is had, to see what the
/// one before it wrote.
const LOCK: Statement = Statement::new(
    "streams::LOCK",
    &[Type::TEXT],
    "
    select pg_advisory_xact_lock(hashtextextended($1, 0))",
);

/// Hears of a play of this person and title again, if it is live. The parameters are the play, the person and the title.
const KEEP: Statement = Statement::new(
    "streams::KEEP",
    &[Type::UUID, Type::UUID, Type::UUID],
    "
    update streams
       set last_seen_at = now()
     where id = $1 and user_id = $2 and video_id = $3
       and ended_at is null and last_seen_at > now() - interval '180 seconds'",
);

/// Opens a play while fewer than the limit are live; changes no row where it is reached. The parameters are the new play, the
/// person, the title, the device and the limit, 0 for none.
const OPEN: Statement = Statement::new(
    "streams::OPEN",
    &[Type::UUID, Type::UUID, Type::UUID, Type::TEXT, Type::INT8],
    "
    insert into streams (id, user_id, video_id, device)
    select $1, $2, $3, $4
     where $5 = 0
        or $5 > (select count(*)
                   from streams s
                   join videos v on v.id = s.video_id
                  where s.user_id = $2 and v.access <> 'free'
                    and s.ended_at is null and s.last_seen_at > now() - interval '180 seconds')",
);

/// What counts against a person's limit now, the oldest first.
const COUNTED_BY_USER: Statement = Statement::new(
    "streams::COUNTED_BY_USER",
    &[Type::UUID],
    "
    select s.id, s.video_id, v.title, s.device, s.started_at, s.last_seen_at
      from streams s
      join videos v on v.id = s.video_id
     where s.user_id = $1 and v.access <> 'free'
       and s.ended_at is null and s.last_seen_at > now() - interval '180 seconds'
     order by s.started_at, s.id
     limit 100",
);

/// Ends a play of a person's own that has not ended, for another device's sake; asked by a login that must go on. The
/// parameters are the play, the person and the login. Always exactly one row.
const TAKE_OVER: Statement = Statement::new(
    "streams::TAKE_OVER",
    &[Type::UUID, Type::UUID, Type::UUID],
    concat!(
        "
    with caller as (
      select q.user_id
        from (select $2 as user_id, $3 as session_id) q",
        account!(),
        "
       where a.holds
    ), taken as (
      update streams
         set ended_at = now(), taken_over_at = now()
       where id = $1 and user_id = $2 and ended_at is null and exists (select from caller)
      returning id
    )
    select exists (select from caller) as account_holds, exists (select from taken) as is_taken_over",
    ),
);

/// A play to keep or to open.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// Who watches.
    pub user: UserId,
    /// What.
    pub video: VideoId,
    /// The play that goes on, as the client says.
    pub named: Option<StreamId>,
    /// What it is watched on.
    pub device: Option<&'a str>,
    /// How many may play at once; 0 is any number.
    pub plays_max: u32,
}

/// What became of it.
#[derive(Debug, Clone)]
pub enum Opened {
    /// It plays as this.
    Play(StreamId),
    /// As many as may play at once do: these.
    Full(Vec<ActiveStream>),
}

/// A play that counts against the limit.
#[derive(Debug, Clone)]
pub struct ActiveStream {
    /// Its id.
    pub id: StreamId,
    /// What plays.
    pub video: VideoId,
    /// Its title.
    pub title: String,
    /// What it is watched on.
    pub device: Option<String>,
    /// When it began.
    pub started_at: OffsetDateTime,
    /// When it was last heard of.
    pub last_seen_at: OffsetDateTime,
}

/// Keeps the named play if it is a live one of this person and title, else opens one. Where there is a limit, a person's
/// openings pass one at a time, so that none slips by.
pub async fn open(connection: Connection, opening: &Opening<'_>) -> Result<Opened, Error> {
    let opened = keep_or_open(connection, opening).await;
    // The connection is free. Whoever waits for it goes first: what the caller still has to do is this thread's work alone,
    // and the database would be idle meanwhile.
    tokio::task::yield_now().await;
    opened
}

async fn keep_or_open(connection: Connection, opening: &Opening<'_>) -> Result<Opened, Error> {
    if let Some(named) = opening.named
        && keep(&*connection, named, opening).await?
    {
        return Ok(Opened::Play(named));
    }
    let id = StreamId::new();
    if opening.plays_max == 0 {
        insert(&*connection, id, opening).await?;
        return Ok(Opened::Play(id));
    }
    let transaction = connection.begin(LIMITS).await?;
    // Sent one behind the other without waiting: the server takes them in turn.
    let (locked, is_open, committed) = tokio::join!(
        biased;
        lock(&*transaction, opening.user),
        insert(&*transaction, id, opening),
        transaction.commit_in_turn(),
    );
    // A statement that failed made the commit a rollback, so the first failure is the one to tell.
    locked?;
    let is_open = is_open?;
    committed?;
    if is_open {
        return Ok(Opened::Play(id));
    }
    Ok(Opened::Full(counted_by_user(&*transaction, opening.user).await?))
}

async fn keep(client: &impl GenericClient, named: StreamId, opening: &Opening<'_>) -> Result<bool, Error> {
    Ok(KEEP.execute(client, &[&named.uuid(), &opening.user.uuid(), &opening.video.uuid()]).await? == 1)
}

/// Waits until no other opening of this person is under way; the transaction's end lets the next one pass.
pub(super) async fn lock(client: &impl GenericClient, user: UserId) -> Result<u64, Error> {
    LOCK.execute(client, &[&format!("streams {user}")]).await
}

async fn insert(client: &impl GenericClient, id: StreamId, opening: &Opening<'_>) -> Result<bool, Error> {
    let Opening { user, video, device, plays_max, .. } = opening;
    let plays_max = i64::from(*plays_max);
    Ok(OPEN.execute(client, &[&id.uuid(), &user.uuid(), &video.uuid(), device, &plays_max]).await? == 1)
}

/// What counts against a person's limit now, the oldest first.
pub async fn counted_by_user(client: &impl GenericClient, user: UserId) -> Result<Vec<ActiveStream>, Error> {
    let rows = COUNTED_BY_USER.rows(client, &[&user.uuid()]).await?;
    let streams = rows.iter().map(|row| ActiveStream {
        id: row.get::<_, Uuid>("id").into(),
        video: row.get::<_, Uuid>("video_id").into(),
        title: row.get("title"),
        device: row.get("device"),
        started_at: row.get("started_at"),
        last_seen_at: row.get("last_seen_at"),
    });
    Ok(streams.collect())
}

/// What came of a takeover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenOver {
    /// Whether the account of who asked is in use and the login goes on.
    pub account_holds: bool,
    /// Whether there was such a play of theirs, and it ended now.
    pub is_taken_over: bool,
}

/// Ends a play of a person's own, if what was asked for can be one.
pub async fn take_over(
    client: &impl GenericClient,
    stream: Option<StreamId>,
    user: UserId,
    session: SessionId,
) -> Result<TakenOver, Error> {
    let stream = stream.map(StreamId::uuid);
    let row = TAKE_OVER.one(client, &[&stream, &user.uuid(), &session.uuid()]).await?;
    Ok(TakenOver { account_holds: row.get("account_holds"), is_taken_over: row.get("is_taken_over") })
}
