//! One heartbeat: what it says, whether the play may go on, and what is kept of it.

use adapters::watching::{self, HEARTBEAT_S};
use functions_framework::{Problem, Request, RequestExt, RequestPayloadExt};
use serde::{Deserialize, Serialize};
use streamly::accounts::verify::Caller;
use streamly::db::heartbeats::{self, Answer, Heartbeat, Play, Question};
use streamly::ids::{StreamId, VideoId};
use streamly::video::geo::{Country, Rules};
use streamly::video::lifetime::Length;
use streamly::video::position::Position;
use streamly::video::rights::{self, Right};

use crate::Parts;
use crate::error::ProgressError;

/// What a player says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    session_id: StreamId,
    position_seconds: f64,
    event: Event,
}

/// Why it says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Event {
    Play,
    Pause,
    Seek,
    Ended,
}

/// How many of the caller's plays count now.
#[derive(Debug, Serialize)]
pub(crate) struct Beat {
    current: i64,
    /// 0 is any number.
    max: u32,
    heartbeat_interval_seconds: u32,
}

/// What a request asks for.
pub(crate) struct Ask {
    caller: Caller,
    video: VideoId,
    stream: StreamId,
    position: Position,
    ends: bool,
    country: Option<Country>,
}

impl Ask {
    /// Reads the request, and leaves in its log line who told of what.
    pub(crate) fn of(progress: &Parts, request: &Request) -> Result<Self, Problem> {
        let caller = progress.callers.of(request)?;
        let admitted = progress.limiter.admit(caller.user_id(), progress.clock.now());
        admitted.map_err(ProgressError::TooMany)?;
        let body: Body = request.json()?;
        let position = Position::try_from(body.position_seconds).map_err(|_| ProgressError::Position)?;
        let video: VideoId = request.param("video_id").parse().map_err(|_| ProgressError::VideoNotFound)?;
        request.log_field("video_id", video.to_string());
        request.log_field("session_id", body.session_id.to_string());
        Ok(Self {
            caller,
            video,
            stream: body.session_id,
            position,
            ends: body.event == Event::Ended,
            country: watching::country(request, progress.country_header.as_ref()),
        })
    }
}

impl Parts {
    /// The work: decide, then keep place and play.
    pub(crate) async fn beat(&self, ask: &Ask) -> Result<Beat, ProgressError> {
        let connection = self.pool.get().await?;
        let plans = self.plans.slugs_by_tier_ascending();
        let question = Question {
            video: ask.video,
            user: ask.caller.user_id(),
            session: ask.caller.session_id(),
            stream: ask.stream,
            rules: self.leeway.rules(self.livemode, &plans),
        };
        let Answer { account_holds, title, entitlement, play } =
            heartbeats::question(&*connection, question).await?;
        if !account_holds {
            return Err(ProgressError::SessionRevoked);
        }
        let title = title.filter(|title| rights::is_there(title.status, title.is_visible, Some(ask.caller)));
        let title = title.ok_or(ProgressError::VideoNotFound)?;
        match play {
            Play::Foreign => return Err(ProgressError::StreamNotFound),
            Play::TakenOver => return Err(ProgressError::TakenOver),
            Play::Own => {}
        }
        let (counts, plays_max) = match rights::right(&title.access, entitlement.as_ref(), &self.plans) {
            Ok(Right::Free) => (false, 0),
            Ok(Right::Subscription(grant)) => (true, grant.plays_max),
            Err(lack) => {
                let refusal = rights::refusal(&*connection, lack, ask.caller, self.livemode).await?;
                return Err(ProgressError::Refused(refusal));
            }
        };
        if !Rules::new(title.allowed_countries, title.blocked_countries).permit(ask.country) {
            return Err(ProgressError::Geo);
        }
        let heartbeat = Heartbeat {
            stream: ask.stream,
            user: ask.caller.user_id(),
            video: ask.video,
            ends: ask.ends,
            position_seconds: ask.position.kept(Length::of(title.duration_seconds)),
            plays_max,
        };
        let others = heartbeats::beat(connection, &heartbeat).await?.ok_or(ProgressError::TakenOver)?;
        Ok(Beat {
            current: others + i64::from(counts && !ask.ends),
            max: rights::plays_max(entitlement.as_ref(), &self.plans),
            heartbeat_interval_seconds: HEARTBEAT_S,
        })
    }
}
