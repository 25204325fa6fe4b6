//! Rows that have to be asked about: marked ones, those past their time, those of people who are gone.

use streamly::billing::stripe::Fetched;
use streamly::billing::sync::{Answered, Settled};
use streamly::db::syncs::{self, Due};
use time::OffsetDateTime;

use crate::rehearsal::Would;
use crate::work::{End, Failure, Work, alarm};

/// How often Stripe is asked about a row of which events keep arriving.
const QUESTIONS_MAX: u32 = 3;

/// A list of rows, read in pieces.
#[derive(Debug, Clone, Copy)]
enum List {
    Marked,
    Overdue,
    Forsaken,
}

impl Work {
    /// Settles what is marked.
    pub(crate) async fn marked(&mut self) -> Result<(), End> {
        self.each(List::Marked).await
    }

    /// Ends what belongs to nobody any more, and asks about what is past its time.
    pub(crate) async fn overdue(&mut self) -> Result<(), End> {
        self.forsaken().await?;
        self.each(List::Overdue).await
    }

    /// Ends what belongs to nobody any more, once a run, whichever of its passes come first.
    pub(crate) async fn forsaken(&mut self) -> Result<(), End> {
        if std::mem::replace(&mut self.forsaken_is_done, true) {
            return Ok(());
        }
        self.each(List::Forsaken).await
    }

    async fn each(&mut self, list: List) -> Result<(), End> {
        let mut after = 0;
        loop {
            self.check()?;
            let due = match self.due(list, after).await {
                Ok(due) => due,
                // Without its list a pass has nothing to go on with.
                Err(failure) => return self.failed("the list of what is due", &failure),
            };
            let Some(end) = due.last() else { return Ok(()) };
            after = end.row;
            for Due { id, .. } in due {
                self.check()?;
                let settled = match list {
                    List::Forsaken => self.end(&id).await,
                    List::Marked | List::Overdue => self.sync(&id).await,
                };
                self.note(&id, settled).await?;
            }
        }
    }

    async fn due(&self, list: List, after: i64) -> Result<Vec<Due>, Failure> {
        let (connection, piece) = (self.connection().await?, self.piece(after));
        Ok(match list {
            List::Marked => syncs::marked(&*connection, piece).await?,
            List::Overdue => syncs::overdue(&*connection, piece).await?,
            List::Forsaken => syncs::forsaken(&*connection, piece).await?,
        })
    }

    /// Tells of a failure, and puts the next question about the row off.
    pub(crate) async fn note(&mut self, id: &str, settled: Result<(), Failure>) -> Result<(), End> {
        let Err(failure) = settled else { return Ok(()) };
        let goes_on = self.failed(id, &failure);
        // A row is not to wait for what is no fault of its own.
        if goes_on.is_ok() && !self.summary.dry_run {
            let deferred = async { Ok(syncs::defer(&*self.connection().await?, id).await?) };
            if let Err(failure) = deferred.await {
                return self.failed(id, &failure);
            }
        }
        goes_on
    }

    /// Makes a row what Stripe says that it is.
    pub(crate) async fn sync(&mut self, id: &str) -> Result<(), Failure> {
        for _ in 0..QUESTIONS_MAX {
            let asked_at = syncs::clock(&*self.connection().await?).await?;
            let stripe = self.parts.stripe.clone();
            let fetched = self.ask(async |deadline| stripe.subscription(id, deadline).await).await?;
            if self.store(id, &fetched, asked_at).await? {
                return Ok(());
            }
        }
        Err(Failure::Busy)
    }

    /// Ends a subscription whose person is gone, and stores what is left of it.
    async fn end(&mut self, id: &str) -> Result<(), Failure> {
        let asked_at = syncs::clock(&*self.connection().await?).await?;
        let stripe = self.parts.stripe.clone();
        let mut fetched = self.ask(async |deadline| stripe.subscription(id, deadline).await).await?;
        let has_ended = Answered::read(&fetched, &self.parts.rules).is_some_and(|answer| answer.has_ended());
        if !has_ended {
            self.summary.ended += 1;
            if self.summary.dry_run {
                return self.rehearse_at(Would::Cancel, id).await;
            }
            fetched = self.ask(async |deadline| stripe.cancel_subscription(id, deadline).await).await?;
        }
        if self.store(id, &fetched, asked_at).await? { Ok(()) } else { self.sync(id).await }
    }

    /// Stores an answer about this row; false where an event arrived meanwhile.
    pub(crate) async fn store(
        &mut self,
        id: &str,
        fetched: &Fetched,
        asked_at: OffsetDateTime,
    ) -> Result<bool, Failure> {
        let (pool, rules) = (self.parts.pool.clone(), self.parts.rules.clone());
        let answered = Answered::read(fetched, &rules).filter(|answered| answered.id() == id);
        let answered = answered.ok_or(Failure::Unreadable)?;
        if self.summary.dry_run {
            self.summary.settled += 1;
            return self.rehearse(&answered).await.map(|()| true);
        }
        match answered.settle(&pool, &rules, asked_at).await? {
            Settled::Stored(alerts) => {
                self.summary.settled += 1;
                for alert in alerts {
                    alarm(id, alert.as_str());
                }
                Ok(true)
            }
            Settled::Newer => {
                self.summary.newer += 1;
                Ok(false)
            }
        }
    }
}
