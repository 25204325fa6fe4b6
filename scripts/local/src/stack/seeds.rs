//! The videos that a stack begins with: one of each kind of access, and one that is not ready. Rows that exist are left as
//! they are.

use tokio_postgres::Client;
use uuid::Uuid;

use super::StackError;
use super::database::sql;
use crate::demo;
use crate::mux::Asset;

/// A video of the stack.
#[derive(Debug, Clone, Copy)]
pub struct Seed {
    /// Its id, the same in every stack.
    pub id: Uuid,
    /// Its title.
    pub title: &'static str,
    /// What it is, for those who list it.
    pub description: &'static str,
    /// The clip that it shows, as the stand-in for Mux knows it.
    pub playback_id: &'static str,
    access: &'static str,
    min_tier: Option<&'static str>,
    preview_seconds: Option<i32>,
    status: &'static str,
}

impl Seed {
    /// How the demo page shows it.
    pub(super) fn shown(&self) -> demo::Video {
        demo::Video {
            id: self.id.to_string(),
            title: self.title.to_owned(),
            access: self.access.to_owned(),
            min_tier: self.min_tier.map(str::to_owned),
            preview_seconds: self.preview_seconds.map(i32::unsigned_abs),
            about: self.description.to_owned(),
        }
    }

    /// What stands behind its playback id.
    pub(super) fn asset(&self) -> Asset {
        if self.status == "ready" { Asset::SIGNED } else { Asset::PREPARING }
    }
}

/// For everyone.
pub const FREE: Seed = Seed {
    id: Uuid::from_u128(0x01935f3c_7a10_7c3e_9b1f_000000000001),
    title: "A first look",
    description: "free for everyone",
    playback_id: "streamlyLocalFree",
    access: "free",
    min_tier: None,
    preview_seconds: None,
    status: "ready",
};

/// For everyone with a plan.
pub const MEMBERS: Seed = Seed {
    id: Uuid::from_u128(0x01935f3c_7a10_7c3e_9b1f_000000000002),
    title: "For members",
    description: "every plan opens it",
    playback_id: "streamlyLocalMembers",
    access: "members",
    ..FREE
};

/// For the higher plan; everyone sees its beginning.
pub const PREMIUM: Seed = Seed {
    id: Uuid::from_u128(0x01935f3c_7a10_7c3e_9b1f_000000000003),
    title: "For the premium plan",
    description: "the premium plan opens it, and everyone sees a preview",
    playback_id: "streamlyLocalPremium",
    access: "tier",
    min_tier: Some("premium"),
    preview_seconds: Some(4),
    ..FREE
};

/// Not ready yet.
pub const PREPARING: Seed = Seed {
    id: Uuid::from_u128(0x01935f3c_7a10_7c3e_9b1f_000000000004),
    title: "Coming soon",
    description: "still being prepared",
    playback_id: "streamlyLocalPreparing",
    status: "preparing",
    ..FREE
};

/// All of them.
pub const ALL: [Seed; 4] = [FREE, MEMBERS, PREMIUM, PREPARING];

/// Writes those that are not there. Each is as long as the stand-in's clip.
pub(super) async fn plant(owner: &Client, duration_seconds: f64) -> Result<(), StackError> {
    let insert = "
        insert into videos (id, title, description, provider, playback_id, playback_policy, status, duration_seconds,
          aspect_ratio, access, min_tier, preview_seconds, published_at)
        values ($1, $2, $3, 'mux', $4, 'signed', $5, $6::float8::numeric, '16:9', $7, $8, $9, now())
        on conflict (id) do nothing";
    for seed in ALL {
        let Seed { id, title, description, playback_id, access, min_tier, preview_seconds, status } = seed;
        owner
            .execute(
                insert,
                &[
                    &id,
                    &title,
                    &description,
                    &playback_id,
                    &status,
                    &duration_seconds,
                    &access,
                    &min_tier,
                    &preview_seconds,
                ],
            )
            .await
            .map_err(sql("write a video"))?;
    }
    Ok(())
}
