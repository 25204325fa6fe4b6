//! `GET /v1/videos` and `GET /v1/videos/{video_id}`: what there is to watch, for everyone.
//!
//! - Shown is what is published and within its dates, the newest first; also what is still being prepared. A page leads to
//!   the next by an opaque `next_cursor`, which stays good while titles come and go.
//! - `q` finds words of title and description, whole, and of the title also what is misspelt or not finished; neither case
//!   nor accents matter.
//! - No provider's id is told but in a poster's address, which is signed and shows a still and nothing else. It stays the
//!   same for six hours, so that browsers keep the image. At Cloudflare Stream such an address would play the video, so
//!   only free titles have a poster there.
//! - Without a token an answer may be kept for a minute by whoever passes it on. One that is sent must hold, changes nothing
//!   in the answer, and keeps it from being stored.
//!
//! Variables: `DATABASE_URL`, `DATABASE_CA_FILE`, `DATABASE_POOL_SIZE`, `JWT_ISSUER`, `JWT_AUDIENCE`, `JWT_VERIFY_KEYS`,
//! `AUTH_TOKEN_HEADER`, `MUX_SIGNING_KEY`, `MUX_PRIVATE_KEY`, `MUX_STREAM_BASE_URL`, `MUX_IMAGE_BASE_URL`,
//! `CLOUDFLARE_STREAM_KEY_ID`, `CLOUDFLARE_STREAM_PRIVATE_KEY`, `CLOUDFLARE_STREAM_DOMAIN` and `CORS_ALLOWED_ORIGINS`.

mod config;
mod cursor;
mod error;
mod query;

use adapters::videos::Video;
use functions_framework::{IntoResponse, Json, Problem, Request, RequestExt, Response, Routes};
use http::{HeaderValue, header};
use serde::Serialize;
use std::sync::Arc;
use streamly::db::listings::{self, Listing};
use streamly::ids::VideoId;

pub use config::{Config, Parts};

use cursor::Cursor;
use error::CatalogError;
use query::Query;

/// The routes.
pub fn routes(parts: Parts) -> Routes<Parts> {
    let origins = parts.origins.clone();
    Routes::new(parts).get("/v1/videos", list).get("/v1/videos/{video_id}", show).cors(origins)
}

#[derive(Debug, Serialize)]
struct Page {
    videos: Vec<Video>,
    next_cursor: Option<String>,
}

/// A reply, and whether somebody showed a token with the question.
struct Reply<T> {
    body: T,
    is_signed_in: bool,
}

async fn list(catalog: Arc<Parts>, request: Request) -> Result<Reply<Page>, Problem> {
    let is_signed_in = catalog.is_signed_in(&request)?;
    let body = catalog.page(&Query::of(&request)?).await?;
    Ok(Reply { body, is_signed_in })
}

async fn show(catalog: Arc<Parts>, request: Request) -> Result<Reply<Video>, Problem> {
    let id = request.param("video_id").parse().map_err(|_| CatalogError::NotFound)?;
    let is_signed_in = catalog.is_signed_in(&request)?;
    let body = catalog.video(id).await?;
    Ok(Reply { body, is_signed_in })
}

impl Parts {
    /// Whether the request carries a token; one that does not hold is refused even though none was needed.
    fn is_signed_in(&self, request: &Request) -> Result<bool, Problem> {
        match request.optional_bearer(self.callers.token_header.name())? {
            Some(_) => self.callers.of(request).map(|_| true),
            None => Ok(false),
        }
    }

    /// The titles that the query asks for, and where to go on.
    async fn page(&self, query: &Query) -> Result<Page, CatalogError> {
        if query.finds_nothing() {
            return Ok(Page { videos: Vec::new(), next_cursor: None });
        }
        let connection = self.pool.get().await?;
        // One more than asked for tells whether there is a next page.
        let behind = query.cursor.map(|cursor| cursor.0);
        let mut found =
            listings::page(&*connection, behind, i64::from(query.limit) + 1, query.words.as_deref()).await?;
        let goes_on = found.len() > usize::from(query.limit);
        found.truncate(query.limit.into());
        let last = found.last().filter(|_| goes_on).map(Listing::place);
        let now = self.clock.unix_seconds();
        Ok(Page {
            videos: found.into_iter().map(|listing| self.shown(listing, now)).collect(),
            next_cursor: last.map(|place| Cursor(place).to_string()),
        })
    }

    async fn video(&self, id: VideoId) -> Result<Video, CatalogError> {
        let connection = self.pool.get().await?;
        let listing = listings::by_id(&*connection, id).await?.ok_or(CatalogError::NotFound)?;
        Ok(self.shown(listing, self.clock.unix_seconds()))
    }

    fn shown(&self, listing: Listing, now: i64) -> Video {
        let poster_url = self.providers.poster(&listing, now);
        Video::new(listing, poster_url)
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        let headers = response.headers_mut();
        let keeping = if self.is_signed_in { "no-store" } else { "public, max-age=60" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keeping));
        headers.insert(header::VARY, HeaderValue::from_static("Authorization, Origin"));
        response
    }
}
