//! A session of the billing portal.

use crate::stripe::store::Object;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Serialize, Deserialize)]
pub(in crate::stripe) struct PortalSession {
    pub(in crate::stripe) id: String,
    pub(in crate::stripe) created: i64,
    pub(in crate::stripe) customer: String,
    pub(in crate::stripe) return_url: Option<String>,
    pub(in crate::stripe) locale: Option<String>,
    pub(in crate::stripe) url: String,
}

impl PortalSession {
    /// Where its page is.
    pub(in crate::stripe) fn page(base_url: &str, id: &str) -> String {
        format!("{base_url}/p/session/{id}")
    }
}

impl Object for PortalSession {
    const KIND: &'static str = "billing_portal.session";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }

    fn render(&self) -> Value {
        json!({
            "id": self.id,
            "object": "billing_portal.session",
            "configuration": "bpc_default",
            "created": self.created,
            "customer": self.customer,
            "customer_account": null,
            "flow": null,
            "livemode": false,
            "locale": self.locale,
            "on_behalf_of": null,
            "return_url": self.return_url,
            "url": self.url,
        })
    }
}
