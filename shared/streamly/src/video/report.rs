//! What a provider tells of a video, and what becomes of the title.
//!
//! - A title moves forward: waiting, preparing, then ready or errored. Deleted ends everything.
//! - An event counts unless a later one has counted. Of events of the same moment, the one that is further counts.
//! - A title that not everyone may watch never becomes ready while the provider would play it to everyone.
//! - What is told of another asset than the title's own is not the title's affair.

mod cloudflare;
mod mux;

pub use cloudflare::cloudflare_event;
pub use mux::mux_event;

use time::OffsetDateTime;

use crate::db::video_states::{Change, Facts, Names, State};
use crate::db::videos::{Access, Policy, Status};

/// Something that a provider told.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Under which it counts once.
    pub id: String,
    /// Its kind, in the provider's words.
    pub kind: String,
    /// What it says of a video; nothing where it is about something else.
    pub report: Option<Report>,
}

/// A body that is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is no event of this provider")]
pub struct InvalidEvent;

/// What a provider says of a video.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The video that it names.
    pub names: Names,
    /// When it was so; none means now.
    pub told_at: Option<OffsetDateTime>,
    /// How far the video is.
    pub stage: Stage,
    /// What plays it.
    pub playback: Playback,
    /// What else is known.
    pub facts: Facts,
}

/// How far a video is at its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Nothing has arrived.
    Waiting,
    /// It is being made.
    Preparing,
    /// It plays.
    Ready,
    /// It never will.
    Errored {
        /// The provider's code.
        code: String,
        /// The provider's words.
        message: Option<String>,
    },
    /// It is gone.
    Deleted,
}

/// What plays a video at its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Playback {
    /// Nothing was said of it.
    Untold,
    /// Nothing does.
    Nothing,
    /// This id, for whom the policy says.
    By(String, Policy),
}

/// What becomes of a title.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// This.
    Change(Box<Change>),
    /// Nothing: it is further already.
    Stale,
    /// Nothing: something else was told of.
    Foreign,
}

/// Why a title does not play although its provider would: the code that is stored.
pub const PUBLIC_PLAYBACK: &str = "public_playback";
/// The provider would want a licence, which is not offered.
pub const DRM_UNSUPPORTED: &str = "drm_unsupported";
/// The provider names nothing that plays it.
pub const NO_PLAYBACK_ID: &str = "no_playback_id";

/// Whether this code is about how the video is offered, which an operator can change, and not about the video.
pub fn is_about_playback(code: &str) -> bool {
    [PUBLIC_PLAYBACK, DRM_UNSUPPORTED, NO_PLAYBACK_ID].contains(&code)
}

/// What becomes of this title after this report.
pub fn judge(state: &State, report: &Report) -> Verdict {
    if is_another(state.asset.as_ref(), report.names.asset.as_ref())
        || is_another(state.upload.as_ref(), report.names.upload.as_ref())
    {
        return Verdict::Foreign;
    }
    let (status, error, playback) = outcome(state, report);
    if !is_further(state, status, report.told_at) {
        return Verdict::Stale;
    }
    Verdict::Change(Box::new(Change {
        status,
        error,
        playback,
        names: report.names.clone(),
        told_at: report.told_at,
        facts: report.facts.clone(),
    }))
}

fn is_another(known: Option<&String>, told: Option<&String>) -> bool {
    known.zip(told).is_some_and(|(known, told)| known != told)
}

/// Whether a title may go there from where it is.
fn is_further(state: &State, status: Status, told_at: Option<OffsetDateTime>) -> bool {
    let rank = |status| match status {
        Status::Waiting => 0,
        Status::Preparing => 1,
        Status::Ready | Status::Errored => 2,
        Status::Deleted => 3,
    };
    let (from, to) = (rank(state.status), rank(status));
    let later = match (told_at, state.told_at) {
        (Some(told), Some(known)) if told < known => return false,
        (Some(told), Some(known)) => told > known,
        _ => true,
    };
    match state.status {
        Status::Deleted => false,
        // Ready may turn out errored and the other way round, but not within one moment.
        _ => to > from || status == state.status || (to == from && later),
    }
}

type Outcome = (Status, Option<(String, Option<String>)>, Option<(String, Policy)>);

/// The status, the error and what plays it.
fn outcome(state: &State, report: &Report) -> Outcome {
    let known = state.playback.clone();
    let failed = |code: &str| (Status::Errored, Some((code.to_owned(), None)), None);
    let signed = match &report.playback {
        Playback::By(id, Policy::Signed) => Some((id.clone(), Policy::Signed)),
        _ => None,
    };
    match &report.stage {
        Stage::Waiting => (Status::Waiting, None, signed.or(known)),
        Stage::Preparing => (Status::Preparing, None, signed.or(known)),
        Stage::Errored { code, message } => {
            (Status::Errored, Some((code.clone(), message.clone())), signed.or(known))
        }
        Stage::Deleted => (Status::Deleted, None, known),
        Stage::Ready => {
            let playback = match report.playback.clone() {
                Playback::Untold => known,
                Playback::Nothing => None,
                Playback::By(id, policy) => Some((id, policy)),
            };
            match playback {
                None => failed(NO_PLAYBACK_ID),
                Some((_, Policy::Drm)) => failed(DRM_UNSUPPORTED),
                Some((_, Policy::Public)) if state.access != Access::Free => failed(PUBLIC_PLAYBACK),
                playing => (Status::Ready, None, playing),
            }
        }
    }
}

#[cfg(test)]
mod tests;
