//! Events as Stripe writes them, to be changed member by member.

use serde_json::{Value, json};

/// One of the stored shapes of an era.
macro_rules! era {
    ($name:literal) => {
        include_str!(concat!("../../../../shared/streamly/tests/events/", $name, ".json"))
    };
}
pub(crate) use era;

pub(crate) const CREATED: &str = "customer.subscription.created";
pub(crate) const UPDATED: &str = "customer.subscription.updated";
pub(crate) const DELETED: &str = "customer.subscription.deleted";

/// Replaces or adds members.
pub(crate) fn with(mut value: Value, changes: &Value) -> Value {
    value.as_object_mut().expect("an object").extend(changes.as_object().expect("changes").clone());
    value
}

/// An event around an object.
pub(crate) fn event(id: &str, event_type: &str, created: i64, object: &Value) -> Value {
    json!({"id": id, "object": "event", "api_version": "2026-09-30.endive", "created": created, "type": event_type,
        "livemode": false, "pending_webhooks": 1, "request": {"id": null, "idempotency_key": null},
        "data": {"object": object}})
}

/// The same with what changed.
pub(crate) fn changed(event: Value, previous: &Value) -> Value {
    let mut event = event;
    event["data"]["previous_attributes"] = previous.clone();
    event
}

/// `sub_1` of `cus_1` for `basic`, whose period ends at this second.
pub(crate) fn subscription(status: &str, period_end: i64) -> Value {
    json!({"id": "sub_1", "object": "subscription", "customer": "cus_1", "status": status, "currency": "eur",
        "items": {"object": "list", "data": [{"id": "si_1", "object": "subscription_item", "quantity": 1,
            "price": {"id": "price_basic", "object": "price", "currency": "eur"},
            "current_period_start": period_end - 2_592_000, "current_period_end": period_end}]},
        "cancel_at_period_end": false, "cancel_at": null, "canceled_at": null, "ended_at": null, "trial_end": null,
        "latest_invoice": "in_1", "pause_collection": null, "metadata": {}, "livemode": false})
}

/// `cs_1`, which sold `sub_1` to `cus_1`.
pub(crate) fn session(payment_status: &str) -> Value {
    json!({"id": "cs_1", "object": "checkout.session", "mode": "subscription", "customer": "cus_1",
        "subscription": "sub_1", "payment_status": payment_status, "status": "complete", "amount_total": 900,
        "currency": "eur", "client_reference_id": null, "metadata": {}})
}

/// `in_1` for `sub_1` of `cus_1`.
pub(crate) fn invoice(amount_paid: i64, amount_due: i64) -> Value {
    json!({"id": "in_1", "object": "invoice", "customer": "cus_1", "currency": "eur", "amount_paid": amount_paid,
        "amount_due": amount_due, "status": if amount_paid >= amount_due { "paid" } else { "open" },
        "parent": {"type": "subscription_details", "subscription_details": {"subscription": "sub_1", "metadata": {}}}})
}

/// `cus_1`, who is gone.
pub(crate) fn customer() -> Value {
    json!({"id": "cus_1", "object": "customer", "deleted": true, "metadata": {}})
}
