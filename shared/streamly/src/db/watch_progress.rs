//! `watch_progress`: where a person stopped, and what of it is worth going on with.

use time::OffsetDateTime;
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::listings::{self, Listing, is_listed, listed_columns};
use super::{Error, Statement};
use crate::ids::UserId;

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[UNFINISHED];

/// What a person began and did not finish, the latest first: titles of five minutes at least, from a twentieth to nine tenths
/// of them. A length beyond a day is not believed, so there is no part of it.
///
/// Read by the person alone and sorted here: an index by date would have to follow every heartbeat.
const UNFINISHED: Statement = Statement::new(
    "watch_progress::UNFINISHED",
    &[Type::UUID],
    concat!(
        "
    select ",
        listed_columns!(),
        ",
           nullif(least(w.position_seconds, 1000000000), 1000000000)::float8 as position_seconds, w.updated_at
      from watch_progress w
      join videos v on v.id = w.video_id
     where w.user_id = $1 and v.duration_seconds between 300 and 86400
       and w.position_seconds between 0.05 * v.duration_seconds and 0.9 * v.duration_seconds
       and ",
        is_listed!(),
        "
     order by w.updated_at desc, v.id desc
     limit 50",
    ),
);

/// A title that somebody may go on with.
#[derive(Debug, Clone)]
pub struct Unfinished {
    /// The title.
    pub listing: Listing,
    /// Where they stopped.
    pub position_seconds: f64,
    /// When that was.
    pub updated_at: OffsetDateTime,
}

/// What a person may go on with, the latest first.
pub async fn unfinished(client: &impl GenericClient, user: UserId) -> Result<Vec<Unfinished>, Error> {
    let rows = UNFINISHED.rows(client, &[&user.uuid()]).await?;
    let unfinished = rows.iter().map(|row| {
        Ok(Unfinished {
            listing: listings::listing(UNFINISHED.name(), row)?,
            position_seconds: row.get("position_seconds"),
            updated_at: row.get("updated_at"),
        })
    });
    unfinished.collect()
}
