//! What comes of an event, in the words of the ledger, the reply and the log.

use serde::Serialize;

use super::event::Ignored;
use crate::ids::UserId;

/// What came of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is stored, and what it tells as well.
    Applied,
    /// It tells what was.
    Stale,
    /// It was delivered before.
    Duplicate,
    /// It does not matter here.
    Ignored,
    /// It is nobody's.
    Unmatched,
    /// It names two people.
    Conflict,
    /// It says that something changed, not what.
    Poke,
}

impl Outcome {
    /// The word for it, in the ledger and in replies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Stale => "stale",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
            Self::Unmatched => "unmatched",
            Self::Conflict => "conflict",
            Self::Poke => "poke",
        }
    }
}

/// What a person should look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alert {
    /// An event that is nobody's.
    Unmatched,
    /// An event that names two people.
    Conflict,
    /// An event whose object cannot be read.
    MalformedObject,
    /// A status that Stripe did not have when this was written.
    UnknownStatus,
    /// A price that no plan names.
    UnknownPrice,
    /// A second subscription of one person: they pay twice.
    TwoSubscriptions,
}

impl Alert {
    /// The word for it, in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unmatched => "unmatched",
            Self::Conflict => "conflict",
            Self::MalformedObject => "malformed-object",
            Self::UnknownStatus => "unknown-status",
            Self::UnknownPrice => "unknown-price",
            Self::TwoSubscriptions => "two-subscriptions",
        }
    }
}

/// What came of an event, and what follows for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// What came of it.
    pub outcome: Outcome,
    /// Why, where the outcome does not say it.
    pub detail: Option<&'static str>,
    /// Whose it is.
    pub user_id: Option<UserId>,
    /// What a person should look at.
    pub alerts: Vec<Alert>,
}

impl Effect {
    pub(crate) fn of(outcome: Outcome, user_id: Option<UserId>) -> Self {
        Self { outcome, detail: None, user_id, alerts: Vec::new() }
    }

    pub(crate) fn ignored(why: Ignored) -> Self {
        let alerts = if why == Ignored::MalformedObject { vec![Alert::MalformedObject] } else { Vec::new() };
        Self { detail: Some(why.as_str()), alerts, ..Self::of(Outcome::Ignored, None) }
    }
}
