//! What a run did, as the fields of one line, and whether anything that was due is left.

use functions_framework::{Severity, log};
use serde_json::Value;

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// What a dry run told that it would do.
    pub told: u64,
    /// How often Stripe was asked.
    pub requests: u64,
    /// Rows that are as Stripe says now.
    pub settled: u64,
    /// Rows of which an event told while Stripe was asked.
    pub newer: u64,
    /// What was due and failed.
    pub failed: u64,
    /// Subscriptions that were ended, since they belong to nobody any more.
    pub ended: u64,
    /// Events that no endpoint had taken and that are entered now.
    pub events: u64,
    /// Subscriptions that Stripe listed.
    pub listed: u64,
    /// Subscriptions that no event had told of, and whose person was found.
    pub adopted: u64,
    /// Those of nobody, or of two people.
    pub strangers: u64,
    /// Rows that go on here and that Stripe did not list.
    pub unlisted: u64,
    /// Prices that differ from what the plans say.
    pub prices: u64,
    /// Events that were nobody's and were done again.
    pub replayed: u64,
    /// Those of them that are someone's now.
    pub matched: u64,
    /// Old texts that were cleared.
    pub cleared: u64,
    /// Rows that were of no use any more.
    pub dropped: i64,
    /// People who were erased.
    pub erased: u64,
    /// People whose time has come, but of whom something goes on at Stripe.
    pub held: i64,
    /// Rows that are marked at the end.
    pub marked: i64,
    /// For how many seconds the oldest of them has been.
    pub oldest_s: i64,
    /// Whether the run was told to end before its end.
    pub interrupted: bool,
}

/// Something that was due is left; the log says what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not everything that was due is settled")]
pub struct Unsettled;

impl Summary {
    /// The fields, by which operators count.
    pub fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("reconcile.dry_run", self.dry_run.into()),
            ("reconcile.told", self.told.into()),
            ("reconcile.requests", self.requests.into()),
            ("reconcile.settled", self.settled.into()),
            ("reconcile.newer", self.newer.into()),
            ("reconcile.failed", self.failed.into()),
            ("reconcile.ended", self.ended.into()),
            ("reconcile.events", self.events.into()),
            ("reconcile.listed", self.listed.into()),
            ("reconcile.adopted", self.adopted.into()),
            ("reconcile.strangers", self.strangers.into()),
            ("reconcile.unlisted", self.unlisted.into()),
            ("reconcile.prices", self.prices.into()),
            ("reconcile.replayed", self.replayed.into()),
            ("reconcile.matched", self.matched.into()),
            ("reconcile.cleared", self.cleared.into()),
            ("reconcile.dropped", self.dropped.into()),
            ("reconcile.erased", self.erased.into()),
            ("reconcile.held", self.held.into()),
            ("reconcile.needs_sync", self.marked.into()),
            ("reconcile.needs_sync_oldest_s", self.oldest_s.into()),
            ("reconcile.interrupted", self.interrupted.into()),
        ]
    }

    /// Writes the one line.
    pub fn log(&self) {
        let severity = if self.verdict().is_ok() { Severity::Info } else { Severity::Error };
        let what = if self.verdict().is_ok() { "everything due is settled" } else { "something due is left" };
        log(severity, &format!("reconcile: {what}"), &self.fields());
    }

    /// Whether everything that was due is settled.
    pub fn verdict(&self) -> Result<(), Unsettled> {
        if self.failed == 0 && !self.interrupted { Ok(()) } else { Err(Unsettled) }
    }
}
