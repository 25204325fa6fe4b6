//! `PUT /v1/videos/{video_id}/progress` is a player's heartbeat and keeps the viewer's place; `GET /v1/continue-watching`
//! tells what to go on with, `GET /v1/streams` what plays now, and `DELETE /v1/streams/{id}` ends one of these from elsewhere.
//!
//! - A heartbeat decides anew, by playback's rule, whether its sender may watch. A subscription that lapses, a login that
//!   ends or a title that is withdrawn stops a running film within a minute; the player keeps what it has loaded.
//! - A play that was taken over is gone (410), and its player stops. One that went silent goes on while the plan has room for
//!   it, and is gone otherwise.
//! - The last place to arrive wins; the first five seconds are not kept. What is kept changes together with the play.
//! - Everything is about the caller alone. Another person's play is not found, as if there were none.
//!
//! Variables: `DATABASE_URL`, `DATABASE_CA_FILE`, `DATABASE_POOL_SIZE`, `JWT_ISSUER`, `JWT_AUDIENCE`, `JWT_VERIFY_KEYS`,
//! `AUTH_TOKEN_HEADER`, `PLANS`, `STRIPE_LIVEMODE`, `PAST_DUE_GRACE_DAYS`, `RENEWAL_LEEWAY_HOURS`, `GEO_COUNTRY_HEADER`,
//! `CORS_ALLOWED_ORIGINS`, and for posters those of Mux and Cloudflare Stream that catalog reads.

mod config;
mod error;
mod heartbeat;

use adapters::videos::Video;
use adapters::watching::Active;
use functions_framework::{Json, Problem, Request, RequestExt, Routes};
use http::StatusCode;
use serde::Serialize;
use std::sync::Arc;
use streamly::accounts::verify::Caller;
use streamly::db::watch_progress::Unfinished;
use streamly::db::{streams, viewers, watch_progress};
use streamly::ids::StreamId;
use streamly::video::rights;
use time::OffsetDateTime;

pub use config::{Config, Parts};

use error::ProgressError;
use heartbeat::{Ask, Beat};

/// The routes.
pub fn routes(parts: Parts) -> Routes<Parts> {
    let origins = parts.origins.clone();
    Routes::new(parts)
        .put("/v1/videos/{video_id}/progress", beat)
        .get("/v1/continue-watching", go_on)
        .get("/v1/streams", list)
        .delete("/v1/streams/{id}", take_over)
        .cors(origins)
}

#[derive(Debug, Serialize)]
struct ToGoOn {
    videos: Vec<Begun>,
}

#[derive(Debug, Serialize)]
struct Begun {
    video: Video,
    position_seconds: f64,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

#[derive(Debug, Serialize)]
struct Streams {
    streams: Vec<Active>,
    /// 0 is any number.
    max: u32,
}

async fn beat(progress: Arc<Parts>, request: Request) -> Result<(StatusCode, Json<Beat>), Problem> {
    let ask = Ask::of(&progress, &request)?;
    let beat = progress.beat(&ask).await.map_err(Problem::from);
    if let Err(problem) = &beat {
        request.log_field("decision", problem.kind().slug);
    }
    Ok((StatusCode::OK, Json(beat?)))
}

async fn go_on(progress: Arc<Parts>, request: Request) -> Result<(StatusCode, Json<ToGoOn>), Problem> {
    let caller = progress.callers.of(&request)?;
    Ok((StatusCode::OK, Json(progress.to_go_on(caller).await?)))
}

async fn list(progress: Arc<Parts>, request: Request) -> Result<(StatusCode, Json<Streams>), Problem> {
    let caller = progress.callers.of(&request)?;
    Ok((StatusCode::OK, Json(progress.streams(caller).await?)))
}

async fn take_over(progress: Arc<Parts>, request: Request) -> Result<StatusCode, Problem> {
    let caller = progress.callers.of(&request)?;
    progress.take_over(request.param("id"), caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Parts {
    async fn to_go_on(&self, caller: Caller) -> Result<ToGoOn, ProgressError> {
        let connection = self.pool.get().await?;
        // Sent one behind the other without waiting: the server takes them in turn.
        let (account_holds, unfinished) = tokio::join!(
            biased;
            viewers::holds(&*connection, caller.user_id(), caller.session_id()),
            watch_progress::unfinished(&*connection, caller.user_id()),
        );
        if !account_holds? {
            return Err(ProgressError::SessionRevoked);
        }
        let now = self.clock.unix_seconds();
        let begun = |Unfinished { listing, position_seconds, updated_at }| {
            let poster_url = self.providers.poster(&listing, now);
            Begun { video: Video::new(listing, poster_url), position_seconds, updated_at }
        };
        Ok(ToGoOn { videos: unfinished?.into_iter().map(begun).collect() })
    }

    async fn streams(&self, caller: Caller) -> Result<Streams, ProgressError> {
        let connection = self.pool.get().await?;
        let plans = self.plans.slugs_by_tier_ascending();
        let rules = self.leeway.rules(self.livemode, &plans);
        let (standing, counted) = tokio::join!(
            biased;
            viewers::standing(&*connection, caller.user_id(), caller.session_id(), rules),
            streams::counted_by_user(&*connection, caller.user_id()),
        );
        let standing = standing?;
        if !standing.account_holds {
            return Err(ProgressError::SessionRevoked);
        }
        let max = rights::plays_max(standing.entitlement.as_ref(), &self.plans);
        Ok(Streams { streams: counted?.into_iter().map(Active::from).collect(), max })
    }

    async fn take_over(&self, id: &str, caller: Caller) -> Result<(), ProgressError> {
        // What no play could be called is nobody's, once it is known that the caller may ask.
        let id = id.parse::<StreamId>().ok();
        let connection = self.pool.get().await?;
        let taken = streams::take_over(&*connection, id, caller.user_id(), caller.session_id()).await?;
        match (taken.account_holds, taken.is_taken_over) {
            (false, _) => Err(ProgressError::SessionRevoked),
            (true, false) => Err(ProgressError::StreamNotFound),
            (true, true) => Ok(()),
        }
    }
}
