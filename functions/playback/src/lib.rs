//! `GET /v1/videos/{video_id}/playback`: decides whether somebody may watch, and answers with signed addresses.
//!
//! One question to the database decides; no provider and no payment service is asked. Whatever can fail is checked before a
//! play is counted or a token signed. Free titles and previews need no access token, but one that is sent must hold. Tokens
//! name no viewer, and two viewers may get the same one; `expires_at - issued_at` may then be down to three quarters of what
//! a fresh one would have.
//!
//! An address that is copied works for anybody until it expires. Against that stand the limit of streams, a playback
//! restriction at Mux (`playback_restriction_id` of the title) and `allowedOrigins` at Cloudflare Stream. A player asks again
//! at `refresh_after`, or at once when the provider answers 403, with the `session_id` that it has, and goes on at its place
//! with the new address; most televisions cannot, so the first token covers a whole sitting.
//!
//! Cloudflare Stream's tokens can limit neither the picture nor the time: a plan's `max_resolution` is not enforced there,
//! and there are no previews. Gate such titles by `min_tier`.

mod config;
mod device;
mod error;
mod reply;
mod showing;
mod source;

use adapters::variables::Leeway;
use adapters::watching;
use functions_framework::cors::Origins;
use functions_framework::{Bearer, IntoResponse, Problem, Request, RequestExt, Response, Routes};
use http::{HeaderName, Method, header};
use std::sync::Arc;
use streamly::accounts::verify::{Caller, InvalidToken, TokenHeader, Verifier};
use streamly::billing::Plans;
use streamly::clock::Clock;
use streamly::db::streams::{self, Opened, Opening};
use streamly::db::videos::{self, PlaybackQuestion, Provider, Status, Title};
use streamly::db::{Connection, Pool};
use streamly::ids::{StreamId, VideoId};
use streamly::limiter::Limiter;
use streamly::video::geo::Country;
use streamly::video::providers::Providers;
use streamly::video::rights::{self, Lack, Right};

pub use config::Config;

use error::PlaybackError;
use reply::{Made, Reply};
use showing::Showing;
use source::Serving;

/// What playback works with.
pub struct Parts {
    /// The time.
    pub clock: Clock,
    /// The database.
    pub pool: Pool,
    /// Verifies callers' tokens.
    pub verifier: Verifier,
    /// The header that carries them.
    pub token_header: TokenHeader,
    /// How often one caller may ask.
    pub limiter: Limiter,
    /// The browser origins that may read replies.
    pub origins: Origins,
    /// The header in which the load balancer names the viewer's country.
    pub country_header: Option<HeaderName>,
    /// The plans on offer.
    pub plans: Plans,
    /// Whether subscriptions of real money count, or those of test mode.
    pub livemode: bool,
    /// How long access outlives what was paid.
    pub leeway: Leeway,
    /// Who streams.
    pub providers: Providers,
}

impl Parts {
    /// The real parts.
    pub fn real(config: Config) -> Self {
        Self::with_clock(config, Clock::system())
    }

    /// The real parts in another time.
    pub fn with_clock(config: Config, clock: Clock) -> Self {
        let Config { pool, keys, issuer, audience, .. } = config;
        Self {
            pool,
            verifier: Verifier::new(keys, issuer, audience, clock.clone()),
            clock,
            token_header: config.token_header,
            limiter: Limiter::default(),
            origins: config.origins,
            country_header: config.country_header,
            plans: config.plans,
            livemode: config.livemode,
            leeway: config.leeway,
            providers: config.providers,
        }
    }
}

/// The one route.
pub fn routes(parts: Parts) -> Routes<Parts> {
    let origins = parts.origins.clone();
    Routes::new(parts).get("/v1/videos/{video_id}/playback", play).cors(origins)
}

async fn play(playback: Arc<Parts>, request: Request) -> Result<Response, Problem> {
    let reply = playback.answer(&request).await.map_err(Problem::from);
    match &reply {
        Ok(reply) => reply.log(|name, value| request.log_field(name, value)),
        Err(problem) => request.log_field("decision", problem.kind().slug),
    }
    Ok(reply?.into_response())
}

/// What a request asks for.
struct Ask<'a> {
    video: VideoId,
    /// The play that goes on, as the client says.
    named: Option<StreamId>,
    token: Option<&'a str>,
    country: Option<Country>,
    user_agent: &'a str,
    /// A look at the headers alone opens no play.
    opens: bool,
}

impl Parts {
    /// Reads the request, and leaves in its log line who asked for what.
    async fn answer(&self, request: &Request) -> Result<Reply, PlaybackError> {
        let ask = self.ask(request)?;
        request.log_field("video_id", ask.video.to_string());
        let caller = self.caller(&ask)?;
        if let Some(caller) = caller {
            request.log_field("user_id", caller.user_id().to_string());
        }
        self.decide(&ask, caller).await
    }

    fn ask<'a>(&self, request: &'a Request) -> Result<Ask<'a>, PlaybackError> {
        let video = request.param("video_id").parse().map_err(|_| PlaybackError::NotFound)?;
        let named = match &request.query("session_id")[..] {
            [] => None,
            [id] => Some(id.parse().map_err(|_| PlaybackError::SessionId)?),
            _ => return Err(PlaybackError::SessionId),
        };
        let token = match request.bearer(self.token_header.name()) {
            Bearer::Absent => None,
            Bearer::Token(token) => Some(token),
            Bearer::Ambiguous => return Err(InvalidToken.into()),
        };
        let headers = request.headers();
        let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Ask {
            video,
            named,
            token,
            country: watching::country(request, self.country_header.as_ref()),
            user_agent: user_agent.unwrap_or_default(),
            opens: *request.method() == Method::GET,
        })
    }

    /// Who asks; a token that does not hold is refused even where none was needed.
    fn caller(&self, ask: &Ask<'_>) -> Result<Option<Caller>, PlaybackError> {
        let Some(token) = ask.token else { return Ok(None) };
        let caller = self.verifier.verify(token)?;
        self.limiter.admit(caller.user_id(), self.clock.now()).map_err(PlaybackError::TooMany)?;
        Ok(Some(caller))
    }

    /// The work: decide, then take a place among the plays, then sign.
    async fn decide(&self, ask: &Ask<'_>, caller: Option<Caller>) -> Result<Reply, PlaybackError> {
        let connection = self.pool.get().await?;
        let plans = self.plans.slugs_by_tier_ascending();
        let question = PlaybackQuestion {
            video: ask.video,
            caller: caller.map(|caller| (caller.user_id(), caller.session_id())),
            rules: self.leeway.rules(self.livemode, &plans),
        };
        let answer = videos::for_playback(&*connection, question).await?;
        if caller.is_some() && !answer.account_holds {
            return Err(PlaybackError::SessionRevoked);
        }
        let title = answer.title.filter(|title| rights::is_there(title.status, title.is_visible, caller));
        let title = title.ok_or(PlaybackError::NotFound)?;
        let showing = match rights::right(&title.access, answer.entitlement.as_ref(), &self.plans) {
            Ok(Right::Free) => Showing::Free,
            Ok(Right::Subscription(grant)) => Showing::Subscribed(grant),
            Err(lack) => match preview(&title) {
                Some(seconds) => Showing::Preview(seconds),
                None => return Err(self.refusal(&connection, lack, caller).await),
            },
        };
        if !source::rules(&title).permit(ask.country) {
            return Err(PlaybackError::Geo);
        }
        if title.status != Status::Ready {
            return Err(PlaybackError::NotReady);
        }
        let source = self.providers.source(title.asset());
        let source = source.map_err(|error| PlaybackError::Unservable(title.id, error))?;
        let viewer = caller.filter(|_| ask.opens && showing.preview_seconds().is_none());
        let stream = match viewer {
            Some(caller) => Some(take_place(connection, ask, showing.plays_max(), caller).await?),
            None => None,
        };
        let now = self.clock.unix_seconds();
        let serving = Serving {
            now,
            preview_seconds: showing.preview_seconds(),
            max_resolution: showing.max_resolution(),
            entitled_until: showing.until(),
        };
        let addresses = source::addresses(&source, &title, &serving);
        let position_seconds = answer.position_seconds;
        Ok(Made { title, showing, stream, position_seconds, addresses, now }.into())
    }

    /// Why somebody who lacks this may not watch.
    async fn refusal(&self, connection: &Connection, lack: Lack, caller: Option<Caller>) -> PlaybackError {
        let Some(caller) = caller else { return PlaybackError::MissingToken };
        match rights::refusal(&**connection, lack, caller, self.livemode).await {
            Ok(refusal) => PlaybackError::Refused(refusal),
            Err(error) => error.into(),
        }
    }
}

/// How much of a title those may see who may not watch it. Only Mux can end a token's video before its end.
fn preview(title: &Title) -> Option<u32> {
    title.preview_seconds.filter(|_| title.provider == Provider::Mux)
}

/// A place among the caller's plays, of which so many may run at once.
async fn take_place(
    connection: Connection,
    ask: &Ask<'_>,
    plays_max: u32,
    caller: Caller,
) -> Result<StreamId, PlaybackError> {
    let device = device::label(ask.user_agent);
    let opening = Opening {
        user: caller.user_id(),
        video: ask.video,
        named: ask.named,
        device: device.as_deref(),
        plays_max,
    };
    match streams::open(connection, &opening).await? {
        Opened::Play(id) => Ok(id),
        Opened::Full(active) => Err(PlaybackError::Full(active)),
    }
}
