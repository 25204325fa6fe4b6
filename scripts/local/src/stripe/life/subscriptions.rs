//! Subscriptions: begun, changed, ended.

use crate::stripe::objects::{
    BillingReason, InvoiceStatus, Item, Metadata, MissingMethod, PaymentState, Price, Subscription,
};
use crate::stripe::state::State;
use crate::stripe::store::Object;
use crate::stripe::{calendar, ids};

/// How the first payment of a subscription goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::stripe) enum FirstPayment {
    Paid,
    /// A delayed method: known only later.
    Processing,
    Failed,
    /// The card's owner is asked.
    AwaitsAction,
    /// Nothing is charged before the customer says so.
    Awaited,
}

/// A subscription to be made.
pub(in crate::stripe) struct NewSubscription {
    pub(in crate::stripe) customer: String,
    pub(in crate::stripe) prices: Vec<(Price, i64)>,
    pub(in crate::stripe) metadata: Metadata,
    pub(in crate::stripe) description: Option<String>,
    /// The end of the trial with which it begins.
    pub(in crate::stripe) trial_end: Option<i64>,
    pub(in crate::stripe) missing_method: MissingMethod,
    pub(in crate::stripe) payment_method: Option<String>,
    pub(in crate::stripe) automatic_tax: bool,
}

impl State {
    /// Makes a subscription with its first invoice, whose payment goes as told; that of a trial asks for nothing.
    pub(in crate::stripe) fn subscribe(&mut self, wanted: NewSubscription, payment: FirstPayment) -> String {
        let now = self.now();
        let trial_end = wanted.trial_end;
        let item = |(price, quantity): (Price, i64)| {
            let recurring = price.recurring.as_ref();
            let (interval, count) =
                recurring.map_or(("month", 1), |every| (every.interval.as_str(), every.count));
            let period_end = trial_end.unwrap_or_else(|| calendar::after(now, interval, count));
            let anchor = trial_end.unwrap_or(now);
            Item { id: ids::new("si_"), created: now, price, quantity, anchor, period_start: now, period_end }
        };
        let free = trial_end.is_some();
        let status = match payment {
            _ if free => "trialing",
            FirstPayment::Paid => "active",
            _ => "incomplete",
        };
        let invoice = ids::new("in_");
        let subscription = Subscription {
            id: ids::new("sub_"),
            created: now,
            status: status.to_owned(),
            customer: wanted.customer,
            default_payment_method: wanted.payment_method,
            description: wanted.description,
            items: wanted.prices.into_iter().map(item).collect(),
            metadata: wanted.metadata,
            automatic_tax: wanted.automatic_tax,
            latest_invoice: Some(invoice.clone()),
            trial_start: trial_end.map(|_| now),
            trial_end,
            cancel_at: None,
            cancel_at_period_end: false,
            canceled_at: None,
            cancellation_reason: None,
            ended_at: None,
            pause_collection: None,
            paused: None,
            missing_method: wanted.missing_method,
            trial_announced: false,
        };
        let (id, shown) = (subscription.id.clone(), subscription.render());
        self.subscriptions.insert(subscription.clone());
        self.emit("customer.subscription.created", shown);
        self.bill(&invoice, &subscription, BillingReason::SubscriptionCreate, free);
        self.finalize_invoice(&invoice);
        let method = subscription.default_payment_method;
        match payment {
            FirstPayment::Paid => self.charge_invoice(&invoice, method, PaymentState::Succeeded),
            FirstPayment::Failed => self.charge_invoice(&invoice, method, PaymentState::Failed),
            FirstPayment::Processing => self.charge_invoice(&invoice, method, PaymentState::Processing),
            FirstPayment::AwaitsAction => self.charge_invoice(&invoice, method, PaymentState::AwaitsAction),
            FirstPayment::Awaited => {}
        }
        id
    }

    /// Changes a subscription, with its event when anything is different after it.
    pub(in crate::stripe) fn change_subscription(
        &mut self,
        id: &str,
        change: impl FnOnce(&mut Subscription),
    ) {
        let Some(subscription) = self.subscriptions.get_mut(id) else { return };
        let before = subscription.render();
        change(subscription);
        let after = subscription.render();
        self.emit_update("customer.subscription.updated", &before, after);
    }

    /// Moves a subscription that is in one of these states to this one.
    pub(super) fn change_status(&mut self, id: &str, from: &[&str], to: &str) {
        self.change_subscription(id, |subscription| {
            if from.contains(&subscription.status.as_str()) {
                to.clone_into(&mut subscription.status);
            }
            if subscription.status != "paused" {
                subscription.paused = None;
            }
        });
    }

    /// A subscription whose latest invoice was due and is paid now goes on.
    pub(super) fn activate(&mut self, id: &str, paid_invoice: &str) {
        let subscription = self.subscriptions.get(id);
        let latest = subscription.and_then(|subscription| subscription.latest_invoice.as_deref());
        if latest != Some(paid_invoice) {
            return;
        }
        let was_paused = subscription.is_some_and(|subscription| subscription.status == "paused");
        self.change_status(id, &["incomplete", "past_due", "unpaid", "paused"], "active");
        let shown = self.subscriptions.get(id).filter(|_| was_paused).map(Object::render);
        if let Some(shown) = shown {
            self.emit("customer.subscription.resumed", shown);
        }
    }

    /// Nobody finalizes or charges its invoices any more, unless a person pays one.
    pub(super) fn stop_collecting(&mut self, id: &str) {
        let theirs = self.invoices.iter().filter(|invoice| invoice.subscription_id() == Some(id));
        let waiting =
            theirs.filter(|invoice| [InvoiceStatus::Draft, InvoiceStatus::Open].contains(&invoice.status));
        for invoice in waiting.map(|invoice| invoice.id.clone()).collect::<Vec<_>>() {
            let Some(invoice) = self.invoices.get_mut(&invoice) else { continue };
            (invoice.finalize_at, invoice.next_attempt) = (None, None);
        }
    }

    /// Schedules a subscription's end, or takes the schedule back.
    pub(in crate::stripe) fn schedule_end(&mut self, id: &str, end: Option<i64>, at_period_end: bool) {
        let now = self.now();
        self.change_subscription(id, |subscription| subscription.end_at(end, at_period_end, now));
    }

    /// Ends a subscription at once.
    pub(in crate::stripe) fn cancel_subscription(&mut self, id: &str, reason: &str) {
        let now = self.now();
        let Some(subscription) =
            self.subscriptions.get_mut(id).filter(|subscription| !subscription.is_over())
        else {
            return;
        };
        "canceled".clone_into(&mut subscription.status);
        subscription.paused = None;
        subscription.canceled_at = Some(now);
        subscription.ended_at = Some(now);
        subscription.cancellation_reason = Some(reason.to_owned());
        let shown = subscription.render();
        self.stop_collecting(id);
        self.emit("customer.subscription.deleted", shown);
    }
}
