//! An invoice and its lines.

use super::catalog::Price;
use super::subscription::Item;
use super::{Metadata, join};
use crate::stripe::ids;
use crate::stripe::store::Object;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DAY_SECONDS: i64 = 24 * 60 * 60;

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::stripe) enum InvoiceStatus {
    Draft,
    Open,
    Paid,
    Void,
    Uncollectible,
}

impl InvoiceStatus {
    pub(in crate::stripe) fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Void => "void",
            Self::Uncollectible => "uncollectible",
        }
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(in crate::stripe) enum BillingReason {
    SubscriptionCreate,
    SubscriptionCycle,
    SubscriptionUpdate,
    Manual,
}

impl BillingReason {
    fn name(self) -> &'static str {
        match self {
            Self::SubscriptionCreate => "subscription_create",
            Self::SubscriptionCycle => "subscription_cycle",
            Self::SubscriptionUpdate => "subscription_update",
            Self::Manual => "manual",
        }
    }
}

/// What a line is for.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::stripe) enum Source {
    /// A period of this subscription item.
    Subscription { item: String, price: Price },
    /// An item that was added by hand.
    InvoiceItem(String),
}

#[derive(Clone, Serialize, Deserialize)]
pub(in crate::stripe) struct Line {
    pub(in crate::stripe) id: String,
    pub(in crate::stripe) amount: i64,
    pub(in crate::stripe) description: Option<String>,
    pub(in crate::stripe) quantity: i64,
    pub(in crate::stripe) period_start: i64,
    pub(in crate::stripe) period_end: i64,
    pub(in crate::stripe) source: Source,
}

impl Line {
    /// A period of a subscription item; one of a trial is free.
    pub(in crate::stripe) fn of(item: &Item, free: bool) -> Self {
        let amount = item.price.unit_amount.saturating_mul(item.quantity);
        Self {
            id: ids::new("il_"),
            amount: if free { 0 } else { amount },
            description: free.then(|| "Trial period".to_owned()),
            quantity: item.quantity,
            period_start: item.period_start,
            period_end: item.period_end,
            source: Source::Subscription { item: item.id.clone(), price: item.price.clone() },
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub(in crate::stripe) struct Invoice {
    pub(in crate::stripe) id: String,
    pub(in crate::stripe) created: i64,
    pub(in crate::stripe) number: String,
    pub(in crate::stripe) status: InvoiceStatus,
    pub(in crate::stripe) reason: BillingReason,
    pub(in crate::stripe) customer: String,
    pub(in crate::stripe) customer_email: Option<String>,
    pub(in crate::stripe) description: Option<String>,
    pub(in crate::stripe) metadata: Metadata,
    /// The subscription that it bills, with that one's metadata as they were.
    pub(in crate::stripe) subscription: Option<(String, Metadata)>,
    pub(in crate::stripe) currency: String,
    /// How long a customer has to pay one that is sent to them; others are charged.
    pub(in crate::stripe) days_until_due: Option<i64>,
    pub(in crate::stripe) lines: Vec<Line>,
    pub(in crate::stripe) attempts: i64,
    /// When a draft is finalized and charged by itself.
    pub(in crate::stripe) finalize_at: Option<i64>,
    /// When a failed charge is tried again.
    pub(in crate::stripe) next_attempt: Option<i64>,
    pub(in crate::stripe) finalized_at: Option<i64>,
    pub(in crate::stripe) uncollectible_at: Option<i64>,
    pub(in crate::stripe) paid_at: Option<i64>,
    pub(in crate::stripe) voided_at: Option<i64>,
    /// What its payment is known by, once there is one.
    pub(in crate::stripe) payment_intent: Option<String>,
    /// `inpay_…`, the bond between this and its payment.
    pub(in crate::stripe) payment_id: String,
}

impl Invoice {
    /// What it asks for.
    pub(in crate::stripe) fn total(&self) -> i64 {
        self.lines.iter().map(|line| line.amount).sum()
    }

    /// The id of the subscription that it bills.
    pub(in crate::stripe) fn subscription_id(&self) -> Option<&str> {
        self.subscription.as_ref().map(|(id, _)| id.as_str())
    }

    fn line(&self, line: &Line) -> Value {
        let (parent, pricing) = match &line.source {
            Source::Subscription { item, price } => {
                let unit = if line.amount == 0 { 0 } else { price.unit_amount };
                let details = json!({
                    "invoice_item": null,
                    "proration": false,
                    "proration_details": { "credited_items": null },
                    "subscription": self.subscription_id(),
                    "subscription_item": item,
                });
                let parent = json!({
                    "invoice_item_details": null,
                    "subscription_item_details": details,
                    "type": "subscription_item_details",
                });
                let pricing = json!({
                    "price_details": { "price": price.id, "product": price.product },
                    "type": "price_details",
                    "unit_amount_decimal": unit.to_string(),
                });
                (parent, pricing)
            }
            Source::InvoiceItem(id) => {
                let details = json!({
                    "invoice_item": id,
                    "proration": false,
                    "proration_details": { "credited_items": null },
                    "subscription": null,
                });
                let parent = json!({
                    "invoice_item_details": details,
                    "subscription_item_details": null,
                    "type": "invoice_item_details",
                });
                (parent, Value::Null)
            }
        };
        json!({
            "id": line.id,
            "object": "line_item",
            "amount": line.amount,
            "currency": self.currency,
            "description": line.description,
            "discount_amounts": [],
            "discountable": true,
            "discounts": [],
            "invoice": self.id,
            "livemode": false,
            "metadata": self.subscription.as_ref().map(|(_, metadata)| metadata.clone()).unwrap_or_default(),
            "parent": parent,
            "period": { "end": line.period_end, "start": line.period_start },
            "pretax_credit_amounts": [],
            "pricing": pricing,
            "quantity": line.quantity,
            "subtotal": line.amount,
            "taxes": [],
        })
    }

    /// The payment of this invoice as `invoice_payment.paid` shows it.
    pub(in crate::stripe) fn render_payment(&self) -> Value {
        json!({
            "id": self.payment_id,
            "object": "invoice_payment",
            "amount_paid": self.paid_at.map(|_| self.total()),
            "amount_requested": self.total(),
            "created": self.created,
            "currency": self.currency,
            "invoice": self.id,
            "is_default": true,
            "livemode": false,
            "payment": { "payment_intent": self.payment_intent, "type": "payment_intent" },
            "status": self.status.name(),
            "status_transitions": { "canceled_at": null, "paid_at": self.paid_at },
        })
    }
}

/// The members that are the same in every invoice here.
fn unchanging() -> Value {
    json!({
        "account_country": "US",
        "account_name": "Streamly",
        "account_tax_ids": null,
        "amount_overpaid": 0,
        "amount_shipping": 0,
        "application": null,
        "automatic_tax": {
            "disabled_reason": null, "enabled": false, "liability": null, "provider": null, "status": null,
        },
        "custom_fields": null,
        "customer_account": null,
        "customer_address": null,
        "customer_name": null,
        "customer_phone": null,
        "customer_shipping": null,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": null,
        "default_source": null,
        "default_tax_rates": [],
        "discounts": [],
        "ending_balance": 0,
        "footer": null,
        "from_invoice": null,
        "hosted_invoice_url": null,
        "invoice_pdf": null,
        "issuer": { "type": "self" },
        "last_finalization_error": null,
        "latest_revision": null,
        "livemode": false,
        "on_behalf_of": null,
        "payment_settings": {
            "default_mandate": null, "payment_method_options": null, "payment_method_types": null,
        },
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": null,
        "rendering": null,
        "shipping_cost": null,
        "shipping_details": null,
        "starting_balance": 0,
        "statement_descriptor": null,
        "test_clock": null,
        "total_discount_amounts": [],
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
    })
}

impl Object for Invoice {
    const KIND: &'static str = "invoice";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }

    fn render(&self) -> Value {
        let total = self.total();
        let paid = if self.status == InvoiceStatus::Paid { total } else { 0 };
        let lines: Vec<Value> = self.lines.iter().map(|line| self.line(line)).collect();
        let parent = self.subscription.as_ref().map(|(subscription, metadata)| {
            json!({
                "quote_details": null,
                "subscription_details": { "metadata": metadata, "subscription": subscription },
                "type": "subscription_details",
            })
        });
        let own = json!({
            "id": self.id,
            "object": "invoice",
            "amount_due": total,
            "amount_paid": paid,
            "amount_remaining": total - paid,
            "attempt_count": self.attempts,
            "attempted": self.attempts > 0,
            "auto_advance": self.finalize_at.is_some() || self.next_attempt.is_some(),
            "automatically_finalizes_at": self.finalize_at,
            "billing_reason": self.reason.name(),
            "collection_method": if self.days_until_due.is_some() { "send_invoice" } else { "charge_automatically" },
            "created": self.created,
            "currency": self.currency,
            "customer": self.customer,
            "due_date": self.days_until_due.map(|days| self.created + days * DAY_SECONDS),
            "customer_email": self.customer_email,
            "description": self.description,
            "effective_at": self.finalized_at,
            "lines": {
                "object": "list", "data": lines, "has_more": false, "total_count": self.lines.len(),
                "url": format!("/v1/invoices/{}/lines", self.id),
            },
            "metadata": self.metadata,
            "next_payment_attempt": self.next_attempt,
            "number": self.finalized_at.map(|_| &self.number),
            "parent": parent,
            "period_end": self.created,
            "period_start": self.created,
            "status": self.status.name(),
            "status_transitions": {
                "finalized_at": self.finalized_at, "marked_uncollectible_at": self.uncollectible_at, "paid_at": self.paid_at,
                "voided_at": self.voided_at,
            },
            "subtotal": total,
            "subtotal_excluding_tax": total,
            "total": total,
            "total_excluding_tax": total,
            "webhooks_delivered_at": self.finalized_at,
        });
        join(own, unchanging())
    }
}
