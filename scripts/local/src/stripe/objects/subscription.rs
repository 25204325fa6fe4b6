//! A subscription and its items.

use super::catalog::Price;
use super::{Metadata, join};
use crate::stripe::calendar;
use crate::stripe::store::Object;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Collection that is paused while the subscription goes on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::stripe) struct Pause {
    pub(in crate::stripe) behavior: String,
    pub(in crate::stripe) resumes_at: Option<i64>,
}

/// What becomes of a subscription whose trial ends without a payment method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::stripe) enum MissingMethod {
    /// It goes on with an invoice that nobody pays.
    #[default]
    CreateInvoice,
    Pause,
    Cancel,
}

impl MissingMethod {
    /// What Stripe calls it.
    pub(in crate::stripe) fn name(self) -> &'static str {
        match self {
            Self::CreateInvoice => "create_invoice",
            Self::Pause => "pause",
            Self::Cancel => "cancel",
        }
    }

    /// What Stripe calls so.
    pub(in crate::stripe) fn by_name(name: &str) -> Option<Self> {
        [Self::CreateInvoice, Self::Pause, Self::Cancel].into_iter().find(|one| one.name() == name)
    }
}

/// One price of a subscription; the period stands here.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::stripe) struct Item {
    pub(in crate::stripe) id: String,
    pub(in crate::stripe) created: i64,
    pub(in crate::stripe) price: Price,
    pub(in crate::stripe) quantity: i64,
    /// The instant from which its periods are counted.
    pub(in crate::stripe) anchor: i64,
    pub(in crate::stripe) period_start: i64,
    pub(in crate::stripe) period_end: i64,
}

impl Item {
    /// Changes its price; one of another rhythm begins a new period.
    pub(in crate::stripe) fn change_price(&mut self, price: Price, now: i64) {
        let rhythm =
            |price: &Price| price.recurring.as_ref().map(|every| (every.interval.clone(), every.count));
        if let Some((interval, count)) =
            rhythm(&price).filter(|new| rhythm(&self.price).as_ref() != Some(new))
        {
            self.anchor = now;
            self.period_start = now;
            self.period_end = calendar::after(now, &interval, count);
        }
        self.price = price;
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub(in crate::stripe) struct Subscription {
    pub(in crate::stripe) id: String,
    pub(in crate::stripe) created: i64,
    pub(in crate::stripe) status: String,
    pub(in crate::stripe) customer: String,
    pub(in crate::stripe) default_payment_method: Option<String>,
    pub(in crate::stripe) description: Option<String>,
    pub(in crate::stripe) items: Vec<Item>,
    pub(in crate::stripe) metadata: Metadata,
    pub(in crate::stripe) automatic_tax: bool,
    pub(in crate::stripe) latest_invoice: Option<String>,
    pub(in crate::stripe) trial_start: Option<i64>,
    pub(in crate::stripe) trial_end: Option<i64>,
    pub(in crate::stripe) cancel_at: Option<i64>,
    pub(in crate::stripe) cancel_at_period_end: bool,
    pub(in crate::stripe) canceled_at: Option<i64>,
    pub(in crate::stripe) cancellation_reason: Option<String>,
    pub(in crate::stripe) ended_at: Option<i64>,
    pub(in crate::stripe) pause_collection: Option<Pause>,
    /// When the whole subscription was paused, and why.
    pub(in crate::stripe) paused: Option<(i64, String)>,
    /// What the end of a trial means while there is nothing to charge.
    pub(in crate::stripe) missing_method: MissingMethod,
    /// Whether `trial_will_end` was sent.
    pub(in crate::stripe) trial_announced: bool,
}

impl Subscription {
    /// Whether nothing can happen to it any more.
    pub(in crate::stripe) fn is_over(&self) -> bool {
        self.ended_at.is_some()
    }

    /// Schedules its end, or takes the schedule back.
    pub(in crate::stripe) fn end_at(&mut self, end: Option<i64>, at_period_end: bool, now: i64) {
        self.cancel_at = end;
        self.cancel_at_period_end = at_period_end;
        self.canceled_at = end.map(|_| self.canceled_at.unwrap_or(now));
        self.cancellation_reason = end.map(|_| "cancellation_requested".to_owned());
    }

    /// The end of the present period.
    pub(in crate::stripe) fn period_end(&self) -> i64 {
        self.items.iter().map(|item| item.period_end).max().unwrap_or(self.created)
    }

    fn render_item(&self, item: &Item) -> Value {
        json!({
            "id": item.id,
            "object": "subscription_item",
            "billed_until": item.period_end,
            "billing_thresholds": null,
            "created": item.created,
            "current_period_end": item.period_end,
            "current_period_start": item.period_start,
            "discounts": [],
            "metadata": {},
            "plan": item.price.plan(),
            "price": item.price.render(),
            "quantity": item.quantity,
            "subscription": self.id,
            "tax_rates": [],
        })
    }
}

/// The members that are the same in every subscription here.
fn unchanging() -> Value {
    json!({
        "application": null,
        "application_fee_percent": null,
        "billing_cycle_anchor_config": null,
        "billing_mode": { "flexible": { "proration_discounts": "included" }, "type": "flexible" },
        "billing_schedules": [],
        "billing_thresholds": null,
        "collection_method": "charge_automatically",
        "customer_account": null,
        "days_until_due": null,
        "default_source": null,
        "default_tax_rates": [],
        "discounts": [],
        "invoice_settings": { "account_tax_ids": null, "issuer": { "type": "self" } },
        "livemode": false,
        "next_pending_invoice_item_invoice": null,
        "on_behalf_of": null,
        "payment_settings": { "payment_method_options": null, "save_default_payment_method": "off" },
        "pending_invoice_item_interval": null,
        "pending_setup_intent": null,
        "pending_update": null,
        "schedule": null,
        "test_clock": null,
        "transfer_data": null,
    })
}

impl Object for Subscription {
    const KIND: &'static str = "subscription";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }

    fn render(&self) -> Value {
        let items: Vec<Value> = self.items.iter().map(|item| self.render_item(item)).collect();
        let pause = self.pause_collection.as_ref();
        let pause = pause.map(|pause| json!({ "behavior": pause.behavior, "resumes_at": pause.resumes_at }));
        let paused = self.paused.as_ref().map(|(instant, reason)| {
            let subscription = json!({ "type": reason });
            json!({ "paused": { "subscription": subscription, "transitioned_at": instant, "type": "subscription" } })
        });
        let own = json!({
            "id": self.id,
            "object": "subscription",
            "automatic_tax": { "disabled_reason": null, "enabled": self.automatic_tax, "liability": null },
            "billing_cycle_anchor": self.items.first().map_or(self.created, |item| item.anchor),
            "cancel_at": self.cancel_at,
            "cancel_at_period_end": self.cancel_at_period_end,
            "canceled_at": self.canceled_at,
            "cancellation_details": { "comment": null, "feedback": null, "reason": self.cancellation_reason },
            "created": self.created,
            "currency": self.items.first().map_or("usd", |item| item.price.currency.as_str()),
            "customer": self.customer,
            "default_payment_method": self.default_payment_method,
            "description": self.description,
            "ended_at": self.ended_at,
            "items": {
                "object": "list",
                "data": items,
                "has_more": false,
                "total_count": self.items.len(),
                "url": format!("/v1/subscription_items?subscription={}", self.id),
            },
            "latest_invoice": self.latest_invoice,
            "metadata": self.metadata,
            "pause_collection": pause,
            "start_date": self.created,
            "status": self.status,
            "status_details": paused,
            "trial_end": self.trial_end,
            "trial_settings": {
                "end_behavior": {
                    "billing_cycle_anchor": null, "missing_payment_method": self.missing_method.name(),
                },
            },
            "trial_start": self.trial_start,
        });
        join(own, unchanging())
    }
}
