//! What Stripe knows: one subscription or all, the events that no endpoint took, a price.

use serde_json::Value;
use std::time::Duration;

use super::attempts::Answer;
use super::{Deadline, Form, Stripe, StripeError, is_plain};
use crate::json::Json;

/// How much a page holds: an event may have several kilobytes, and a page must stay below the limit of an answer.
const PAGE_ENTRIES: usize = 50;

/// An object as it stands at Stripe.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    /// The object.
    pub object: Value,
    /// When it was answered, in seconds, as Stripe's clock says.
    pub date: i64,
    /// How long the answer took, from before the question: within so long before the date Stripe read the object.
    pub waited: Duration,
}

/// A part of a list, the newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// What is listed.
    pub entries: Vec<Value>,
    /// What the next page comes after, if there is one.
    pub next: Option<String>,
    /// When it was answered, in seconds, as Stripe's clock says.
    pub date: i64,
    /// How long the answer took, from before the question.
    pub waited: Duration,
}

/// What Stripe charges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// The amount, in minor units; none where it is not one whole number.
    pub amount_minor: Option<i64>,
    /// The currency.
    pub currency: Option<String>,
    /// How often: `month`, …; none where it is charged once.
    pub interval: Option<String>,
    /// How many of those are one period.
    pub interval_count: Option<i64>,
    /// Whether it is still sold.
    pub is_active: bool,
}

impl Stripe {
    /// A subscription as it is now.
    pub async fn subscription(&self, id: &str, deadline: Deadline) -> Result<Fetched, StripeError> {
        self.get(&path("subscriptions", id)?, deadline).await.and_then(fetched)
    }

    /// Ends a subscription at once; the answer is what is left of it.
    pub async fn cancel_subscription(&self, id: &str, deadline: Deadline) -> Result<Fetched, StripeError> {
        self.delete(&path("subscriptions", id)?, deadline).await.and_then(fetched)
    }

    /// Every subscription of the account, those that have ended too, page by page.
    pub async fn subscriptions(&self, after: Option<&str>, deadline: Deadline) -> Result<Page, StripeError> {
        let mut query = Form::default();
        query.add("status", "all");
        self.page("/v1/subscriptions", query, after, deadline).await
    }

    /// The events of these types (20 at most) that no endpoint took, as far back as Stripe keeps them.
    pub async fn undelivered_events(
        &self,
        types: &[&str],
        after: Option<&str>,
        deadline: Deadline,
    ) -> Result<Page, StripeError> {
        let mut query = Form::default();
        query.add("delivery_success", false);
        for kind in types {
            query.add("types[]", kind);
        }
        self.page("/v1/events", query, after, deadline).await
    }

    /// A price.
    pub async fn price(&self, id: &str, deadline: Deadline) -> Result<Price, StripeError> {
        let answer = self.get(&path("prices", id)?, deadline).await?;
        let root = Json::from(&answer.value);
        Ok(Price {
            amount_minor: root.at(&["unit_amount"]).integer(),
            currency: root.at(&["currency"]).string(),
            interval: root.at(&["recurring", "interval"]).string(),
            interval_count: root.at(&["recurring", "interval_count"]).integer(),
            is_active: root.at(&["active"]).boolean().unwrap_or(false),
        })
    }

    async fn page(
        &self,
        path: &str,
        mut query: Form,
        after: Option<&str>,
        deadline: Deadline,
    ) -> Result<Page, StripeError> {
        query.add("limit", PAGE_ENTRIES);
        if let Some(after) = after {
            query.add("starting_after", after);
        }
        let answer = self.find(path, &query, deadline).await?;
        let root = Json::from(&answer.value);
        let has_more = root.at(&["has_more"]).boolean().ok_or(StripeError::Unreadable)?;
        let entries: Vec<Value> = root.entries().filter_map(|entry| entry.value().cloned()).collect();
        let last = entries.last().and_then(|entry| Json::from(entry).at(&["id"]).string());
        if has_more && last.is_none() {
            return Err(StripeError::Unreadable);
        }
        let date = answer.date.ok_or(StripeError::Unreadable)?;
        Ok(Page { next: last.filter(|_| has_more), entries, date, waited: answer.waited })
    }
}

fn path(kind: &str, id: &str) -> Result<String, StripeError> {
    if is_plain(id) { Ok(format!("/v1/{kind}/{id}")) } else { Err(StripeError::Unreadable) }
}

/// An answer without a date says nothing of how old it is.
fn fetched(answer: Answer) -> Result<Fetched, StripeError> {
    let date = answer.date.ok_or(StripeError::Unreadable)?;
    Ok(Fetched { object: answer.value, date, waited: answer.waited })
}
