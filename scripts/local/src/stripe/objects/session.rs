//! A Checkout session.

use super::catalog::Price;
use super::subscription::MissingMethod;
use super::{Metadata, join};
use crate::stripe::store::Object;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What a session is for.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::stripe) enum Mode {
    Subscription,
    /// One payment, without a subscription.
    Payment,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::stripe) enum SessionStatus {
    Open,
    Complete,
    Expired,
}

impl SessionStatus {
    pub(in crate::stripe) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Expired => "expired",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::stripe) enum PaymentStatus {
    Unpaid,
    Paid,
    NoPaymentRequired,
}

impl PaymentStatus {
    fn name(self) -> &'static str {
        match self {
            Self::Unpaid => "unpaid",
            Self::Paid => "paid",
            Self::NoPaymentRequired => "no_payment_required",
        }
    }
}

/// What is bought.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::stripe) struct LineItem {
    pub(in crate::stripe) id: String,
    pub(in crate::stripe) name: String,
    pub(in crate::stripe) price: Price,
    pub(in crate::stripe) quantity: i64,
}

impl LineItem {
    /// What one period costs.
    pub(in crate::stripe) fn amount(&self) -> i64 {
        self.price.unit_amount.saturating_mul(self.quantity)
    }

    pub(in crate::stripe) fn render(&self) -> Value {
        json!({
            "id": self.id,
            "object": "item",
            "amount_discount": 0,
            "amount_subtotal": self.amount(),
            "amount_tax": 0,
            "amount_total": self.amount(),
            "currency": self.price.currency,
            "description": self.name,
            "price": self.price.render(),
            "quantity": self.quantity,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::stripe) struct Session {
    pub(in crate::stripe) id: String,
    pub(in crate::stripe) created: i64,
    pub(in crate::stripe) expires_at: i64,
    pub(in crate::stripe) mode: Mode,
    pub(in crate::stripe) status: SessionStatus,
    pub(in crate::stripe) payment_status: PaymentStatus,
    pub(in crate::stripe) customer: Option<String>,
    pub(in crate::stripe) customer_email: Option<String>,
    /// The e-mail address that the page shows or was given.
    pub(in crate::stripe) payer_email: Option<String>,
    pub(in crate::stripe) client_reference_id: Option<String>,
    pub(in crate::stripe) metadata: Metadata,
    pub(in crate::stripe) subscription_metadata: Metadata,
    pub(in crate::stripe) trial_days: Option<i64>,
    /// The end of a trial that does not depend on when it begins.
    pub(in crate::stripe) trial_end: Option<i64>,
    pub(in crate::stripe) missing_method: MissingMethod,
    pub(in crate::stripe) allow_promotion_codes: Option<bool>,
    pub(in crate::stripe) automatic_tax: bool,
    pub(in crate::stripe) line_items: Vec<LineItem>,
    pub(in crate::stripe) success_url: String,
    pub(in crate::stripe) cancel_url: Option<String>,
    pub(in crate::stripe) subscription: Option<String>,
    pub(in crate::stripe) invoice: Option<String>,
    /// The payment of a session without a subscription.
    pub(in crate::stripe) payment_intent: Option<String>,
    /// Whether a delayed payment has failed.
    pub(in crate::stripe) failed: bool,
    /// The hosted page while the session is open.
    pub(in crate::stripe) url: String,
}

impl Session {
    /// What is paid now: nothing during a trial.
    pub(in crate::stripe) fn total(&self) -> i64 {
        if self.is_trial() { 0 } else { self.price_of_a_period() }
    }

    /// Whether the subscription begins with a trial.
    pub(in crate::stripe) fn is_trial(&self) -> bool {
        self.trial_days.is_some() || self.trial_end.is_some()
    }

    /// When the trial ends that begins now.
    pub(in crate::stripe) fn trial_end_from(&self, now: i64) -> Option<i64> {
        self.trial_end.or(self.trial_days.map(|days| now + days * DAY_SECONDS))
    }

    /// What each period costs.
    pub(in crate::stripe) fn price_of_a_period(&self) -> i64 {
        self.line_items.iter().map(LineItem::amount).sum()
    }

    /// The currency of its prices.
    pub(in crate::stripe) fn currency(&self) -> &str {
        self.line_items.first().map_or("usd", |item| item.price.currency.as_str())
    }

    /// Where a payer goes after paying.
    pub(in crate::stripe) fn return_address(&self) -> String {
        self.success_url.replace("{CHECKOUT_SESSION_ID}", &self.id)
    }
}

/// The members that are the same in every session here.
fn unchanging() -> Value {
    json!({
        "adaptive_pricing": { "enabled": false },
        "after_expiration": null,
        "allowed_payment_method_types": null,
        "billing_address_collection": null,
        "branding_settings": null,
        "client_secret": null,
        "collected_information": null,
        "consent": null,
        "consent_collection": null,
        "currency_conversion": null,
        "custom_fields": [],
        "custom_text": {
            "after_submit": null, "shipping_address": null, "submit": null, "terms_of_service_acceptance": null,
        },
        "customer_account": null,
        "discounts": [],
        "integration_identifier": null,
        "invoice_creation": null,
        "livemode": false,
        "locale": null,
        "origin_context": null,
        "payment_link": null,
        "payment_method_collection": "always",
        "payment_method_configuration_details": null,
        "payment_method_options": { "card": { "request_three_d_secure": "automatic" } },
        "permissions": null,
        "phone_number_collection": { "enabled": false },
        "recovered_from": null,
        "saved_payment_method_options": {
            "allow_redisplay_filters": ["always"], "payment_method_remove": "disabled", "payment_method_save": null,
        },
        "setup_intent": null,
        "shipping_address_collection": null,
        "shipping_cost": null,
        "shipping_options": [],
        "submit_type": null,
        "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 },
        "ui_mode": "hosted_page",
        "wallet_options": null,
    })
}

impl Session {
    /// Where its page is.
    pub(in crate::stripe) fn page(base_url: &str, id: &str) -> String {
        format!("{base_url}/c/pay/{id}")
    }
}

impl Object for Session {
    const KIND: &'static str = "checkout.session";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }

    fn render(&self) -> Value {
        let details = self.payer_email.as_ref().map(|email| {
            json!({
                "address": null, "business_name": null, "email": email, "individual_name": null, "name": null,
                "phone": null, "tax_exempt": "none", "tax_ids": null,
            })
        });
        let total = self.total();
        let own = json!({
            "id": self.id,
            "object": "checkout.session",
            "allow_promotion_codes": self.allow_promotion_codes,
            "amount_subtotal": total,
            "amount_total": total,
            "automatic_tax": { "enabled": self.automatic_tax, "liability": null, "provider": null, "status": null },
            "cancel_url": self.cancel_url,
            "client_reference_id": self.client_reference_id,
            "created": self.created,
            "currency": self.currency(),
            "customer": self.customer,
            "customer_creation": if self.customer_email.is_some() { json!("always") } else { Value::Null },
            "customer_details": details,
            "customer_email": self.customer_email,
            "expires_at": self.expires_at,
            "invoice": self.invoice,
            "metadata": self.metadata,
            "mode": if self.mode == Mode::Subscription { "subscription" } else { "payment" },
            "payment_intent": self.payment_intent,
            "payment_status": self.payment_status.name(),
            "status": self.status.name(),
            "subscription": self.subscription,
            "success_url": self.success_url,
            "url": (self.status == SessionStatus::Open).then_some(&self.url),
        });
        join(own, unchanging())
    }
}
