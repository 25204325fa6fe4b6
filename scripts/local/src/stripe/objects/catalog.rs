//! Products and their prices.

use super::Metadata;
use crate::stripe::store::Object;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Serialize, Deserialize)]
pub(in crate::stripe) struct Product {
    pub(in crate::stripe) id: String,
    pub(in crate::stripe) created: i64,
    pub(in crate::stripe) name: String,
    pub(in crate::stripe) description: Option<String>,
    pub(in crate::stripe) active: bool,
    pub(in crate::stripe) default_price: Option<String>,
    pub(in crate::stripe) metadata: Metadata,
}

impl Object for Product {
    const KIND: &'static str = "product";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }

    fn render(&self) -> Value {
        json!({
            "id": self.id,
            "object": "product",
            "active": self.active,
            "created": self.created,
            "default_price": self.default_price,
            "description": self.description,
            "images": [],
            "livemode": false,
            "marketing_features": [],
            "metadata": self.metadata,
            "name": self.name,
            "package_dimensions": null,
            "shippable": null,
            "statement_descriptor": null,
            "tax_code": null,
            "type": "service",
            "unit_label": null,
            "updated": self.created,
            "url": null,
        })
    }
}

/// How often a price is charged.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::stripe) struct Recurring {
    pub(in crate::stripe) interval: String,
    pub(in crate::stripe) count: i64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(in crate::stripe) struct Price {
    pub(in crate::stripe) id: String,
    pub(in crate::stripe) created: i64,
    pub(in crate::stripe) product: String,
    pub(in crate::stripe) active: bool,
    pub(in crate::stripe) currency: String,
    pub(in crate::stripe) unit_amount: i64,
    pub(in crate::stripe) recurring: Option<Recurring>,
    pub(in crate::stripe) nickname: Option<String>,
    pub(in crate::stripe) lookup_key: Option<String>,
    pub(in crate::stripe) metadata: Metadata,
}

impl Price {
    /// The older form of the same thing, which subscription items still carry beside it.
    pub(in crate::stripe) fn plan(&self) -> Value {
        let (interval, count) = self
            .recurring
            .as_ref()
            .map_or(("month", 1), |recurring| (recurring.interval.as_str(), recurring.count));
        json!({
            "id": self.id,
            "object": "plan",
            "active": self.active,
            "amount": self.unit_amount,
            "amount_decimal": self.unit_amount.to_string(),
            "billing_scheme": "per_unit",
            "created": self.created,
            "currency": self.currency,
            "interval": interval,
            "interval_count": count,
            "livemode": false,
            "metadata": self.metadata,
            "meter": null,
            "nickname": self.nickname,
            "product": self.product,
            "tiers_mode": null,
            "transform_usage": null,
            "trial_period_days": null,
            "usage_type": "licensed",
        })
    }
}

impl Object for Price {
    const KIND: &'static str = "price";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }

    fn render(&self) -> Value {
        let recurring = self.recurring.as_ref().map(|recurring| {
            json!({
                "interval": recurring.interval,
                "interval_count": recurring.count,
                "meter": null,
                "trial_period_days": null,
                "usage_type": "licensed",
            })
        });
        json!({
            "id": self.id,
            "object": "price",
            "active": self.active,
            "billing_scheme": "per_unit",
            "created": self.created,
            "currency": self.currency,
            "custom_unit_amount": null,
            "livemode": false,
            "lookup_key": self.lookup_key,
            "metadata": self.metadata,
            "nickname": self.nickname,
            "product": self.product,
            "recurring": recurring,
            "tax_behavior": "unspecified",
            "tiers_mode": null,
            "transform_quantity": null,
            "type": if self.recurring.is_some() { "recurring" } else { "one_time" },
            "unit_amount": self.unit_amount,
            "unit_amount_decimal": self.unit_amount.to_string(),
        })
    }
}
