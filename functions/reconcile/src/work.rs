//! What every pass does alike: asks within the budget, tells of failures, ends when it is told to.

use functions_framework::{Severity, log};
use std::collections::HashSet;
use std::time::Duration;
use streamly::billing::stripe::{Deadline, StripeError};
use streamly::billing::{ApplyError, Effect, Outcome};
use streamly::db::syncs::{self, Piece};
use streamly::db::{self, Connection};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::rehearsal::Would;
use crate::{Parts, Summary};

/// The longest call with all its attempts, in seconds.
const CALL_S_MAX: u64 = 10;
/// How many rows are listed at once.
const ROWS_MAX: i64 = 200;

/// Why a pass ends before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// A signal.
    Told,
    /// Stripe refuses the key, or the database is away: nothing else would fare better.
    Hopeless,
}

/// Why an item is not settled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("a signal came")]
    Told,
    #[error(transparent)]
    Stripe(#[from] StripeError),
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error("Stripe's answer is about something else")]
    Unreadable,
    #[error("events keep arriving while Stripe is asked")]
    Busy,
}

impl Failure {
    /// What it means for the items after it.
    fn end(&self) -> Option<End> {
        match self {
            Self::Told => Some(End::Told),
            Self::Stripe(error) if error.is_refused_key() => Some(End::Hopeless),
            Self::Database(error) | Self::Apply(ApplyError::Database(error)) if error.is_unavailable() => {
                Some(End::Hopeless)
            }
            _ => None,
        }
    }
}

/// One run.
pub(crate) struct Work {
    pub(crate) parts: Parts,
    pub(crate) summary: Summary,
    pub(crate) stopped: watch::Receiver<bool>,
    /// Whether what belongs to nobody any more was gone through.
    pub(crate) forsaken_is_done: bool,
    /// What a dry run has told.
    pub(crate) told: HashSet<(Would, String)>,
    next: Instant,
}

impl Work {
    pub(crate) fn new(parts: Parts, dry_run: bool) -> Self {
        let summary = Summary { dry_run, ..Summary::default() };
        // Replaced by the run's own; nobody tells this one anything.
        let (_, stopped) = watch::channel(false);
        Self { parts, summary, stopped, forsaken_is_done: false, told: HashSet::new(), next: Instant::now() }
    }

    /// Asks Stripe, when the budget allows it. A question that a signal cuts short has changed nothing, or what may be
    /// done twice.
    pub(crate) async fn ask<T>(
        &mut self,
        question: impl AsyncFnOnce(Deadline) -> Result<T, StripeError>,
    ) -> Result<T, Failure> {
        let mut stopped = self.stopped.clone();
        let at = self.next;
        let answered = async {
            sleep_until(at).await;
            question(Deadline::after(Duration::from_secs(CALL_S_MAX))).await
        };
        let answer = tokio::select! {
            biased;
            _ = stopped.wait_for(|told| *told) => return Err(Failure::Told),
            answer = answered => answer,
        };
        self.summary.requests += 1;
        self.next = at.max(Instant::now()) + self.parts.gap;
        Ok(answer?)
    }

    /// Whether a signal came.
    pub(crate) fn check(&self) -> Result<(), End> {
        if *self.stopped.borrow() { Err(End::Told) } else { Ok(()) }
    }

    /// Tells of an item that is not settled, and whether the pass goes on.
    pub(crate) fn failed(&mut self, what: &str, failure: &Failure) -> Result<(), End> {
        if let Failure::Told = failure {
            return Err(End::Told);
        }
        self.summary.failed += 1;
        let end = failure.end();
        let severity = if end.is_some() { Severity::Error } else { Severity::Warning };
        let mut fields = vec![("reconcile.item", what.into())];
        if matches!(failure, Failure::Stripe(error) if error.is_refused_key()) {
            fields.push(("alert", "stripe-unauthorized".into()));
        }
        log(severity, &format!("{what} is not settled: {}", chain(failure)), &fields);
        end.map_or(Ok(()), Err)
    }

    pub(crate) async fn connection(&self) -> Result<Connection, Failure> {
        Ok(self.parts.pool.get().await?)
    }

    pub(crate) fn piece(&self, after: i64) -> Piece {
        Piece { livemode: self.parts.rules.livemode, after, rows_max: ROWS_MAX }
    }

    /// How much is marked at the end.
    pub(crate) async fn measure(&mut self) {
        let measured = async {
            Ok::<_, Failure>(syncs::oldest(&*self.connection().await?, self.parts.rules.livemode).await?)
        };
        match measured.await {
            Ok((marked, seconds)) => (self.summary.marked, self.summary.oldest_s) = (marked, seconds),
            // Nothing follows that could end.
            Err(failure) => drop(self.failed("the count of marks", &failure)),
        }
    }
}

/// A line for each thing that a person should look at.
pub(crate) fn report(what: &str, effect: &Effect) {
    // Told when it arrived; it would be said again at each replay.
    if effect.outcome == Outcome::Unmatched {
        return;
    }
    for alert in &effect.alerts {
        alarm(what, alert.as_str());
    }
}

/// Something that a person should look at.
pub(crate) fn alarm(what: &str, alert: &'static str) {
    let fields = [("reconcile.item", what.into()), ("alert", alert.into())];
    log(Severity::Warning, &format!("{what}: {alert}"), &fields);
}

/// An error and what it came from.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
