//! A play that is heard of again: the question whether it may go on, and what follows where it may. The place in the title
//! and the life of the play change together.

use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::statement::Parameter;
use super::streams;
use super::videos::{Access, Columns, Status, is_visible, seconds};
use super::viewers::{self, Entitlement, account, best_subscription, is};
use super::{Connection, Error, Statement, TransactionLimits};
use crate::ids::{SessionId, StreamId, UserId, VideoId};

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[KEEP, QUESTION, REVIVE];

/// How long a silent play may wait for its owner's other openings, and work, in milliseconds.
const LIMITS: TransactionLimits = TransactionLimits { lock_ms_max: 3_000, statement_ms_max: 5_000 };

/// All that decides whether a play goes on: the caller's account, the title, the subscription that opens most, the play.
/// Always exactly one row, whatever exists of it. The parameters are the title, the person, the login, live mode, the renewal
/// leeway in hours, the grace in days, the plans from the smallest tier up, and the play.
const QUESTION: Statement = Statement::new(
    "heartbeats::QUESTION",
    &[Type::UUID, Type::UUID, Type::UUID, Type::BOOL, Type::INT4, Type::INT4, Type::TEXT_ARRAY, Type::UUID],
    concat!(
        "
    select a.holds as account_holds,
           v.id, v.status, v.access, v.min_tier, v.allowed_countries, v.blocked_countries,
           ",
        seconds!("duration_seconds"),
        ",
           ",
        is_visible!(),
        " as is_visible,
           e.plan, e.grants, e.is_late, e.entitled_until,
           p.id is not null as is_own, p.taken_over_at is not null as is_taken_over
      from (select $1 as video_id, $2 as user_id, $3 as session_id) q
      left join videos v on v.id = q.video_id",
        account!(),
        best_subscription!("$4", "$5", "$6", "$7"),
        "
      left join streams p on p.id = $8 and p.user_id = q.user_id and p.video_id = q.video_id",
    ),
);

/// Hears of a live play again, or of the end of any that nobody has taken over, and keeps the place where one is given. The
/// parameters are the play, the person, the title, whether it ends, and the place in seconds. Always exactly one row: whether
/// there was such a play, and how many others count against the person's limit.
const KEEP: Statement = Statement::new(
    "heartbeats::KEEP",
    &[Type::UUID, Type::UUID, Type::UUID, Type::BOOL, Type::FLOAT8],
    "
    with kept as (
      update streams
         set last_seen_at = now(), ended_at = case when $4 then coalesce(ended_at, now()) end
       where id = $1 and user_id = $2 and video_id = $3 and taken_over_at is null
         and ($4 or ended_at is null and last_seen_at > now() - interval '180 seconds')
      returning user_id, video_id
    ), placed as (
      insert into watch_progress (user_id, video_id, position_seconds)
      select user_id, video_id, round($5::numeric, 3)
        from kept
       where $5 is not null
      on conflict (user_id, video_id) do update
         set position_seconds = excluded.position_seconds, updated_at = now()
    )
    select exists (select from kept) as is_kept,
           (select count(*)
              from streams s
              join videos v on v.id = s.video_id
             where s.user_id = $2 and s.id <> $1 and v.access <> 'free'
               and s.ended_at is null and s.last_seen_at > now() - interval '180 seconds') as others",
);

/// Takes a play up again that went silent or had ended, while fewer than the limit of others are live, and keeps the place
/// where one is given. The parameters are the play, the person, the title, the limit, 0 for none, and the place in seconds.
/// Always exactly one row, as of [`KEEP`].
const REVIVE: Statement = Statement::new(
    "heartbeats::REVIVE",
    &[Type::UUID, Type::UUID, Type::UUID, Type::INT8, Type::FLOAT8],
    "
    with others as (
      select count(*) as number
        from streams s
        join videos v on v.id = s.video_id
       where s.user_id = $2 and s.id <> $1 and v.access <> 'free'
         and s.ended_at is null and s.last_seen_at > now() - interval '180 seconds'
    ), kept as (
      update streams
         set last_seen_at = now(), ended_at = null
       where id = $1 and user_id = $2 and video_id = $3 and taken_over_at is null
         and ($4 = 0 or $4 > (select number from others))
      returning user_id, video_id
    ), placed as (
      insert into watch_progress (user_id, video_id, position_seconds)
      select user_id, video_id, round($5::numeric, 3)
        from kept
       where $5 is not null
      on conflict (user_id, video_id) do update
         set position_seconds = excluded.position_seconds, updated_at = now()
    )
    select exists (select from kept) as is_kept, (select number from others) as others",
);

/// What is asked about a play that is heard of.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What plays.
    pub video: VideoId,
    /// Whose it is.
    pub user: UserId,
    /// By which login they ask.
    pub session: SessionId,
    /// The play, as the client says.
    pub stream: StreamId,
    /// By which rules subscriptions count.
    pub rules: viewers::Rules<'a>,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Whether the caller's account is in use and the login has not ended.
    pub account_holds: bool,
    /// The title, if there is such a one.
    pub title: Option<Title>,
    /// The caller's best subscription.
    pub entitlement: Option<Entitlement>,
    /// How the play stands.
    pub play: Play,
}

/// A title as far as it decides whether it goes on.
#[derive(Debug, Clone)]
pub struct Title {
    /// How far it is.
    pub status: Status,
    /// Who may watch it.
    pub access: Access,
    /// Its length, as stored.
    pub duration_seconds: Option<f64>,
    /// The countries where it may be watched; empty means no such rule.
    pub allowed_countries: Vec<String>,
    /// The countries where it may not; empty means no such rule.
    pub blocked_countries: Vec<String>,
    /// Whether it is published, and within its dates.
    pub is_visible: bool,
}

/// How a play stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Play {
    /// It is none of this person and title.
    Foreign,
    /// Its owner ended it from elsewhere.
    TakenOver,
    /// It is live, went silent or has ended.
    Own,
}

/// What was heard of a play.
#[derive(Debug, Clone, Copy)]
pub struct Heartbeat {
    /// The play.
    pub stream: StreamId,
    /// Whose it is.
    pub user: UserId,
    /// What plays.
    pub video: VideoId,
    /// Whether it ends with this.
    pub ends: bool,
    /// The place to keep, in seconds.
    pub position_seconds: Option<f64>,
    /// How many titles may play at once beside it and with it; 0 is any number.
    pub plays_max: u32,
}

/// Answers it, in one round trip.
pub async fn question(client: &impl GenericClient, question: Question<'_>) -> Result<Answer, Error> {
    let Question { video, user, session, stream, rules } = question;
    let (leeway, grace) = rules.times();
    let parameters: [Parameter<'_>; 8] = [
        &video.uuid(),
        &user.uuid(),
        &session.uuid(),
        &rules.livemode,
        &leeway,
        &grace,
        &rules.plans,
        &stream.uuid(),
    ];
    let row = QUESTION.one(client, &parameters).await?;
    let title = row.get::<_, Option<Uuid>>("id").map(|id| {
        let columns = Columns { statement: QUESTION.name(), id: id.into(), row: &row };
        Ok(Title {
            status: columns.status()?,
            access: columns.access()?,
            duration_seconds: row.get("duration_seconds"),
            allowed_countries: columns.countries("allowed_countries"),
            blocked_countries: columns.countries("blocked_countries"),
            is_visible: is(&row, "is_visible"),
        })
    });
    Ok(Answer {
        account_holds: is(&row, "account_holds"),
        title: title.transpose()?,
        entitlement: viewers::entitlement_of(&row),
        play: match (is(&row, "is_own"), is(&row, "is_taken_over")) {
            (false, _) => Play::Foreign,
            (true, true) => Play::TakenOver,
            (true, false) => Play::Own,
        },
    })
}

/// Keeps a live play, or takes one up again while there is room; says how many others of the person's count against the
/// limit. None where the play was taken over meanwhile, or there is no room.
pub async fn beat(connection: Connection, heartbeat: &Heartbeat) -> Result<Option<i64>, Error> {
    let Heartbeat { stream, user, video, ends, position_seconds, plays_max } = heartbeat;
    let (stream, person, video) = (stream.uuid(), user.uuid(), video.uuid());
    let kept = KEEP.one(&*connection, &[&stream, &person, &video, ends, position_seconds]).await?;
    if kept.get("is_kept") {
        return Ok(Some(kept.get("others")));
    }
    let plays_max = i64::from(*plays_max);
    let transaction = connection.begin(LIMITS).await?;
    streams::lock(&*transaction, *user).await?;
    let revived =
        REVIVE.one(&*transaction, &[&stream, &person, &video, &plays_max, position_seconds]).await?;
    transaction.commit().await?;
    Ok(revived.get::<_, bool>("is_kept").then(|| revived.get("others")))
}
