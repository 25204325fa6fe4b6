//! The two rules that lives are held against, written here a second time: what a stored row gives, and what a subscription
//! of Stripe's becomes as a row.

use serde_json::{Value, json};

/// What the table of access says of a row: `access`, or the reason of the refusal; times are seconds from now.
pub(crate) fn right_of(row: &Value) -> &'static str {
    const HOURS_72: f64 = 72.0 * 3600.0;
    let paused = !row["pause_behavior"].is_null();
    let at_end = row["cancel_at_period_end"] == json!(true);
    let number = |name: &str| row[name].as_f64();
    let until = match row["status"].as_str().unwrap_or_default() {
        _ if paused => None,
        "trialing" | "active" => {
            let made = number("made").unwrap_or_default() + HOURS_72;
            let end = number("end").map_or(made, |end| if at_end { end } else { end + HOURS_72 });
            Some(number("cancel").map_or(end, |cancel| cancel.min(end)))
        }
        "past_due" => number("due").map(|due| {
            let end = due + 7.0 * 86_400.0;
            let end = number("cancel").map_or(end, |cancel| cancel.min(end));
            number("end").filter(|_| at_end).map_or(end, |period| period.min(end))
        }),
        _ => None,
    };
    match row["status"].as_str().unwrap_or_default() {
        _ if until.is_some_and(|until| until > 0.0) => "access",
        "incomplete" | "unpaid" => "payment-required",
        "past_due" if !paused => "payment-required",
        "incomplete_expired" => "subscription-required",
        _ => "subscription-lapsed",
    }
}

/// The columns that follow from a subscription as Stripe shows it.
pub(crate) fn shown(object: &Value) -> Vec<(&'static str, Value)> {
    let item = &object["items"]["data"][0];
    let price = item["price"]["id"].clone();
    let plan = match price.as_str() {
        Some("price_basic") => json!("basic"),
        Some("price_premium") => json!("premium"),
        _ => Value::Null,
    };
    vec![
        ("stripe_customer_id", object["customer"].clone()),
        ("status", object["status"].clone()),
        ("plan", plan),
        ("price_id", price),
        ("quantity", item["quantity"].clone()),
        ("currency", object["currency"].clone()),
        ("current_period_start", item["current_period_start"].clone()),
        ("current_period_end", item["current_period_end"].clone()),
        ("trial_end", object["trial_end"].clone()),
        ("cancel_at_period_end", object["cancel_at_period_end"].clone()),
        ("cancel_at", object["cancel_at"].clone()),
        ("canceled_at", object["canceled_at"].clone()),
        ("ended_at", object["ended_at"].clone()),
        ("pause_behavior", object["pause_collection"]["behavior"].clone()),
        ("latest_invoice_id", object["latest_invoice"].clone()),
    ]
}
