//! The stand-in's time: its clock, how far it was moved ahead, and the instant at which something due happens.

use serde::{Deserialize, Serialize};
use streamly::clock::Clock;

/// What is kept of it is how far it was moved: it runs on while nothing keeps it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Timeline {
    #[serde(skip, default = "Clock::system")]
    clock: Clock,
    /// How far ahead of the clock it is.
    ahead: i64,
    /// The time at which it stands still.
    held: Option<i64>,
    /// The instant that is being caught up with.
    #[serde(skip)]
    instant: Option<i64>,
    /// The latest instant at which something happened, behind which nothing happens any more.
    latest: i64,
}

impl Timeline {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, ahead: 0, held: None, instant: None, latest: i64::MIN }
    }

    /// Goes on by its own clock as far ahead as the other was.
    pub(super) fn resume(&mut self, other: &Self) {
        *self = Self { clock: self.clock.clone(), ..other.clone() };
    }

    /// The time in Unix seconds.
    pub(super) fn now(&self) -> i64 {
        self.instant.or(self.held).unwrap_or_else(|| self.clock.unix_seconds().saturating_add(self.ahead))
    }

    /// Moves it ahead.
    pub(super) fn advance(&mut self, seconds: i64) {
        match &mut self.held {
            Some(held) => *held = held.saturating_add(seconds),
            None => self.ahead = self.ahead.saturating_add(seconds),
        }
    }

    /// Makes it stand still, so that what follows shares a second, or lets it run on from there.
    pub(super) fn hold(&mut self, held: bool) {
        let now = self.now();
        self.ahead = now.saturating_sub(self.clock.unix_seconds());
        self.held = held.then_some(now);
    }

    /// Whether it stands still.
    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Notes that something happens now.
    pub(super) fn note(&mut self) {
        self.latest = self.latest.max(self.now());
    }

    /// Shows this instant until `go_on`, or the latest at which something happened, if that is later.
    pub(super) fn stand_at(&mut self, instant: i64) {
        self.latest = self.latest.max(instant);
        self.instant = Some(self.latest);
    }

    /// Shows the present again.
    pub(super) fn go_on(&mut self) {
        self.instant = None;
    }
}
