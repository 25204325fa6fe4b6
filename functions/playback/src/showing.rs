//! How somebody gets to watch, and what follows from it for the tokens.

use streamly::billing::plans::Resolution;
use streamly::video::rights::Grant;

/// How somebody gets to watch.
#[derive(Debug)]
pub(crate) enum Showing<'a> {
    /// Everyone does.
    Free,
    /// Their subscription opens it.
    Subscribed(Grant<'a>),
    /// This many seconds of it.
    Preview(u32),
}

impl Showing<'_> {
    /// `kind` of the reply.
    pub(crate) fn kind(&self) -> &'static str {
        if self.preview_seconds().is_some() { "preview" } else { "full" }
    }

    /// `reason` of the reply.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Subscribed(_) => "subscription",
            Self::Preview(_) => "preview",
        }
    }

    /// What the subscription gives, where that is the reason.
    pub(crate) fn grant(&self) -> Option<&Grant<'_>> {
        match self {
            Self::Subscribed(grant) => Some(grant),
            Self::Free | Self::Preview(_) => None,
        }
    }

    /// How much of it, where that is not all.
    pub(crate) fn preview_seconds(&self) -> Option<u32> {
        match self {
            Self::Preview(seconds) => Some(*seconds),
            Self::Free | Self::Subscribed(_) => None,
        }
    }

    /// How many titles may play at once, 0 for any number: only those that take a subscription count.
    pub(crate) fn plays_max(&self) -> u32 {
        self.grant().map_or(0, |grant| grant.plays_max)
    }

    /// The best picture, where the plan caps it.
    pub(crate) fn max_resolution(&self) -> Option<Resolution> {
        self.grant().and_then(|grant| grant.max_resolution)
    }

    /// When the right to watch ends, in Unix seconds, where it does.
    pub(crate) fn until(&self) -> Option<i64> {
        self.grant().map(|grant| grant.until)
    }
}
