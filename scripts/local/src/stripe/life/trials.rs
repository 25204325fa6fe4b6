//! Trials: begun with a subscription or given later, announced to end, and ended, with or without a payment method.

use crate::stripe::objects::{MissingMethod, Subscription};
use crate::stripe::state::State;
use crate::stripe::store::Object;

impl State {
    /// `customer.subscription.trial_will_end`, once.
    pub(super) fn announce_trial_end(&mut self, id: &str) {
        let Some(subscription) = self.subscriptions.get_mut(id) else { return };
        subscription.trial_announced = true;
        let shown = subscription.render();
        self.emit("customer.subscription.trial_will_end", shown);
    }

    /// A trial from now to this instant: the period ends with it, and the next is counted from there.
    pub(in crate::stripe) fn give_trial(&mut self, id: &str, end: i64) {
        let now = self.now();
        self.change_subscription(id, |subscription| {
            "trialing".clone_into(&mut subscription.status);
            subscription.trial_start = subscription.trial_start.or(Some(now));
            subscription.trial_end = Some(end);
            subscription.trial_announced = false;
            for item in &mut subscription.items {
                (item.anchor, item.period_end) = (end, end);
            }
        });
    }

    /// A trial ends at once, and what follows is charged at once.
    pub(in crate::stripe) fn end_trial(&mut self, id: &str) {
        let now = self.now();
        let Some(mut paying) = self.subscriptions.get(id).cloned() else { return };
        self.change_subscription(id, |subscription| subscription.trial_end = Some(now));
        if self.ends_for_want_of_a_method(&paying) {
            return;
        }
        paying.trial_end = Some(now);
        let invoice = self.bill_from_now(paying, true);
        self.change_status(id, &["trialing"], "active");
        self.attempt_invoice(&invoice);
    }

    /// Whether a trial ends with the subscription paused or canceled, because there is nothing to charge.
    pub(super) fn ends_for_want_of_a_method(&mut self, subscription: &Subscription) -> bool {
        if self.method_for(&subscription.customer, Some(subscription)).is_some() {
            return false;
        }
        match subscription.missing_method {
            MissingMethod::CreateInvoice => return false,
            MissingMethod::Pause => {
                self.pause_subscription(&subscription.id, "trial_end_without_payment_method");
            }
            MissingMethod::Cancel => self.cancel_subscription(&subscription.id, "payment_failed"),
        }
        true
    }
}
