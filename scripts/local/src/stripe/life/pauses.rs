//! A whole subscription is paused and resumed: unlike paused collection, which only leaves its invoices uncharged.

use crate::stripe::ids;
use crate::stripe::objects::BillingReason;
use crate::stripe::state::State;
use crate::stripe::store::Object;

impl State {
    /// Pauses a subscription: no period begins until it is resumed.
    pub(in crate::stripe) fn pause_subscription(&mut self, id: &str) {
        let now = self.now();
        self.change_subscription(id, |subscription| {
            "paused".clone_into(&mut subscription.status);
            subscription.paused_at = Some(now);
        });
        self.stop_collecting(id);
        self.tell_of(id, "customer.subscription.paused");
    }

    /// Resumes it. A period that begins with it is billed; only when told so it waits for the payment.
    pub(in crate::stripe) fn resume_subscription(&mut self, id: &str, new_period: bool, after_payment: bool) {
        let now = self.now();
        let Some(mut resumed) = self.subscriptions.get(id).cloned() else { return };
        if new_period || resumed.period_end() <= now {
            for item in &mut resumed.items {
                if new_period {
                    item.anchor = now;
                }
                item.begin_next_period(now);
            }
            let invoice = ids::new("in_");
            resumed.latest_invoice = Some(invoice.clone());
            self.bill(&invoice, &resumed, BillingReason::SubscriptionUpdate, false);
            self.finalize_invoice(&invoice);
            self.change_subscription(id, |subscription| {
                subscription.items = resumed.items;
                subscription.latest_invoice = resumed.latest_invoice;
            });
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

    fn tell_of(&mut self, id: &str, kind: &str) {
        if let Some(shown) = self.subscriptions.get(id).map(Object::render) {
            self.emit(kind, shown);
        }
    }
}
