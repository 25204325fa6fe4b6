//! A charge that its card's owner does not accept, or about which the bank inquires first.

use super::Metadata;
use crate::stripe::store::Object;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long one has to answer.
const ANSWER_SECONDS: i64 = 7 * 24 * 60 * 60;

#[derive(Serialize, Deserialize)]
pub(in crate::stripe) struct Dispute {
    pub(in crate::stripe) id: String,
    pub(in crate::stripe) created: i64,
    pub(in crate::stripe) amount: i64,
    pub(in crate::stripe) currency: String,
    pub(in crate::stripe) payment_intent: String,
    pub(in crate::stripe) charge: String,
    /// Whether the bank only asks, and takes no money yet.
    pub(in crate::stripe) is_inquiry: bool,
    /// Whether the claim was accepted.
    pub(in crate::stripe) is_closed: bool,
    pub(in crate::stripe) metadata: Metadata,
}

impl Object for Dispute {
    const KIND: &'static str = "dispute";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }

    fn render(&self) -> Value {
        let (case, status) = match (self.is_inquiry, self.is_closed) {
            (false, false) => ("chargeback", "needs_response"),
            (true, false) => ("inquiry", "warning_needs_response"),
            (false, true) => ("chargeback", "lost"),
            (true, true) => ("inquiry", "warning_closed"),
        };
        json!({
            "id": self.id,
            "object": "dispute",
            "amount": self.amount,
            "balance_transactions": [],
            "charge": self.charge,
            "created": self.created,
            "currency": self.currency,
            "enhanced_eligibility_types": [],
            "evidence": {},
            "evidence_details": {
                "due_by": self.created + ANSWER_SECONDS, "has_evidence": false, "past_due": false, "submission_count": 0,
            },
            "is_charge_refundable": self.is_inquiry && !self.is_closed,
            "livemode": false,
            "metadata": self.metadata,
            "payment_intent": self.payment_intent,
            "payment_method_details": {
                "card": { "brand": "visa", "case_type": case, "network_reason_code": "10.4" }, "type": "card",
            },
            "reason": "fraudulent",
            "status": status,
        })
    }
}
