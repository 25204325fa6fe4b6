//! A whole subscription is paused and resumed: unlike paused collection, which only leaves its invoices uncharged.

use crate::stripe::ids;
use crate::stripe::objects::{BillingReason, Subscription};
use crate::stripe::state::State;
use crate::stripe::store::Object;

impl State {
    /// Pauses a subscription: no period begins until it is resumed.
    pub(in crate::stripe) fn pause_subscription(&mut self, id: &str, reason: &str) {
        let now = self.now();
        self.change_subscription(id, |subscription| {
            "paused".clone_into(&mut subscription.status);
            subscription.paused = Some((now, reason.to_owned()));
        });
        self.stop_collecting(id);
        self.tell_of(id, "customer.subscription.paused");
    }

    /// Resumes it. A period that begins with it is billed; only when told so it waits for the payment.
    pub(in crate::stripe) fn resume_subscription(&mut self, id: &str, new_period: bool, after_payment: bool) {
        let now = self.now();
        let Some(resumed) = self.subscriptions.get(id).cloned() else { return };
        if new_period || resumed.period_end() <= now {
            let invoice = self.bill_from_now(resumed, new_period);
            if !after_payment {
                self.change_status(id, &["paused"], "active");
            }
            self.attempt_invoice(&invoice);
            if after_payment {
                // The payment itself resumes it, now or later.
                return;
            }
        } else {
            self.change_status(id, &["paused"], "active");
        }
        self.tell_of(id, "customer.subscription.resumed");
    }

    /// Begins a period now and bills it, with the periods that follow counted from now if told so. Returns the invoice.
    pub(super) fn bill_from_now(&mut self, mut billed: Subscription, from_now: bool) -> String {
        let now = self.now();
        for item in &mut billed.items {
            if from_now {
                item.anchor = now;
            }
            item.begin_next_period(now);
        }
        let invoice = ids::new("in_");
        billed.latest_invoice = Some(invoice.clone());
        self.bill(&invoice, &billed, BillingReason::SubscriptionUpdate, false);
        self.finalize_invoice(&invoice);
        self.change_subscription(&billed.id, |subscription| {
            subscription.items = billed.items;
            subscription.latest_invoice = billed.latest_invoice;
        });
        invoice
    }

    fn tell_of(&mut self, id: &str, kind: &str) {
        if let Some(shown) = self.subscriptions.get(id).map(Object::render) {
            self.emit(kind, shown);
        }
    }
}
