//! `videos`: titles, and the one question that decides who may watch.

use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};
use uuid::Uuid;

use super::statement::Parameter;
use super::viewers::{self, Entitlement, account, best_subscription, is};
use super::{Error, Statement};
use crate::ids::{SessionId, UserId, VideoId};

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[FOR_PLAYBACK];

/// Whether a row `v` is published, and within its dates: true, false or null.
macro_rules! is_visible {
    () => {
        "v.published_at <= now()
             and coalesce(v.unpublished_at > now(), true)
             and coalesce(v.available_from <= now(), true)
             and coalesce(v.available_until > now(), true)"
    };
}
pub(super) use is_visible;

/// A length in seconds of a row `v`, by its column: -1 at least, and null where it is beyond all sense (`least` passes nulls
/// over, so an absent one ends there as well).
macro_rules! seconds {
    ($column:literal) => {
        concat!("nullif(greatest(least(v.", $column, ", 1000000000), -1), 1000000000)::float8 as ", $column)
    };
}
pub(super) use seconds;

/// A title with all that decides whether it plays: the caller's account, the subscription that opens most, the place where
/// they stopped. Always exactly one row, whatever exists of it; a null boolean is false. The parameters are the title, the
/// user, the session, live mode, the renewal leeway in hours, the grace in days, and the plans from the smallest tier up.
///
/// Numbers are clamped, so that no stored one overflows what it is read into.
const FOR_PLAYBACK: Statement = Statement::new(
    "videos::FOR_PLAYBACK",
    &[Type::UUID, Type::UUID, Type::UUID, Type::BOOL, Type::INT4, Type::INT4, Type::TEXT_ARRAY],
    concat!(
        "
    select a.holds as account_holds,
           v.id, v.provider, v.playback_id, v.playback_policy, v.playback_restriction_id, v.status,
           v.access, v.min_tier, v.preview_seconds, v.aspect_ratio, v.allowed_countries, v.blocked_countries,
           ",
        seconds!("duration_seconds"),
        ",
           ",
        seconds!("thumbnail_time"),
        ",
           ",
        is_visible!(),
        " as is_visible,
           e.plan, e.grants, e.is_late, e.entitled_until,
           nullif(least(w.position_seconds, 1000000000), 1000000000)::float8 as position_seconds
      from (select $1 as video_id, $2 as user_id, $3 as session_id) q
      left join videos v on v.id = q.video_id",
        account!(),
        best_subscription!("$4", "$5", "$6", "$7"),
        "
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
    /// By which rules subscriptions count.
    pub rules: viewers::Rules<'a>,
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

impl Status {
    /// Its name in rows and replies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Preparing => "preparing",
            Self::Ready => "ready",
            Self::Errored => "errored",
            Self::Deleted => "deleted",
        }
    }
}

impl Access {
    /// Its name in rows and replies.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Members => "members",
            Self::Tier(_) => "tier",
        }
    }

    /// The least tier that it takes, where it takes one.
    pub fn least_tier(&self) -> Option<&str> {
        match self {
            Self::Tier(tier) => Some(tier),
            Self::Free | Self::Members => None,
        }
    }
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

impl Policy {
    /// Its name in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Public => "public",
            Self::Drm => "drm",
        }
    }
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

/// Answers it, in one round trip.
pub async fn for_playback(
    client: &impl GenericClient,
    question: PlaybackQuestion<'_>,
) -> Result<PlaybackAnswer, Error> {
    let user = question.caller.map(|(user, _)| user.uuid());
    let session = question.caller.map(|(_, session)| session.uuid());
    let rules = question.rules;
    let (leeway, grace) = rules.times();
    let parameters: [Parameter<'_>; 7] =
        [&question.video.uuid(), &user, &session, &rules.livemode, &leeway, &grace, &rules.plans];
    let row = FOR_PLAYBACK.one(client, &parameters).await?;
    let title = row.get::<_, Option<Uuid>>("id").map(|id| title(id.into(), &row)).transpose()?;
    Ok(PlaybackAnswer {
        account_holds: is(&row, "account_holds"),
        title,
        entitlement: viewers::entitlement_of(&row),
        position_seconds: row.get("position_seconds"),
    })
}

fn title(id: VideoId, row: &Row) -> Result<Title, Error> {
    let columns = Columns { statement: FOR_PLAYBACK.name(), id, row };
    Ok(Title {
        id,
        provider: columns.provider()?,
        playback_id: row.get("playback_id"),
        policy: columns.policy()?,
        restriction_id: row.get("playback_restriction_id"),
        status: columns.status()?,
        access: columns.access()?,
        preview_seconds: columns.preview_seconds(),
        duration_seconds: row.get("duration_seconds"),
        aspect_ratio: row.get("aspect_ratio"),
        thumbnail_seconds: row.get("thumbnail_time"),
        allowed_countries: columns.countries("allowed_countries"),
        blocked_countries: columns.countries("blocked_countries"),
        is_visible: is(row, "is_visible"),
    })
}

/// A row with columns of `videos`, read into types; what the schema's checks should have refused is an error that names the
/// title.
pub(super) struct Columns<'a> {
    pub(super) statement: &'static str,
    pub(super) id: VideoId,
    pub(super) row: &'a Row,
}

impl Columns<'_> {
    pub(super) fn provider(&self) -> Result<Provider, Error> {
        match self.row.get("provider") {
            "mux" => Ok(Provider::Mux),
            "cloudflare" => Ok(Provider::Cloudflare),
            _ => Err(self.strange("provider")),
        }
    }

    pub(super) fn policy(&self) -> Result<Policy, Error> {
        match self.row.get("playback_policy") {
            None | Some("signed") => Ok(Policy::Signed),
            Some("public") => Ok(Policy::Public),
            Some("drm") => Ok(Policy::Drm),
            Some(_) => Err(self.strange("playback_policy")),
        }
    }

    pub(super) fn status(&self) -> Result<Status, Error> {
        match self.row.get("status") {
            "waiting" => Ok(Status::Waiting),
            "preparing" => Ok(Status::Preparing),
            "ready" => Ok(Status::Ready),
            "errored" => Ok(Status::Errored),
            "deleted" => Ok(Status::Deleted),
            _ => Err(self.strange("status")),
        }
    }

    pub(super) fn access(&self) -> Result<Access, Error> {
        match (self.row.get("access"), self.row.get::<_, Option<String>>("min_tier")) {
            ("free", _) => Ok(Access::Free),
            ("members", _) => Ok(Access::Members),
            ("tier", Some(tier)) => Ok(Access::Tier(tier)),
            _ => Err(self.strange("access")),
        }
    }

    /// None where there is no preview.
    pub(super) fn preview_seconds(&self) -> Option<u32> {
        let seconds = self.row.get::<_, Option<i32>>("preview_seconds").unwrap_or_default();
        u32::try_from(seconds).ok().filter(|seconds| *seconds > 0)
    }

    /// The list; a null within it becomes a code that is no country's, so that the list stays a rule.
    pub(super) fn countries(&self, column: &str) -> Vec<String> {
        let list: Option<Vec<Option<String>>> = self.row.get(column);
        list.unwrap_or_default().into_iter().map(Option::unwrap_or_default).collect()
    }

    fn strange(&self, column: &str) -> Error {
        Error::value(self.statement, format!("{column} of video {}", self.id))
    }
}
