//! `videos`: titles, and the one question that decides who may watch.

use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};
use uuid::Uuid;

use super::entitlements::entitlement;
use super::{Error, Statement};
use crate::ids::{SessionId, UserId, VideoId};

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[FOR_PLAYBACK];

/// A title with all that decides whether it plays: the caller's account, the subscription that opens most, the place where
/// they stopped. Always exactly one row, whatever exists of it; a null boolean is false. The parameters are the title, the
/// user, the session, live mode, the renewal leeway in hours, the grace in days, and the plans from the smallest tier up.
///
/// Dates are clamped, so that no stored one overflows what it is read into; so are numbers, and those beyond all sense are
/// null (`least` passes nulls over, so an absent one ends there as well).
const FOR_PLAYBACK: Statement = Statement::new(
    "videos::FOR_PLAYBACK",
    &[Type::UUID, Type::UUID, Type::UUID, Type::BOOL, Type::INT4, Type::INT4, Type::TEXT_ARRAY],
    concat!(
        "
    select a.holds as account_holds,
           v.id, v.provider, v.playback_id, v.playback_policy, v.playback_restriction_id, v.status,
           v.access, v.min_tier, v.preview_seconds, v.aspect_ratio, v.allowed_countries, v.blocked_countries,
           nullif(greatest(least(v.duration_seconds, 1000000000), -1), 1000000000)::float8 as duration_seconds,
           nullif(greatest(least(v.thumbnail_time, 1000000000), -1), 1000000000)::float8 as thumbnail_time,
           v.published_at <= now()
             and coalesce(v.unpublished_at > now(), true)
             and coalesce(v.available_from <= now(), true)
             and coalesce(v.available_until > now(), true) as is_visible,
           e.plan, e.grants, e.is_late, e.entitled_until,
           nullif(least(w.position_seconds, 1000000000), 1000000000)::float8 as position_seconds
      from (select $1 as video_id, $2 as user_id, $3 as session_id) q
      left join videos v on v.id = q.video_id
      left join lateral (
           select true as holds
             from users u
             join sessions s on s.user_id = u.id
            where u.id = q.user_id and s.id = q.session_id
              and s.revoked_at is null and now() < least(s.idle_expires_at, s.absolute_expires_at)
              and u.disabled_at is null and u.deleted_at is null) a on true
      left join lateral (
           select s.plan, t.until > now() as grants, t.is_late,
                  floor(extract(epoch from
                    least(greatest(t.until, 'epoch'), now() + interval '10 years')))::bigint as entitled_until
             from subscriptions s
            cross join lateral (",
        entitlement!("$5", "$6"),
        ") t
            where s.user_id = q.user_id and s.livemode = $4
            order by t.until > now() desc nulls last, array_position($7, s.plan) desc nulls last,
                     t.until desc nulls last
            limit 1) e on true
      left join watch_progress w on w.user_id = q.user_id and w.video_id = q.video_id",
    ),
);

/// What is asked about a title before it plays.
#[derive(Debug, Clone, Copy)]
pub struct PlaybackQuestion<'a> {
    /// The title.
    pub video: VideoId,
    /// Who asks, and by which login.
    pub caller: Option<(UserId, SessionId)>,
    /// Whether subscriptions of real money count, or those of test mode.
    pub livemode: bool,
    /// How long a paid period goes on while its renewal is on the way, in hours.
    pub renewal_leeway_hours: u16,
    /// How long a subscription goes on while a payment is due, in days.
    pub past_due_grace_days: u16,
    /// The plans' slugs, those of the smallest tier first.
    pub plans: &'a [&'a str],
}

/// The answer.
#[derive(Debug, Clone)]
pub struct PlaybackAnswer {
    /// Whether the caller's account is in use and the login has not ended; false where nobody was named.
    pub account_holds: bool,
    /// The title, if there is such a one.
    pub title: Option<Title>,
    /// The caller's best subscription.
    pub entitlement: Option<Entitlement>,
    /// Where the caller stopped, in seconds.
    pub position_seconds: Option<f64>,
}

/// A title as playback needs it.
#[derive(Debug, Clone)]
pub struct Title {
    /// Its id.
    pub id: VideoId,
    /// Who streams it.
    pub provider: Provider,
    /// The provider's id for playing it.
    pub playback_id: Option<String>,
    /// Who may use that id at the provider.
    pub policy: Policy,
    /// The provider's restriction to sites and players.
    pub restriction_id: Option<String>,
    /// How far it is.
    pub status: Status,
    /// Who may watch it.
    pub access: Access,
    /// How much of it everyone may see; none where there is no preview.
    pub preview_seconds: Option<u32>,
    /// Its length, as stored.
    pub duration_seconds: Option<f64>,
    /// Its shape, such as `16:9`.
    pub aspect_ratio: Option<String>,
    /// The second that its poster shows.
    pub thumbnail_seconds: Option<f64>,
    /// The countries where it may be watched; empty means no such rule.
    pub allowed_countries: Vec<String>,
    /// The countries where it may not; empty means no such rule.
    pub blocked_countries: Vec<String>,
    /// Whether it is published, and within its dates.
    pub is_visible: bool,
}

/// Who streams a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Mux.
    Mux,
    /// Cloudflare Stream.
    Cloudflare,
}

impl Provider {
    /// Its name in rows and replies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mux => "mux",
            Self::Cloudflare => "cloudflare",
        }
    }
}

/// Who may use a playback id at its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Whoever has a token of ours. A row that does not say is taken as such, since that never shows too much.
    Signed,
    /// Everyone.
    Public,
    /// Whoever has a licence, which is not offered.
    Drm,
}

/// How far a title is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nothing was uploaded yet.
    Waiting,
    /// The provider works on it.
    Preparing,
    /// It plays.
    Ready,
    /// It never will.
    Errored,
    /// It is gone.
    Deleted,
}

/// Who may watch a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Everyone.
    Free,
    /// Whoever has a subscription.
    Members,
    /// Whoever has a subscription of at least this tier.
    Tier(String),
}

/// What a person's best subscription opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    /// The plan's slug, which the configuration may no longer know.
    pub plan: Option<String>,
    /// When the right to watch ends if nothing more is heard, in Unix seconds; none where it opens nothing now.
    pub until: Option<i64>,
    /// Whether it lives on leeway or grace.
    pub is_late: bool,
}

/// Answers it, in one round trip.
pub async fn for_playback(
    client: &impl GenericClient,
    question: PlaybackQuestion<'_>,
) -> Result<PlaybackAnswer, Error> {
    let user = question.caller.map(|(user, _)| user.uuid());
    let session = question.caller.map(|(_, session)| session.uuid());
    let leeway = i32::from(question.renewal_leeway_hours);
    let grace = i32::from(question.past_due_grace_days);
    let row = FOR_PLAYBACK
        .one(
            client,
            &[&question.video.uuid(), &user, &session, &question.livemode, &leeway, &grace, &question.plans],
        )
        .await?;
    let is = |column: &str| row.get::<_, Option<bool>>(column).unwrap_or_default();
    Ok(PlaybackAnswer {
        account_holds: is("account_holds"),
        title: row.get::<_, Option<Uuid>>("id").map(|id| title(id.into(), &row)).transpose()?,
        entitlement: row.get::<_, Option<i64>>("entitled_until").map(|until| Entitlement {
            plan: row.get("plan"),
            until: is("grants").then_some(until),
            is_late: is("is_late"),
        }),
        position_seconds: row.get("position_seconds"),
    })
}

fn title(id: VideoId, row: &Row) -> Result<Title, Error> {
    let strange = |column: &str| Error::value(FOR_PLAYBACK.name(), format!("{column} of video {id}"));
    let provider = match row.get("provider") {
        "mux" => Provider::Mux,
        "cloudflare" => Provider::Cloudflare,
        _ => return Err(strange("provider")),
    };
    let policy = match row.get("playback_policy") {
        None | Some("signed") => Policy::Signed,
        Some("public") => Policy::Public,
        Some("drm") => Policy::Drm,
        Some(_) => return Err(strange("playback_policy")),
    };
    let status = match row.get("status") {
        "waiting" => Status::Waiting,
        "preparing" => Status::Preparing,
        "ready" => Status::Ready,
        "errored" => Status::Errored,
        "deleted" => Status::Deleted,
        _ => return Err(strange("status")),
    };
    let access = match (row.get("access"), row.get::<_, Option<String>>("min_tier")) {
        ("free", _) => Access::Free,
        ("members", _) => Access::Members,
        ("tier", Some(tier)) => Access::Tier(tier),
        _ => return Err(strange("access")),
    };
    let preview_seconds = row.get::<_, Option<i32>>("preview_seconds").unwrap_or_default();
    Ok(Title {
        id,
        provider,
        playback_id: row.get("playback_id"),
        policy,
        restriction_id: row.get("playback_restriction_id"),
        status,
        access,
        preview_seconds: u32::try_from(preview_seconds).ok().filter(|seconds| *seconds > 0),
        duration_seconds: row.get("duration_seconds"),
        aspect_ratio: row.get("aspect_ratio"),
        thumbnail_seconds: row.get("thumbnail_time"),
        allowed_countries: countries(row, "allowed_countries"),
        blocked_countries: countries(row, "blocked_countries"),
        is_visible: row.get::<_, Option<bool>>("is_visible").unwrap_or_default(),
    })
}

/// The list; a null within it becomes a code that is no country's, so that the list stays a rule.
fn countries(row: &Row, column: &str) -> Vec<String> {
    let list: Option<Vec<Option<String>>> = row.get(column);
    list.unwrap_or_default().into_iter().map(Option::unwrap_or_default).collect()
}
