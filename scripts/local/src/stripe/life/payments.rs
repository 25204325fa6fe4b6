//! Payments: an intent with its charge, from the first attempt to its end.

use crate::stripe::ids;
use crate::stripe::objects::{PaymentIntent, PaymentState};
use crate::stripe::state::State;
use crate::stripe::store::Object;

/// What is paid, by whom and how.
pub(super) struct NewPayment {
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) customer: Option<String>,
    pub(super) payment_method: Option<String>,
}

impl State {
    /// A payment that goes like this at once. Returns the intent's id.
    pub(super) fn add_payment(&mut self, payment: NewPayment, outcome: PaymentState) -> String {
        let intent = PaymentIntent {
            id: ids::new("pi_"),
            created: self.now(),
            amount: payment.amount,
            currency: payment.currency,
            customer: payment.customer,
            payment_method: payment.payment_method,
            state: PaymentState::Processing,
            charge: ids::new("ch_"),
        };
        let (id, shown) = (intent.id.clone(), intent.render());
        self.payment_intents.insert(intent);
        self.emit("payment_intent.created", shown);
        self.end_payment(&id, outcome);
        id
    }

    /// A payment under way goes on like this.
    pub(super) fn end_payment(&mut self, id: &str, outcome: PaymentState) {
        let Some(intent) = self.payment_intents.get_mut(id) else { return };
        intent.state = outcome;
        let (charge, shown) = (intent.render_charge(), intent.render());
        let (charge_kind, kind) = match outcome {
            PaymentState::Succeeded => ("charge.succeeded", "payment_intent.succeeded"),
            PaymentState::Processing => ("charge.pending", "payment_intent.processing"),
            PaymentState::Failed => ("charge.failed", "payment_intent.payment_failed"),
        };
        self.emit(charge_kind, charge);
        self.emit(kind, shown);
    }
}
