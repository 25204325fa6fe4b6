//! `videos` as a viewer finds them: titles that are published and within their dates, the newest first, and what their own
//! words find among them. A title that is still being prepared is shown; one that never will play is not.

use time::OffsetDateTime;
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};
use uuid::Uuid;

use super::statement::Parameter;
use super::videos::{Access, Columns, Policy, Provider, Status};
use super::{Error, Statement};
use crate::ids::VideoId;

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[BY_ID, PAGE, SEARCH];

/// What a viewer is shown of a row `v`. A date before 1970, which only says "always", is 1970.
macro_rules! listed_columns {
    () => {
        concat!(
            "v.id, v.title, v.description, v.provider, v.playback_id, v.playback_policy, v.status, v.access, v.min_tier,
           v.preview_seconds, v.aspect_ratio, v.allowed_countries, v.blocked_countries,
           greatest(v.published_at, 'epoch') as published_at,
           ",
            crate::db::videos::seconds!("duration_seconds"),
            ",
           ",
            crate::db::videos::seconds!("thumbnail_time")
        )
    };
}

pub(super) use listed_columns;

/// Whether a viewer is shown a row `v`.
macro_rules! is_listed {
    () => {
        concat!(
            "v.status in ('waiting', 'preparing', 'ready')
       and ",
            crate::db::videos::is_visible!()
        )
    };
}

pub(super) use is_listed;

/// One title.
const BY_ID: Statement = Statement::new(
    "listings::BY_ID",
    &[Type::UUID],
    concat!(
        "
    select ",
        listed_columns!(),
        "
      from videos v
     where v.id = $1 and ",
        is_listed!(),
    ),
);

/// The titles that stand behind a place in the order, which is a date and an id; from the start where they are null. The
/// third parameter is how many.
const PAGE: Statement = Statement::new(
    "listings::PAGE",
    &[Type::TIMESTAMPTZ, Type::UUID, Type::INT8],
    concat!(
        "
    select ",
        listed_columns!(),
        "
      from videos v
     where ",
        is_listed!(),
        "
       and (greatest(v.published_at, 'epoch'), v.id)
           < (coalesce($1, now()), coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
     order by greatest(v.published_at, 'epoch') desc, v.id desc
     limit $3",
    ),
);

/// The same of titles in which these words are found: all of them in title and description, or something like them in the
/// title alone, for words that are misspelt or not finished.
const SEARCH: Statement = Statement::new(
    "listings::SEARCH",
    &[Type::TIMESTAMPTZ, Type::UUID, Type::INT8, Type::TEXT],
    concat!(
        "
    select ",
        listed_columns!(),
        "
      from videos v
     where ",
        is_listed!(),
        "
       and (greatest(v.published_at, 'epoch'), v.id)
           < (coalesce($1, now()), coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
       and (to_tsvector('simple', searchable(v.title || ' ' || coalesce(v.description, '')))
              @@ plainto_tsquery('simple', searchable($4))
            or searchable($4) <% searchable(v.title))
     order by greatest(v.published_at, 'epoch') desc, v.id desc
     limit $3",
    ),
);

/// A title as a viewer is shown it, and what its poster takes.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Its id.
    pub id: VideoId,
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// Who streams it.
    pub provider: Provider,
    /// The provider's id for playing it.
    pub playback_id: Option<String>,
    /// Who may use that id at the provider.
    pub policy: Policy,
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
    /// Since when it is published.
    pub published_at: OffsetDateTime,
}

/// A place in the order of the list: behind this title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Since when it is published.
    pub published_at: OffsetDateTime,
    /// Its id.
    pub id: VideoId,
}

impl Listing {
    /// Where it stands.
    pub fn place(&self) -> Place {
        Place { published_at: self.published_at, id: self.id }
    }
}

/// One title, if a viewer is shown it.
pub async fn by_id(client: &impl GenericClient, id: VideoId) -> Result<Option<Listing>, Error> {
    let row = BY_ID.optional(client, &[&id.uuid()]).await?;
    row.map(|row| listing(BY_ID.name(), &row)).transpose()
}

/// So many titles behind a place, or from the start; those in which these words are found, or all.
pub async fn page(
    client: &impl GenericClient,
    behind: Option<Place>,
    count: i64,
    words: Option<&str>,
) -> Result<Vec<Listing>, Error> {
    let published_at = behind.map(|place| place.published_at);
    let id = behind.map(|place| place.id.uuid());
    let place: [Parameter<'_>; 3] = [&published_at, &id, &count];
    let (name, rows) = match words {
        None => (PAGE.name(), PAGE.rows(client, &place).await?),
        Some(words) => {
            let [published_at, id, count] = place;
            (SEARCH.name(), SEARCH.rows(client, &[published_at, id, count, &words]).await?)
        }
    };
    rows.iter().map(|row| listing(name, row)).collect()
}

/// A row of [`listed_columns`].
pub(super) fn listing(statement: &'static str, row: &Row) -> Result<Listing, Error> {
    let id = row.get::<_, Uuid>("id").into();
    let columns = Columns { statement, id, row };
    Ok(Listing {
        id,
        title: row.get("title"),
        description: row.get("description"),
        provider: columns.provider()?,
        playback_id: row.get("playback_id"),
        policy: columns.policy()?,
        status: columns.status()?,
        access: columns.access()?,
        preview_seconds: columns.preview_seconds(),
        duration_seconds: row.get("duration_seconds"),
        aspect_ratio: row.get("aspect_ratio"),
        thumbnail_seconds: row.get("thumbnail_time"),
        allowed_countries: columns.countries("allowed_countries"),
        blocked_countries: columns.countries("blocked_countries"),
        published_at: row.get("published_at"),
    })
}
