//! A payment, and the one charge that each has here.

use crate::stripe::store::Object;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::stripe) enum PaymentState {
    Succeeded,
    Processing,
    Failed,
}

#[derive(Serialize, Deserialize)]
pub(in crate::stripe) struct PaymentIntent {
    pub(in crate::stripe) id: String,
    pub(in crate::stripe) created: i64,
    pub(in crate::stripe) amount: i64,
    pub(in crate::stripe) currency: String,
    pub(in crate::stripe) customer: Option<String>,
    pub(in crate::stripe) payment_method: Option<String>,
    pub(in crate::stripe) state: PaymentState,
    /// `ch_…`
    pub(in crate::stripe) charge: String,
}

impl PaymentIntent {
    fn status(&self) -> &'static str {
        match self.state {
            PaymentState::Succeeded => "succeeded",
            PaymentState::Processing => "processing",
            PaymentState::Failed => "requires_payment_method",
        }
    }

    /// Its charge.
    pub(in crate::stripe) fn render_charge(&self) -> Value {
        let succeeded = self.state == PaymentState::Succeeded;
        let status = match self.state {
            PaymentState::Succeeded => "succeeded",
            PaymentState::Processing => "pending",
            PaymentState::Failed => "failed",
        };
        json!({
            "id": self.charge,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": if succeeded { self.amount } else { 0 },
            "amount_refunded": 0,
            "captured": succeeded,
            "created": self.created,
            "currency": self.currency,
            "customer": self.customer,
            "description": null,
            "disputed": false,
            "failure_code": (self.state == PaymentState::Failed).then_some("card_declined"),
            "failure_message": (self.state == PaymentState::Failed).then_some("Your card was declined."),
            "livemode": false,
            "metadata": {},
            "paid": succeeded,
            "payment_intent": self.id,
            "payment_method": self.payment_method,
            "refunded": false,
            "status": status,
        })
    }
}

impl Object for PaymentIntent {
    const KIND: &'static str = "payment_intent";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }

    fn render(&self) -> Value {
        let error = (self.state == PaymentState::Failed).then(
            || json!({ "code": "card_declined", "message": "Your card was declined.", "type": "card_error" }),
        );
        json!({
            "id": self.id,
            "object": "payment_intent",
            "allowed_payment_method_types": null,
            "amount": self.amount,
            "amount_capturable": 0,
            "amount_received": if self.state == PaymentState::Succeeded { self.amount } else { 0 },
            "automatic_payment_methods": null,
            "canceled_at": null,
            "cancellation_reason": null,
            "capture_method": "automatic",
            "confirmation_method": "automatic",
            "created": self.created,
            "currency": self.currency,
            "customer": self.customer,
            "customer_account": null,
            "description": null,
            "last_payment_error": error,
            "latest_charge": self.charge,
            "livemode": false,
            "metadata": {},
            "next_action": null,
            "payment_method": self.payment_method,
            "payment_method_types": ["card"],
            "receipt_email": null,
            "setup_future_usage": null,
            "shipping": null,
            "statement_descriptor": null,
            "status": self.status(),
        })
    }
}
