//! Renewals: a period ends, its successor is billed, and the invoice is paid, retried or given up.

use crate::stripe::objects::{BillingReason, InvoiceStatus, Owner, PaymentState, Subscription};
use crate::stripe::state::State;
use crate::stripe::store::Object;
use crate::stripe::{calendar, ids};
use serde::{Deserialize, Serialize};

const HOUR_SECONDS: i64 = 60 * 60;
const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;

/// What becomes of a subscription whose payment has failed for the last time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterRetries {
    /// It is canceled.
    #[default]
    Cancel,
    /// It becomes unpaid: periods go on, their invoices stay drafts.
    Unpaid,
    /// It stays past due.
    PastDue,
}

/// The account's settings for failed payments.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Retries {
    /// On which days after the invoice it is tried again.
    pub days: Vec<i64>,
    /// What happens after the last of them.
    pub then: AfterRetries,
}

impl Default for Retries {
    fn default() -> Self {
        Self { days: vec![3, 5, 7], then: AfterRetries::default() }
    }
}

impl State {
    /// The present period is over: the next begins, with a draft that is charged an hour later.
    pub(super) fn renew(&mut self, id: &str) {
        let (now, invoice) = (self.now(), ids::new("in_"));
        let Some(mut renewed) = self.subscriptions.get(id).cloned() else { return };
        if renewed.status == "trialing" && self.ends_for_want_of_a_method(&renewed) {
            return;
        }
        for item in &mut renewed.items {
            if item.period_end <= now {
                item.begin_next_period(now);
            }
        }
        self.bill(&invoice, &renewed, BillingReason::SubscriptionCycle, false);
        // The invoices of an unpaid subscription wait until someone takes them up.
        let finalize_at = (renewed.status != "unpaid").then_some(now + HOUR_SECONDS);
        if let Some(draft) = self.invoices.get_mut(&invoice) {
            draft.finalize_at = finalize_at;
        }
        self.change_subscription(id, |subscription| {
            subscription.items = renewed.items;
            subscription.latest_invoice = Some(invoice);
            if subscription.status == "trialing" {
                "active".clone_into(&mut subscription.status);
            }
        });
    }

    /// A draft's hour is over: it is finalized and charged, unless collection is paused.
    pub(super) fn finalize_when_due(&mut self, id: &str) {
        let Some(invoice) = self.invoices.get_mut(id) else { return };
        invoice.finalize_at = None;
        let subscription = invoice.subscription_id().and_then(|id| self.subscriptions.get(id));
        let pause = subscription.and_then(|subscription| subscription.pause_collection.clone());
        match pause.as_ref().map(|pause| pause.behavior.as_str()) {
            None => {
                self.finalize_invoice(id);
                self.attempt_invoice(id);
            }
            Some("void") => {
                self.finalize_invoice(id);
                self.void_invoice(id);
            }
            Some("mark_uncollectible") => {
                self.finalize_invoice(id);
                self.write_off(id);
            }
            Some(_) => {}
        }
    }

    pub(in crate::stripe) fn write_off(&mut self, id: &str) {
        let now = self.now();
        let Some(invoice) = self.invoices.get_mut(id) else { return };
        invoice.status = InvoiceStatus::Uncollectible;
        invoice.uncollectible_at = Some(now);
        let shown = invoice.render();
        self.emit("invoice.marked_uncollectible", shown);
    }

    /// Charges an open invoice with what is on file, and moves its subscription along.
    pub(super) fn attempt_invoice(&mut self, id: &str) {
        let now = self.now();
        let Some(invoice) = self.invoices.get(id) else { return };
        let subscription = invoice.subscription_id().and_then(|id| self.subscriptions.get(id));
        let method = self.method_for(&invoice.customer, subscription);
        let outcome = self.outcome_of(method.as_deref(), invoice.total());
        let finalized = invoice.finalized_at.unwrap_or(now);
        let subscription = subscription.map(|subscription| subscription.id.clone());
        let instants = self.retries.days.iter().map(|days| finalized + days * DAY_SECONDS);
        let has_failed = [PaymentState::Failed, PaymentState::AwaitsAction].contains(&outcome);
        let next = instants.filter(|instant| *instant > now && has_failed).min();
        if let Some(invoice) = self.invoices.get_mut(id) {
            invoice.next_attempt = next;
        }
        self.charge_invoice(id, method, outcome);
        let Some(subscription) = subscription else { return };
        match outcome {
            PaymentState::Succeeded => self.activate(&subscription, id),
            _ if has_failed => self.fall_behind(&subscription, id, next.is_none()),
            _ => {}
        }
    }

    /// The subscription's method, else the customer's.
    pub(super) fn method_for(&self, customer: &str, subscription: Option<&Subscription>) -> Option<String> {
        let own = subscription.and_then(|subscription| subscription.default_payment_method.clone());
        let customer = self.customers.get(customer);
        own.or_else(|| customer.and_then(|customer| customer.default_payment_method.clone()))
    }

    /// How a charge without the customer goes. A bank debit that once went well goes well again.
    fn outcome_of(&self, method: Option<&str>, amount: i64) -> PaymentState {
        let method = method.and_then(|id| self.payment_methods.get(id));
        match method.map(|method| method.charged(Owner::Absent)) {
            _ if amount == 0 => PaymentState::Succeeded,
            Some(PaymentState::Processing) => PaymentState::Succeeded,
            Some(outcome) => outcome,
            None => PaymentState::Failed,
        }
    }

    /// A charge has failed, perhaps for the last time.
    fn fall_behind(&mut self, id: &str, invoice: &str, is_last: bool) {
        let latest =
            self.subscriptions.get(id).and_then(|subscription| subscription.latest_invoice.as_deref());
        if latest == Some(invoice) {
            self.change_status(id, &["active", "trialing"], "past_due");
        }
        if !is_last {
            return;
        }
        match self.retries.then {
            AfterRetries::Cancel => self.cancel_subscription(id, "payment_failed"),
            AfterRetries::Unpaid => self.change_status(id, &["past_due"], "unpaid"),
            AfterRetries::PastDue => {}
        }
    }

    /// The first payment has taken too long, or has failed for good.
    pub(super) fn lapse(&mut self, id: &str) {
        let now = self.now();
        let latest = self.subscriptions.get(id).and_then(|subscription| subscription.latest_invoice.clone());
        if let Some(invoice) = latest {
            self.void_invoice(&invoice);
        }
        self.change_subscription(id, |subscription| {
            "incomplete_expired".clone_into(&mut subscription.status);
            subscription.ended_at = Some(now);
        });
    }
}

impl crate::stripe::objects::Item {
    /// The first period by its anchor that ends after this instant.
    pub(super) fn begin_next_period(&mut self, now: i64) {
        let recurring = self.price.recurring.as_ref();
        let (interval, count) =
            recurring.map_or(("month", 1), |every| (every.interval.as_str(), every.count));
        (self.period_start, self.period_end) = calendar::period_at(self.anchor, interval, count, now);
    }
}
