//! The shape of an event's object in earlier API versions. Objects are kept in the pinned version's shape; an endpoint of
//! an earlier version sees their members where that version has them.

use super::state::State;
use super::store::Object;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The API versions in whose shape an event can be delivered, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApiVersion {
    /// The period stands on the subscription; an invoice names its subscription and its payment itself.
    Acacia,
    /// The period stands on the items; an invoice names its subscription under `parent`.
    Basil,
    /// As before, with `billing_mode`.
    Clover,
    /// As before; the hosted page of a Checkout session is called `hosted_page`.
    Dahlia,
    /// The pinned version: `status_details` and the pause of a whole subscription.
    Endive,
}

impl ApiVersion {
    /// All of them, oldest first.
    pub const ALL: [Self; 5] = [Self::Acacia, Self::Basil, Self::Clover, Self::Dahlia, Self::Endive];

    /// What `api_version` and the `Stripe-Version` header call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Acacia => "2025-02-24.acacia",
            Self::Basil => "2025-03-31.basil",
            Self::Clover => "2025-09-30.clover",
            Self::Dahlia => "2026-03-25.dahlia",
            Self::Endive => super::API_VERSION,
        }
    }

    /// The version in which an event of this type is rendered: the first that has it, if this one has not.
    pub(super) fn of_type(self, kind: &str) -> Self {
        if kind.starts_with("invoice_payment.") { self.max(Self::Basil) } else { self }
    }

    /// The object as this version shows it. `earlier` are the members that only acacia has.
    pub(super) fn shape(self, object: &Value, earlier: &Map<String, Value>) -> Value {
        let Value::Object(members) = object else { return object.clone() };
        let mut members = members.clone();
        match members.get("object").and_then(Value::as_str) {
            Some("subscription") => self.shape_subscription(&mut members),
            Some("invoice") if self == Self::Acacia => invoice_of_acacia(&mut members, earlier),
            Some("charge" | "payment_intent") if self == Self::Acacia => members.extend(earlier.clone()),
            Some("checkout.session") if self < Self::Dahlia => {
                members.insert("ui_mode".to_owned(), json!("hosted"));
            }
            _ => {}
        }
        Value::Object(members)
    }

    fn shape_subscription(self, members: &mut Map<String, Value>) {
        if self < Self::Endive {
            members.remove("status_details");
            members.remove("billing_schedules");
        }
        if self < Self::Clover {
            members.remove("billing_mode");
        }
        if self > Self::Acacia {
            return;
        }
        let items = members.get_mut("items").and_then(|items| items["data"].as_array_mut());
        let Some(items) = items else { return };
        let (mut start, mut end) = (Value::Null, Value::Null);
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            start = item.remove("current_period_start").unwrap_or_default();
            end = item.remove("current_period_end").unwrap_or_default();
            item.remove("billed_until");
        }
        let only = if let [item] = items.as_slice() { item.clone() } else { Value::Null };
        members.insert("current_period_start".to_owned(), start);
        members.insert("current_period_end".to_owned(), end);
        members.insert("plan".to_owned(), only["plan"].clone());
        members.insert("quantity".to_owned(), only["quantity"].clone());
        members.insert("discount".to_owned(), Value::Null);
    }
}

fn invoice_of_acacia(members: &mut Map<String, Value>, earlier: &Map<String, Value>) {
    let parent = members.remove("parent").unwrap_or_default();
    let details = &parent["subscription_details"];
    members.insert("subscription".to_owned(), details["subscription"].clone());
    members.insert("subscription_details".to_owned(), json!({ "metadata": details["metadata"] }));
    members.insert("paid".to_owned(), json!(members.get("status") == Some(&json!("paid"))));
    members.insert("discount".to_owned(), Value::Null);
    members.insert("tax".to_owned(), Value::Null);
    members.remove("total_taxes");
    members.extend(earlier.clone());
    let lines = members.get_mut("lines").and_then(|lines| lines["data"].as_array_mut());
    for line in lines.into_iter().flatten().filter_map(Value::as_object_mut) {
        line_of_acacia(line);
    }
}

fn line_of_acacia(line: &mut Map<String, Value>) {
    let parent = line.remove("parent").unwrap_or_default();
    let pricing = line.remove("pricing").unwrap_or_default();
    let price = pricing["price_details"]["price"].as_str().map(|id| {
        json!({
            "id": id, "object": "price", "product": pricing["price_details"]["product"],
            "unit_amount_decimal": pricing["unit_amount_decimal"], "currency": line.get("currency"),
        })
    });
    let details = &parent["subscription_item_details"];
    let kind = if details.is_null() { "invoiceitem" } else { "subscription" };
    line.insert("price".to_owned(), json!(price));
    line.insert("proration".to_owned(), json!(false));
    line.insert("subscription".to_owned(), details["subscription"].clone());
    line.insert("subscription_item".to_owned(), details["subscription_item"].clone());
    line.insert("type".to_owned(), json!(kind));
    line.remove("taxes");
}

impl State {
    /// The members that acacia shows and later versions no longer have: the bonds between invoice, payment and charge.
    pub(super) fn earlier_members(&self, object: &Value) -> Map<String, Value> {
        let text = |name: &str| object[name].as_str().unwrap_or_default();
        let mut earlier = Map::new();
        let mut set = |name: &str, value: Option<&str>| drop(earlier.insert(name.to_owned(), json!(value)));
        match object["object"].as_str() {
            Some("invoice") => {
                let invoice = self.invoices.get(text("id"));
                let intent = invoice.and_then(|invoice| invoice.payment_intent.as_deref());
                let intent = intent.and_then(|id| self.payment_intents.get(id));
                set("payment_intent", intent.map(Object::id));
                set("charge", intent.map(|intent| intent.charge.as_str()));
            }
            Some(kind @ ("charge" | "payment_intent")) => {
                let intent = if kind == "charge" { text("payment_intent") } else { text("id") };
                let invoice =
                    self.invoices.iter().find(|invoice| invoice.payment_intent.as_deref() == Some(intent));
                set("invoice", invoice.map(Object::id));
            }
            _ => {}
        }
        earlier
    }
}
