//! `videos` as their providers tell of them: how far a title is, and what plays it.

use time::OffsetDateTime;
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};
use uuid::Uuid;

use super::videos::{Access, Columns, Policy, Provider, Status};
use super::{Error, Statement};
use crate::ids::VideoId;

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[LOCK, CHANGE];

/// The title that somebody tells of, locked: by its own id, else by the provider's id of the upload, else by that of the
/// asset, where rows that scripts wrote may know no more than what plays it.
const LOCK: Statement = Statement::new(
    "video_states::LOCK",
    &[Type::TEXT, Type::UUID, Type::TEXT, Type::TEXT],
    "
    select id, provider, provider_asset_id, provider_upload_id, playback_id, playback_policy, status, access, min_tier,
           provider_event_at
      from videos
     where (id = $2 or provider_upload_id = $3 or provider_asset_id = $4 or playback_id = $4) and provider = $1
     order by id = $2 desc nulls last, provider_upload_id = $3 desc nulls last,
           provider_asset_id = $4 desc nulls last, id
     limit 1
       for update",
);

/// What was made of it. A fact that was not told stays as it is; the time of events only grows.
const CHANGE: Statement = Statement::new(
    "video_states::CHANGE",
    &[
        Type::UUID,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TIMESTAMPTZ,
        Type::FLOAT8,
        Type::TEXT,
        Type::INT4,
        Type::INT4,
        Type::TEXT,
        Type::FLOAT8,
    ],
    "
    update videos
       set status = $2, error_code = $3, error_message = $4,
           playback_id = $5, playback_policy = $6,
           provider_asset_id = coalesce(provider_asset_id, $7), provider_upload_id = coalesce(provider_upload_id, $8),
           provider_event_at = greatest(provider_event_at, $9),
           duration_seconds = coalesce($10::float8::numeric, duration_seconds),
           aspect_ratio = coalesce($11, aspect_ratio),
           max_width = coalesce($12, max_width), max_height = coalesce($13, max_height),
           resolution_tier = coalesce($14, resolution_tier),
           thumbnail_time = coalesce($15::float8::numeric, thumbnail_time),
           updated_at = now()
     where id = $1",
);

/// By what a title may be named; the first that fits counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Its own id, as it was given to the provider.
    pub video: Option<VideoId>,
    /// The provider's id of the upload.
    pub upload: Option<String>,
    /// The provider's id of what was uploaded.
    pub asset: Option<String>,
}

/// A title as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Its id.
    pub id: VideoId,
    /// Who streams it.
    pub provider: Provider,
    /// The provider's id of what was uploaded.
    pub asset: Option<String>,
    /// The provider's id of the upload.
    pub upload: Option<String>,
    /// What plays it, and who may use that.
    pub playback: Option<(String, Policy)>,
    /// How far it is.
    pub status: Status,
    /// Who may watch it.
    pub access: Access,
    /// When the last event happened that counted.
    pub told_at: Option<OffsetDateTime>,
}

/// What becomes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// How far it is.
    pub status: Status,
    /// Why it will never play, where that is so: a code, and the provider's words.
    pub error: Option<(String, Option<String>)>,
    /// What plays it, and who may use that.
    pub playback: Option<(String, Policy)>,
    /// The provider's ids, where they were not known.
    pub names: Names,
    /// When this happened.
    pub told_at: Option<OffsetDateTime>,
    /// What else the provider knows of it.
    pub facts: Facts,
}

/// What a provider knows of a video; what it does not say is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Its length, in seconds.
    pub duration_seconds: Option<f64>,
    /// Its shape, such as `16:9`.
    pub aspect_ratio: Option<String>,
    /// How wide it was uploaded, in pixels.
    pub max_width: Option<i32>,
    /// How high, in pixels.
    pub max_height: Option<i32>,
    /// How good it is at best, in the provider's words.
    pub resolution_tier: Option<String>,
    /// The second that its poster shows.
    pub thumbnail_seconds: Option<f64>,
}

/// Finds a title and keeps others from changing it until the transaction ends.
pub async fn lock(
    client: &impl GenericClient,
    provider: Provider,
    names: &Names,
) -> Result<Option<State>, Error> {
    let video = names.video.map(VideoId::uuid);
    let row = LOCK.optional(client, &[&provider.as_str(), &video, &names.upload, &names.asset]).await?;
    row.map(|row| state(&row)).transpose()
}

fn state(row: &Row) -> Result<State, Error> {
    let id = VideoId::from(row.get::<_, Uuid>("id"));
    let columns = Columns { statement: LOCK.name(), id, row };
    let policy = columns.policy()?;
    Ok(State {
        id,
        provider: columns.provider()?,
        asset: row.get("provider_asset_id"),
        upload: row.get("provider_upload_id"),
        playback: row.get::<_, Option<String>>("playback_id").map(|id| (id, policy)),
        status: columns.status()?,
        access: columns.access()?,
        told_at: row.get("provider_event_at"),
    })
}

/// Writes what becomes of a title.
pub async fn change(client: &impl GenericClient, id: VideoId, change: &Change) -> Result<(), Error> {
    let Change { status, error, playback, names, told_at, facts } = change;
    let (code, message) = error.clone().unzip();
    let (playback_id, policy) = playback.clone().unzip();
    CHANGE
        .execute(
            client,
            &[
                &id.uuid(),
                &status.as_str(),
                &code,
                &message.flatten(),
                &playback_id,
                &policy.map(Policy::as_str),
                &names.asset,
                &names.upload,
                told_at,
                &facts.duration_seconds,
                &facts.aspect_ratio,
                &facts.max_width,
                &facts.max_height,
                &facts.resolution_tier,
                &facts.thumbnail_seconds,
            ],
        )
        .await?;
    Ok(())
}
