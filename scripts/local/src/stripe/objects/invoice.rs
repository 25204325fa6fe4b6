//! An invoice of a subscription.

use super::subscription::Item;
use super::{Metadata, join};
use crate::stripe::store::Object;
use serde_json::{Value, json};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::stripe) enum InvoiceStatus {
    Open,
    Paid,
    Void,
}

impl InvoiceStatus {
    pub(in crate::stripe) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Void => "void",
        }
    }
}

#[derive(Clone, Copy)]
pub(in crate::stripe) enum BillingReason {
    SubscriptionCreate,
}

impl BillingReason {
    fn name(self) -> &'static str {
        match self {
            Self::SubscriptionCreate => "subscription_create",
        }
    }
}

#[derive(Clone)]
pub(in crate::stripe) struct Invoice {
    pub(in crate::stripe) id: String,
    pub(in crate::stripe) created: i64,
    pub(in crate::stripe) number: String,
    pub(in crate::stripe) status: InvoiceStatus,
    pub(in crate::stripe) reason: BillingReason,
    pub(in crate::stripe) customer: String,
    pub(in crate::stripe) customer_email: Option<String>,
    pub(in crate::stripe) subscription: String,
    pub(in crate::stripe) subscription_metadata: Metadata,
    pub(in crate::stripe) items: Vec<Item>,
    /// During a trial its lines cost nothing.
    pub(in crate::stripe) trial: bool,
    pub(in crate::stripe) attempts: i64,
    pub(in crate::stripe) paid_at: Option<i64>,
    pub(in crate::stripe) voided_at: Option<i64>,
    /// What the payment is known by, from the first attempt on.
    pub(in crate::stripe) payment_intent: Option<String>,
    /// `inpay_…`, the bond between this and its payment.
    pub(in crate::stripe) payment_id: String,
}

impl Invoice {
    /// What it asks for.
    pub(in crate::stripe) fn total(&self) -> i64 {
        if self.trial {
            return 0;
        }
        self.items.iter().map(|item| item.price.unit_amount.saturating_mul(item.quantity)).sum()
    }

    fn currency(&self) -> &str {
        self.items.first().map_or("usd", |item| item.price.currency.as_str())
    }

    fn line(&self, item: &Item) -> Value {
        let amount = if self.trial { 0 } else { item.price.unit_amount.saturating_mul(item.quantity) };
        json!({
            "id": format!("il_{}", item.id.trim_start_matches("si_")),
            "object": "line_item",
            "amount": amount,
            "currency": item.price.currency,
            "description": if self.trial { "Trial period" } else { "Subscription" },
            "discount_amounts": [],
            "discountable": true,
            "discounts": [],
            "invoice": self.id,
            "livemode": false,
            "metadata": self.subscription_metadata,
            "parent": {
                "invoice_item_details": null,
                "subscription_item_details": {
                    "invoice_item": null,
                    "proration": false,
                    "proration_details": { "credited_items": null },
                    "subscription": self.subscription,
                    "subscription_item": item.id,
                },
                "type": "subscription_item_details",
            },
            "period": { "end": item.period_end, "start": item.period_start },
            "pretax_credit_amounts": [],
            "pricing": {
                "price_details": { "price": item.price.id, "product": item.price.product },
                "type": "price_details",
                "unit_amount_decimal": if self.trial { "0".to_owned() } else { item.price.unit_amount.to_string() },
            },
            "quantity": item.quantity,
            "subtotal": amount,
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
            "currency": self.currency(),
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
            "automatic_tax": { "disabled_reason": null, "enabled": false, "liability": null, "provider": null, "status": null },
            "automatically_finalizes_at": null,
            "collection_method": "charge_automatically",
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
            "description": null,
            "discounts": [],
            "due_date": null,
            "ending_balance": 0,
            "footer": null,
            "from_invoice": null,
            "hosted_invoice_url": null,
            "invoice_pdf": null,
            "issuer": { "type": "self" },
            "last_finalization_error": null,
            "latest_revision": null,
            "livemode": false,
            "metadata": {},
            "next_payment_attempt": null,
            "on_behalf_of": null,
            "payment_settings": { "default_mandate": null, "payment_method_options": null, "payment_method_types": null },
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
        let lines: Vec<Value> = self.items.iter().map(|item| self.line(item)).collect();
        join(
            json!({
            "id": self.id,
            "object": "invoice",
            "amount_due": total,
            "amount_paid": paid,
            "amount_remaining": total - paid,
            "attempt_count": self.attempts,
            "attempted": self.attempts > 0,
            "auto_advance": self.status == InvoiceStatus::Open,
            "billing_reason": self.reason.name(),
            "created": self.created,
            "currency": self.currency(),
            "customer": self.customer,
            "customer_email": self.customer_email,
            "effective_at": self.created,
            "lines": {
                "object": "list", "data": lines, "has_more": false, "total_count": self.items.len(),
                "url": format!("/v1/invoices/{}/lines", self.id),
            },
            "number": self.number,
            "parent": {
                "quote_details": null,
                "subscription_details": { "metadata": self.subscription_metadata, "subscription": self.subscription },
                "type": "subscription_details",
            },
            "period_end": self.created,
            "period_start": self.created,
            "status": self.status.name(),
            "status_transitions": {
                "finalized_at": self.created, "marked_uncollectible_at": null, "paid_at": self.paid_at,
                "voided_at": self.voided_at,
            },
            "subtotal": total,
            "subtotal_excluding_tax": total,
            "total": total,
            "total_excluding_tax": total,
            "webhooks_delivered_at": self.created,
            }),
            unchanging(),
        )
    }
}
