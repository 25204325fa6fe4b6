//! `streams`: what plays now. A play is live while it has not ended and was seen within three heartbeats of a minute; the
//! statements write that as 180 seconds.

use time::OffsetDateTime;
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::{Connection, Error, Statement, TransactionLimits};
use crate::ids::{StreamId, UserId, VideoId};

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[LOCK, OPEN, COUNTED_BY_USER];

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

/// Keeps the named play of this person and title if it is live, else opens a new one while fewer than the limit play; no row
/// where neither can be. The parameters are the named play, the person, the title, the new play, the device and the limit, 0
/// for none.
const OPEN: Statement = Statement::new(
    "streams::OPEN",
    &[Type::UUID, Type::UUID, Type::UUID, Type::UUID, Type::TEXT, Type::INT8],
    "
    with kept as (
           update streams
              set last_seen_at = now()
            where id = $1 and user_id = $2 and video_id = $3
              and ended_at is null and last_seen_at > now() - interval '180 seconds'
           returning id),
         counted as (
           select count(*) as plays
             from streams s
             join videos v on v.id = s.video_id
            where s.user_id = $2 and v.access <> 'free'
              and s.ended_at is null and s.last_seen_at > now() - interval '180 seconds'),
         opened as (
           insert into streams (id, user_id, video_id, device)
           select $4, $2, $3, $5
             from counted
            where not exists (select from kept) and ($6 = 0 or plays < $6)
           returning id)
    select id from kept
    union all
    select id from opened",
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

/// Keeps or opens a play. Where there is a limit, a person's openings pass one at a time, so that none slips by.
pub async fn open(connection: Connection, opening: &Opening<'_>) -> Result<Opened, Error> {
    let id = if opening.plays_max == 0 {
        keep_or_insert(&*connection, opening).await?
    } else {
        let transaction = connection.begin(LIMITS).await?;
        // Sent one behind the other without waiting: the server takes them in turn.
        let (locked, id, committed) = tokio::join!(
            biased;
            lock(&*transaction, opening.user),
            keep_or_insert(&*transaction, opening),
            transaction.commit_in_turn(),
        );
        // A statement that failed made the commit a rollback, so the first failure is the one to tell.
        locked?;
        let id = id?;
        committed?;
        if id.is_none() {
            return Ok(Opened::Full(counted_by_user(&*transaction, opening.user).await?));
        }
        id
    };
    id.map(Opened::Play).ok_or_else(|| Error::value(OPEN.name(), "no play although there is no limit"))
}

async fn lock(client: &impl GenericClient, user: UserId) -> Result<u64, Error> {
    LOCK.execute(client, &[&format!("streams {user}")]).await
}

async fn keep_or_insert(
    client: &impl GenericClient,
    opening: &Opening<'_>,
) -> Result<Option<StreamId>, Error> {
    let named = opening.named.map(StreamId::uuid);
    let row = OPEN
        .optional(
            client,
            &[
                &named,
                &opening.user.uuid(),
                &opening.video.uuid(),
                &StreamId::new().uuid(),
                &opening.device,
                &i64::from(opening.plays_max),
            ],
        )
        .await?;
    Ok(row.map(|row| row.get::<_, Uuid>("id").into()))
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
