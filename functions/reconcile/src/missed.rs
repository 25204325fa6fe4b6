//! What was never heard of: events that no endpoint took, subscriptions without a row, rows without a subscription, and
//! prices that are not what the plans say.

use serde_json::Value;
use std::collections::HashSet;
use streamly::billing::event::TYPES;
use streamly::billing::stripe::{Fetched, Price};
use streamly::billing::sync::{Adopted, Answered};
use streamly::billing::{Event, Outcome, Plan, apply};
use streamly::db::{payment_logs, syncs};
use time::OffsetDateTime;

use crate::rehearsal::Would;
use crate::work::{End, Failure, Work, alarm, report};

impl Work {
    /// Finds what was never heard of.
    pub(crate) async fn missed(&mut self) -> Result<(), End> {
        self.undelivered().await?;
        self.compare().await?;
        self.prices().await
    }

    /// Takes every event that no endpoint took, as the webhook would.
    async fn undelivered(&mut self) -> Result<(), End> {
        let mut after: Option<String> = None;
        loop {
            self.check()?;
            let stripe = self.parts.stripe.clone();
            let page = self
                .ask(async |deadline| stripe.undelivered_events(&TYPES, after.as_deref(), deadline).await);
            let page = match page.await {
                Ok(page) => page,
                Err(failure) => return self.failed("the list of undelivered events", &failure),
            };
            // The oldest first, as they came about.
            for event in page.entries.iter().rev() {
                self.check()?;
                let taken = self.take(event).await;
                if let Err(failure) = taken {
                    let id = event["id"].as_str().unwrap_or("an event without an id").to_owned();
                    self.failed(&id, &failure)?;
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn take(&mut self, event: &Value) -> Result<(), Failure> {
        let text = event.to_string();
        let rules = &self.parts.rules;
        let event = Event::read(text.as_bytes(), &rules.plans).map_err(|_| Failure::Unreadable)?;
        if self.summary.dry_run {
            let is_known = payment_logs::is_known(&*self.connection().await?, &event.id).await?;
            if !is_known {
                self.summary.events += 1;
                self.rehearse_event(Would::Enter, &event.id, &event.event_type);
            }
            return Ok(());
        }
        let effect = apply(&self.parts.pool, rules, &event, &text).await?;
        self.summary.events += u64::from(effect.outcome != Outcome::Duplicate);
        report(&event.id, &effect);
        Ok(())
    }

    /// Goes through everything that Stripe lists, then through what it did not.
    async fn compare(&mut self) -> Result<(), End> {
        let started = async { Ok::<_, Failure>(syncs::clock(&*self.connection().await?).await?) };
        let started = match started.await {
            Ok(started) => started,
            Err(failure) => return self.failed("the list of subscriptions", &failure),
        };
        let Some(listed) = self.list().await? else { return Ok(()) };
        let mut after = 0;
        loop {
            self.check()?;
            let living = async {
                Ok::<_, Failure>(syncs::living(&*self.connection().await?, self.piece(after), started).await?)
            };
            let living = match living.await {
                Ok(living) => living,
                Err(failure) => return self.failed("the list of rows", &failure),
            };
            let Some(last) = living.last() else { return Ok(()) };
            after = last.row;
            for unlisted in living.iter().filter(|row| !listed.contains(&row.id)) {
                self.summary.unlisted += 1;
                alarm(&unlisted.id, "unlisted");
                if let Err(failure) = self.mark(&unlisted.id).await {
                    self.failed(&unlisted.id, &failure)?;
                }
            }
        }
    }

    async fn mark(&mut self, id: &str) -> Result<(), Failure> {
        if self.summary.dry_run {
            return self.rehearse_at(Would::Mark, id).await;
        }
        Ok(syncs::mark(&*self.connection().await?, id, "unlisted").await?)
    }

    /// Every subscription that Stripe lists, settled; none where the list is not whole.
    async fn list(&mut self) -> Result<Option<HashSet<String>>, End> {
        let (mut listed, mut after) = (HashSet::new(), None::<String>);
        loop {
            self.check()?;
            let stripe = self.parts.stripe.clone();
            let asked = async {
                let asked_at = syncs::clock(&*self.connection().await?).await?;
                let question = async |deadline| stripe.subscriptions(after.as_deref(), deadline).await;
                Ok::<_, Failure>((asked_at, self.ask(question).await?))
            };
            let (asked_at, page) = match asked.await {
                Ok(asked) => asked,
                Err(failure) => {
                    self.failed("the list of subscriptions", &failure)?;
                    return Ok(None);
                }
            };
            for object in page.entries {
                self.check()?;
                let fetched = Fetched { object, date: page.date, waited: page.waited };
                let Some(id) = fetched.object["id"].as_str().map(str::to_owned) else { continue };
                self.summary.listed += 1;
                let settled = self.settle(&id, &fetched, asked_at).await;
                self.note(&id, settled).await?;
                listed.insert(id);
            }
            after = page.next;
            if after.is_none() {
                return Ok(Some(listed));
            }
        }
    }

    /// Makes the row of a listed subscription what the list says.
    async fn settle(&mut self, id: &str, fetched: &Fetched, asked_at: OffsetDateTime) -> Result<(), Failure> {
        let known = syncs::known(&*self.connection().await?, id).await?;
        let rules = self.parts.rules.clone();
        let answered = Answered::read(fetched, &rules).ok_or(Failure::Unreadable)?;
        match known {
            None => self.adopt(id, fetched).await,
            // Most of what is listed has ended long ago.
            Some(known) if answered.is_settled_by(&known) => Ok(()),
            // Where an event is newer, it told what the list could not know yet.
            Some(_) => self.store(id, fetched, asked_at).await.map(|_| ()),
        }
    }

    /// Gives a subscription that no event told of to its person, and asks about it.
    pub(crate) async fn adopt(&mut self, id: &str, fetched: &Fetched) -> Result<(), Failure> {
        let (pool, rules) = (self.parts.pool.clone(), self.parts.rules.clone());
        let answered = Answered::read(fetched, &rules).filter(|answered| answered.id() == id);
        let answered = answered.ok_or(Failure::Unreadable)?;
        let adopted = if self.summary.dry_run {
            self.rehearse_adoption(&answered).await?
        } else {
            answered.adopt(&pool, &rules).await?
        };
        match adopted {
            Adopted::Theirs(_) => {
                self.summary.adopted += 1;
                if self.summary.dry_run { Ok(()) } else { self.sync(id).await }
            }
            stranger => {
                self.summary.strangers += 1;
                alarm(id, if stranger == Adopted::Nobodys { "unmatched" } else { "conflict" });
                Ok(())
            }
        }
    }

    /// Whether people are charged what they are told.
    async fn prices(&mut self) -> Result<(), End> {
        let plans = self.parts.rules.plans.clone();
        for plan in plans.iter() {
            self.check()?;
            let stripe = self.parts.stripe.clone();
            match self.ask(async |deadline| stripe.price(&plan.price_id, deadline).await).await {
                Ok(price) if is_as_told(plan, &price) => {}
                Ok(_) => {
                    self.summary.prices += 1;
                    alarm(&plan.price_id, "price-differs");
                }
                Err(failure) => self.failed(&plan.price_id, &failure)?,
            }
        }
        Ok(())
    }
}

/// Whether a price is what the plan says.
fn is_as_told(plan: &Plan, price: &Price) -> bool {
    price.is_active
        && price.amount_minor == Some(plan.price.amount_minor)
        && price.currency.as_deref() == Some(plan.price.currency.as_str())
        && price.interval.as_deref() == Some(plan.interval.as_str())
        && price.interval_count == Some(1)
}
