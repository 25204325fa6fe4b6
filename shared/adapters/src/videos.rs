//! A title as every list and page shows it, without a word of its provider's.

use serde::Serialize;
use streamly::db::listings::Listing;
use streamly::ids::VideoId;
use streamly::video::lifetime::Length;
use time::OffsetDateTime;

/// A title.
#[derive(Debug, Clone, Serialize)]
pub struct Video {
    id: VideoId,
    title: String,
    description: Option<String>,
    duration_seconds: Option<f64>,
    aspect_ratio: Option<String>,
    access: &'static str,
    min_tier: Option<String>,
    preview_seconds: Option<u32>,
    status: &'static str,
    poster_url: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    published_at: OffsetDateTime,
}

impl Video {
    /// The title that this row shows, with its poster at this address.
    pub fn new(listing: Listing, poster_url: Option<String>) -> Self {
        Self {
            id: listing.id,
            title: listing.title,
            description: listing.description,
            duration_seconds: Length::of(listing.duration_seconds).seconds(),
            aspect_ratio: listing.aspect_ratio,
            access: listing.access.as_str(),
            min_tier: listing.access.least_tier().map(str::to_owned),
            preview_seconds: listing.preview_seconds,
            status: listing.status.as_str(),
            poster_url,
            published_at: listing.published_at,
        }
    }
}
