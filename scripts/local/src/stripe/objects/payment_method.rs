//! A payment method, and which test card stands for what.

use super::{Metadata, PaymentState};
use crate::stripe::store::Object;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a card does when it is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::stripe) enum Card {
    /// Pays every time.
    Pays,
    /// Is refused when it is given.
    Declined,
    /// Can be saved, and is refused at every charge.
    DeclinedWhenCharged,
    /// Asks its owner once, when it is given, and pays from then on.
    AsksOnce,
    /// Asks its owner at every charge.
    AsksAlways,
    /// Pays, and its owner disputes the charge.
    Disputed,
    /// Pays, and its bank inquires about the charge.
    Inquired,
}

/// Whether the owner of a card takes part in its charge.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::stripe) enum Owner {
    /// There, and to be asked where the card wants it.
    Present,
    /// There, and has said yes.
    Authenticated,
    /// Not there, as at a renewal.
    Absent,
}

impl Card {
    /// The test card with this number; blanks between the digits are allowed.
    pub(in crate::stripe) fn by_number(number: &str) -> Option<Self> {
        let digits: String = number.chars().filter(|letter| !letter.is_whitespace()).collect();
        match digits.as_str() {
            "4242424242424242" => Some(Self::Pays),
            "4000000000000002" => Some(Self::Declined),
            "4000000000000341" => Some(Self::DeclinedWhenCharged),
            "4000002500003155" => Some(Self::AsksOnce),
            "4000002760003184" | "4000000000003220" => Some(Self::AsksAlways),
            "4000000000000259" => Some(Self::Disputed),
            "4000000000001976" => Some(Self::Inquired),
            _ => None,
        }
    }

    /// The card that a token or a ready-made payment method stands for.
    pub(in crate::stripe) fn by_token(token: &str) -> Option<Self> {
        match token {
            "pm_card_visa" | "tok_visa" => Some(Self::Pays),
            "pm_card_visa_chargeDeclined" | "pm_card_chargeDeclined" | "tok_chargeDeclined" => {
                Some(Self::Declined)
            }
            "pm_card_chargeCustomerFail" | "tok_chargeCustomerFail" => Some(Self::DeclinedWhenCharged),
            "pm_card_authenticationRequiredOnSetup" | "pm_card_authenticationRequiredSetupForOffSession" => {
                Some(Self::AsksOnce)
            }
            "pm_card_authenticationRequired"
            | "pm_card_threeDSecure2Required"
            | "pm_card_threeDSecureRequired"
            | "tok_threeDSecure2Required" => Some(Self::AsksAlways),
            "pm_card_createDispute" | "tok_createDispute" => Some(Self::Disputed),
            "pm_card_createDisputeInquiry" | "tok_createDisputeInquiry" => Some(Self::Inquired),
            _ => None,
        }
    }

    /// How a charge goes.
    pub(in crate::stripe) fn charged(self, owner: Owner) -> PaymentState {
        match (self, owner) {
            (Self::Declined | Self::DeclinedWhenCharged, _) => PaymentState::Failed,
            (Self::AsksOnce | Self::AsksAlways, Owner::Present) | (Self::AsksAlways, Owner::Absent) => {
                PaymentState::AwaitsAction
            }
            _ => PaymentState::Succeeded,
        }
    }

    fn last4(self) -> &'static str {
        match self {
            Self::Pays => "4242",
            Self::Declined => "0002",
            Self::DeclinedWhenCharged => "0341",
            Self::AsksOnce => "3155",
            Self::AsksAlways => "3220",
            Self::Disputed => "0259",
            Self::Inquired => "1976",
        }
    }
}

/// How the bank debit of a test account ends.
pub(in crate::stripe) fn settling_of(iban: &str) -> Option<bool> {
    match iban {
        "AT611904300234573201" => Some(true),
        "AT861904300235473202" | "IT60X0542811101000000123456" => Some(false),
        _ => None,
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::stripe) struct PaymentMethod {
    pub(in crate::stripe) id: String,
    pub(in crate::stripe) created: i64,
    pub(in crate::stripe) customer: Option<String>,
    pub(in crate::stripe) email: Option<String>,
    /// None is a bank debit, which settles later.
    pub(in crate::stripe) card: Option<Card>,
    /// How a bank debit ends by itself; none waits until it is told.
    pub(in crate::stripe) settles: Option<bool>,
    pub(in crate::stripe) metadata: Metadata,
}

impl PaymentMethod {
    /// How a charge of it goes: a bank debit is known later.
    pub(in crate::stripe) fn charged(&self, owner: Owner) -> PaymentState {
        self.card.map_or(PaymentState::Processing, |card| card.charged(owner))
    }

    /// Stripe's name of its kind.
    pub(in crate::stripe) fn kind(&self) -> &'static str {
        if self.card.is_some() { "card" } else { "sepa_debit" }
    }
}

impl Object for PaymentMethod {
    const KIND: &'static str = "payment_method";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }

    fn render(&self) -> Value {
        let mut method = json!({
            "id": self.id,
            "object": "payment_method",
            "allow_redisplay": "limited",
            "billing_details": { "address": null, "email": self.email, "name": null, "phone": null, "tax_id": null },
            "created": self.created,
            "customer": self.customer,
            "customer_account": null,
            "livemode": false,
            "metadata": self.metadata,
            "type": self.kind(),
        });
        if let Some(card) = self.card {
            method["card"] = json!({
                "brand": "visa",
                "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass" },
                "country": "US",
                "display_brand": "visa",
                "exp_month": 12,
                "exp_year": 2034,
                "fingerprint": "Xt5EWLLDS7FJjR1c",
                "funding": "credit",
                "generated_from": null,
                "last4": card.last4(),
                "networks": { "available": ["visa"], "preferred": null },
                "three_d_secure_usage": { "supported": true },
                "wallet": null,
            });
        } else {
            method["sepa_debit"] = json!({
                "bank_code": "37040044",
                "branch_code": "",
                "country": "DE",
                "fingerprint": "NkDOaOHtsMDYfx0S",
                "generated_from": { "charge": null, "setup_attempt": null },
                "last4": "3000",
            });
        }
        method
    }
}
