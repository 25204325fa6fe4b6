//! Events of the ledger that were nobody's, done again, and texts that were kept for long enough.

use streamly::billing::{Outcome, replay};
use streamly::db::payment_logs::{self, Unmatched};

use crate::rehearsal::Would;
use crate::work::{End, Failure, Work, report};

/// How many texts are cleared at once.
const TEXTS_MAX: i64 = 1_000;
/// How many events are listed at once.
const EVENTS_MAX: i64 = 200;
/// How the type of an event begins that names what changed and holds no state.
const THIN: &str = "v1.";

impl Work {
    /// Does again what was nobody's, asks about what that left marked, and clears old texts.
    pub(crate) async fn replay(&mut self) -> Result<(), End> {
        let before = self.summary.matched;
        self.unmatched().await?;
        if self.summary.matched > before {
            self.marked().await?;
        }
        self.clear().await
    }

    async fn unmatched(&mut self) -> Result<(), End> {
        let mut after = 0;
        loop {
            self.check()?;
            let livemode = self.parts.rules.livemode;
            let due = async {
                let connection = self.connection().await?;
                Ok(payment_logs::unmatched(&*connection, livemode, after, EVENTS_MAX).await?)
            };
            let due = match due.await {
                Ok(due) => due,
                Err(failure) => return self.failed("the list of unmatched events", &failure),
            };
            let Some(last) = due.last() else { return Ok(()) };
            after = last.row;
            for event in due {
                self.check()?;
                let done = self.again(&event).await;
                if let Err(failure) = done {
                    self.failed(&event.event_id, &failure)?;
                }
            }
        }
    }

    async fn again(&mut self, event: &Unmatched) -> Result<(), Failure> {
        let named = event.subscription.as_deref().filter(|_| event.event_type.starts_with(THIN));
        if let Some(id) = named {
            // It says nothing of whose it is; what it names does. It is asked for by its id, never by an address.
            let stripe = self.parts.stripe.clone();
            let fetched = self.ask(async |deadline| stripe.subscription(id, deadline).await).await?;
            self.adopt(id, &fetched).await?;
        }
        if self.summary.dry_run {
            self.summary.replayed += 1;
            self.rehearse_event(Would::Replay, &event.event_id, &event.event_type);
            return Ok(());
        }
        let Some(effect) = replay(&self.parts.pool, &self.parts.rules, &event.event_id).await? else {
            return Ok(());
        };
        self.summary.replayed += 1;
        self.summary.matched += u64::from(effect.outcome != Outcome::Unmatched);
        report(&event.event_id, &effect);
        Ok(())
    }

    async fn clear(&mut self) -> Result<(), End> {
        while !self.summary.dry_run {
            self.check()?;
            let cleared = async {
                let connection = self.connection().await?;
                Ok(payment_logs::clear_payloads(&*connection, TEXTS_MAX).await?)
            };
            match cleared.await {
                Ok(0) => break,
                Ok(cleared) => self.summary.cleared += cleared,
                Err(failure) => return self.failed("the ledger's old texts", &failure),
            }
        }
        Ok(())
    }
}
