//! A payment, and the one charge that each has here.

use super::Metadata;
use crate::stripe::store::Object;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How far a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::stripe) enum PaymentState {
    /// Nothing was charged yet; it may lack the method to charge.
    New,
    /// The card's owner is asked.
    AwaitsAction,
    /// The money is set aside, and taken when told so.
    Capturable,
    Processing,
    Succeeded,
    Failed,
    Canceled,
}

#[derive(Serialize, Deserialize)]
pub(in crate::stripe) struct PaymentIntent {
    pub(in crate::stripe) id: String,
    pub(in crate::stripe) created: i64,
    pub(in crate::stripe) amount: i64,
    pub(in crate::stripe) currency: String,
    pub(in crate::stripe) customer: Option<String>,
    pub(in crate::stripe) payment_method: Option<String>,
    pub(in crate::stripe) description: Option<String>,
    pub(in crate::stripe) metadata: Metadata,
    pub(in crate::stripe) state: PaymentState,
    /// Whether the money is only set aside at first.
    pub(in crate::stripe) manual_capture: bool,
    /// Whether its owner was asked and said no.
    pub(in crate::stripe) unauthenticated: bool,
    /// Where the owner is asked.
    pub(in crate::stripe) page: String,
    /// Where the owner goes from there.
    pub(in crate::stripe) return_url: Option<String>,
    pub(in crate::stripe) canceled_at: Option<i64>,
    pub(in crate::stripe) cancellation_reason: Option<String>,
    /// `ch_…`
    pub(in crate::stripe) charge: String,
    pub(in crate::stripe) refunded: i64,
    pub(in crate::stripe) disputed: bool,
}

impl PaymentIntent {
    /// Where the owner of its card is asked.
    pub(in crate::stripe) fn page(base_url: &str, id: &str) -> String {
        format!("{base_url}/c/authenticate/{id}")
    }

    /// What Stripe calls its state.
    pub(in crate::stripe) fn status(&self) -> &'static str {
        match self.state {
            PaymentState::New if self.payment_method.is_some() => "requires_confirmation",
            PaymentState::New | PaymentState::Failed => "requires_payment_method",
            PaymentState::AwaitsAction => "requires_action",
            PaymentState::Capturable => "requires_capture",
            PaymentState::Processing => "processing",
            PaymentState::Succeeded => "succeeded",
            PaymentState::Canceled => "canceled",
        }
    }

    /// Whether the charge was made, well or not.
    pub(in crate::stripe) fn is_charged(&self) -> bool {
        use PaymentState::{Capturable, Failed, Processing, Succeeded};
        matches!(self.state, Capturable | Processing | Succeeded | Failed)
    }

    fn failure(&self) -> Option<(&'static str, &'static str)> {
        let failed = self.state == PaymentState::Failed;
        failed.then_some(if self.unauthenticated {
            (
                "payment_intent_authentication_failure",
                "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new \
                 PaymentMethod to attempt to fulfill this PaymentIntent again.",
            )
        } else {
            ("card_declined", "Your card was declined.")
        })
    }

    /// Its charge.
    pub(in crate::stripe) fn render_charge(&self) -> Value {
        let captured = self.state == PaymentState::Succeeded;
        let status = match self.state {
            PaymentState::Succeeded | PaymentState::Capturable => "succeeded",
            PaymentState::Failed => "failed",
            _ => "pending",
        };
        json!({
            "id": self.charge,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": if captured { self.amount } else { 0 },
            "amount_refunded": self.refunded,
            "captured": captured,
            "created": self.created,
            "currency": self.currency,
            "customer": self.customer,
            "description": self.description,
            "disputed": self.disputed,
            "failure_code": self.failure().map(|(code, _)| code),
            "failure_message": self.failure().map(|(_, message)| message),
            "livemode": false,
            "metadata": self.metadata,
            "paid": status == "succeeded",
            "payment_intent": self.id,
            "payment_method": self.payment_method,
            "refunded": captured && self.refunded == self.amount,
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
        let error = self.failure();
        let error =
            error.map(|(code, message)| json!({ "code": code, "message": message, "type": "card_error" }));
        let action = (self.state == PaymentState::AwaitsAction).then(|| {
            let redirect = json!({ "return_url": self.return_url, "url": self.page });
            json!({ "redirect_to_url": redirect, "type": "redirect_to_url" })
        });
        let received = if self.state == PaymentState::Succeeded { self.amount } else { 0 };
        let capturable = if self.state == PaymentState::Capturable { self.amount } else { 0 };
        json!({
            "id": self.id,
            "object": "payment_intent",
            "allowed_payment_method_types": null,
            "amount": self.amount,
            "amount_capturable": capturable,
            "amount_received": received,
            "automatic_payment_methods": null,
            "canceled_at": self.canceled_at,
            "cancellation_reason": self.cancellation_reason,
            "capture_method": if self.manual_capture { "manual" } else { "automatic" },
            "client_secret": format!("{}_secret_of_the_stand_in", self.id),
            "confirmation_method": "automatic",
            "created": self.created,
            "currency": self.currency,
            "customer": self.customer,
            "customer_account": null,
            "description": self.description,
            "last_payment_error": error,
            "latest_charge": self.is_charged().then_some(&self.charge),
            "livemode": false,
            "metadata": self.metadata,
            "next_action": action,
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
