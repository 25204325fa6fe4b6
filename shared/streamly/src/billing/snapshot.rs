//! A subscription as Stripe shows it, in any API version: what the columns of `subscriptions` are derived from. Events
//! carry one, and so does a fetched subscription.

use serde_json::Value;
use time::OffsetDateTime;

use super::Plans;
use crate::json::Json;

pub use crate::db::subscriptions::Snapshot;

impl Snapshot {
    /// Reads a subscription; none where it is none, or has no id or status.
    pub fn read(object: &Value, plans: &Plans) -> Option<Self> {
        let root = Json::from(object);
        if root.at(&["object"]).text() != Some("subscription") {
            return None;
        }
        let item = item(root, plans);
        let (start, end) = period(root, item);
        let pause = root.at(&["pause_collection"]);
        let behavior = || pause.at(&["behavior"]).string().unwrap_or_else(|| "unknown".to_owned());
        Some(Self {
            id: root.at(&["id"]).string()?,
            customer: root.at(&["customer"]).id(),
            status: root.at(&["status"]).string()?,
            price_id: item.map_or_else(|| root.at(&["plan"]).id(), price),
            quantity: item.unwrap_or(root).at(&["quantity"]).integer(),
            currency: currency(root, item),
            current_period_start: start,
            current_period_end: end,
            trial_end: root.at(&["trial_end"]).time(),
            cancel_at_period_end: root.at(&["cancel_at_period_end"]).boolean().unwrap_or(false),
            cancel_at: root.at(&["cancel_at"]).time(),
            canceled_at: root.at(&["canceled_at"]).time(),
            ended_at: root.at(&["ended_at"]).time(),
            pause_behavior: pause.is_object().then(behavior),
            pause_resumes_at: pause.at(&["resumes_at"]).time(),
            latest_invoice_id: root.at(&["latest_invoice"]).id(),
        })
    }

    /// The plan that its price pays for.
    ///
    /// A price that `PLANS` no longer names keeps the plan of the stored row, as long as the price is the row's.
    pub fn plan(
        &self,
        plans: &Plans,
        stored_price: Option<&str>,
        stored_plan: Option<&str>,
    ) -> Option<String> {
        let price = self.price_id.as_deref()?;
        let retired = || stored_plan.filter(|_| stored_price == Some(price));
        plans.by_price(price).map(|plan| plan.slug.as_str()).or_else(retired).map(str::to_owned)
    }
}

/// The item that tells the plan: the one whose price a plan names, of the highest tier; else the first.
fn item<'a>(root: Json<'a>, plans: &Plans) -> Option<Json<'a>> {
    let items: Vec<Json<'a>> = root.at(&["items"]).entries().filter(|item| item.is_object()).collect();
    let rank = |item: &Json<'a>| {
        let plan = price(*item).and_then(|price| plans.by_price(&price))?;
        plans.tier_rank(&plan.tier)
    };
    // The first of the greatest: `max_by_key` would take the last.
    let best = items.iter().rev().filter(|item| rank(item).is_some()).max_by_key(|item| rank(item));
    best.or(items.first()).copied()
}

/// An item's price: `price`, or what was there before it, `plan`.
fn price(item: Json<'_>) -> Option<String> {
    item.at(&["price"]).id().or_else(|| item.at(&["plan"]).id())
}

/// The subscription's currency, else that of its price.
fn currency(root: Json<'_>, item: Option<Json<'_>>) -> Option<String> {
    let of_price = |item: Json<'_>| {
        let price = item.at(&["price", "currency"]).string();
        price.or_else(|| item.at(&["plan", "currency"]).string())
    };
    root.at(&["currency"]).string().or_else(|| of_price(item.unwrap_or(root)))
}

/// The paid period: that of the item that tells the plan, else of the item that ends last, else of the subscription, as
/// it stood there before 2025.
fn period(root: Json<'_>, item: Option<Json<'_>>) -> (Option<OffsetDateTime>, Option<OffsetDateTime>) {
    let end = |place: &Json<'_>| place.at(&["current_period_end"]).time();
    let longest = || root.at(&["items"]).entries().filter(|item| end(item).is_some()).max_by_key(end);
    let place = item.filter(|item| end(item).is_some()).or_else(longest).unwrap_or(root);
    (place.at(&["current_period_start"]).time(), end(&place))
}

#[cfg(test)]
mod tests {
    use super::Snapshot;
    use crate::billing::Plans;
    use serde_json::{Value, json};

    fn plans() -> Plans {
        let plan = |slug: &str, tier: &str| {
            json!({"slug": slug, "name": slug, "price_id": format!("price_{slug}"), "tier": tier,
                "amount_minor": 900, "currency": "eur", "interval": "month"})
        };
        let list =
            json!([plan("basic", "basic"), plan("premium", "premium"), plan("premium-yearly", "premium")]);
        list.to_string().parse().expect("valid plans")
    }

    fn subscription(changes: &Value) -> Value {
        let mut object = json!({
            "id": "sub_1", "object": "subscription", "status": "active", "customer": "cus_1",
            "items": {"object": "list", "data": []},
        });
        let members = object.as_object_mut().expect("an object");
        members.extend(changes.as_object().expect("changes").clone());
        object
    }

    fn read(changes: &Value) -> Option<Snapshot> {
        Snapshot::read(&subscription(changes), &plans())
    }

    /// What the item that tells the plan gives: price, quantity, start and end of the period.
    #[track_caller]
    fn check(changes: &Value, expected: (Option<&str>, Option<i64>, Option<i64>, Option<i64>)) {
        let snapshot = read(changes).expect("a snapshot");
        let seconds = |time: Option<time::OffsetDateTime>| time.map(time::OffsetDateTime::unix_timestamp);
        let (start, end) = (snapshot.current_period_start, snapshot.current_period_end);
        let found = (snapshot.price_id.as_deref(), snapshot.quantity, seconds(start), seconds(end));
        assert_eq!(found, expected, "{changes}");
    }

    fn item(price: &str, start: i64, end: i64) -> Value {
        json!({"object": "subscription_item", "price": {"id": price}, "quantity": 1,
            "current_period_start": start, "current_period_end": end})
    }

    #[test]
    fn the_item_of_the_highest_tier_tells_price_and_period() {
        check(
            &json!({"items": {"data": [item("price_basic", 1, 2), item("price_premium", 3, 4)]}}),
            (Some("price_premium"), Some(1), Some(3), Some(4)),
        );
        check(
            &json!({"items": {"data": [item("price_premium", 3, 4), item("price_basic", 1, 2)]}}),
            (Some("price_premium"), Some(1), Some(3), Some(4)),
        );
        check(
            &json!({"items": {"data": [item("price_unknown", 1, 2), item("price_basic", 3, 4)]}}),
            (Some("price_basic"), Some(1), Some(3), Some(4)),
        );
        check(
            &json!({"items": {"data": [item("price_premium", 1, 2), item("price_premium-yearly", 3, 4)]}}),
            (Some("price_premium"), Some(1), Some(1), Some(2)),
        );
        check(
            &json!({"items": {"data": [item("price_a", 1, 2), item("price_b", 3, 4)]}}),
            (Some("price_a"), Some(1), Some(1), Some(2)),
        );
    }

    #[test]
    fn the_period_is_found_wherever_a_version_puts_it() {
        let bare = json!({"price": "price_basic", "quantity": 2});
        check(
            &json!({"items": {"data": [bare]}, "current_period_start": 5, "current_period_end": 6}),
            (Some("price_basic"), Some(2), Some(5), Some(6)),
        );
        check(
            &json!({"items": {"data": [bare, item("price_x", 3, 4), item("price_y", 1, 2)]}, "current_period_end": 6}),
            (Some("price_basic"), Some(2), Some(3), Some(4)),
        );
        check(&json!({"items": {"data": [bare]}}), (Some("price_basic"), Some(2), None, None));
        check(
            &json!({"items": {"data": [bare]}, "current_period_end": "6"}),
            (Some("price_basic"), Some(2), None, None),
        );
        check(
            &json!({"items": {"data": [bare]}, "current_period_end": -6}),
            (Some("price_basic"), Some(2), None, None),
        );
    }

    #[test]
    fn the_oldest_shapes_have_a_plan_and_perhaps_no_items() {
        check(
            &json!({"items": null, "plan": {"id": "price_basic"}, "quantity": 3, "current_period_start": 5, "current_period_end": 6}),
            (Some("price_basic"), Some(3), Some(5), Some(6)),
        );
        check(
            &json!({"items": {"data": []}, "plan": "price_basic"}),
            (Some("price_basic"), None, None, None),
        );
        check(
            &json!({"items": {"data": [{"plan": {"id": "price_basic"}, "quantity": 1}]}}),
            (Some("price_basic"), Some(1), None, None),
        );
        check(&json!({"items": {"data": [{"price": 5, "plan": null}]}}), (None, None, None, None));
        check(&json!({"items": "none"}), (None, None, None, None));
    }

    #[test]
    fn ids_may_be_expanded_and_unknown_members_are_skipped() {
        let snapshot = read(&json!({
            "customer": {"id": "cus_2", "object": "customer"}, "latest_invoice": {"id": "in_1"},
            "brand_new": {"deep": [1, 2]}, "currency": "usd", "cancel_at": 7, "canceled_at": 8, "ended_at": 9, "trial_end": 10,
            "cancel_at_period_end": true,
        }));
        let snapshot = snapshot.expect("a snapshot");
        assert_eq!(snapshot.customer.as_deref(), Some("cus_2"));
        assert_eq!(snapshot.latest_invoice_id.as_deref(), Some("in_1"));
        assert_eq!(snapshot.currency.as_deref(), Some("usd"));
        let times = [snapshot.cancel_at, snapshot.canceled_at, snapshot.ended_at, snapshot.trial_end];
        assert_eq!(
            times.map(|time| time.map(time::OffsetDateTime::unix_timestamp)),
            [Some(7), Some(8), Some(9), Some(10)]
        );
        assert!(snapshot.cancel_at_period_end);
    }

    #[test]
    fn no_date_lies_beyond_the_year_9999() {
        let last = 253_402_300_799_i64;
        let dates = |at: i64| {
            let snapshot = read(&json!({
                "trial_end": at, "cancel_at": at, "canceled_at": at, "ended_at": at,
                "pause_collection": {"behavior": "void", "resumes_at": at},
                "items": {"data": [item("price_basic", at, at)]},
            }));
            let told = snapshot.expect("a snapshot");
            let period = [told.current_period_start, told.current_period_end, told.trial_end, told.cancel_at];
            let rest = [told.canceled_at, told.ended_at, told.pause_resumes_at];
            let seconds = |date: Option<time::OffsetDateTime>| date.map(time::OffsetDateTime::unix_timestamp);
            period.into_iter().chain(rest).map(seconds).collect::<Vec<_>>()
        };
        let check = |at: i64, expected: Option<i64>| assert_eq!(dates(at), vec![expected; 7], "{at}");
        check(0, Some(0));
        check(-1, None);
        check(last, Some(last));
        check(last + 1, None);
        // The year 294276, the last that a row can hold: the leeway of the access rule would overflow.
        check(9_224_318_015_999, None);
        check(i64::MAX, None);
    }

    #[test]
    fn a_paused_collection_is_seen_even_without_its_behavior() {
        let pause = |value: Value| {
            let snapshot = read(&json!({"pause_collection": value})).expect("a snapshot");
            (snapshot.pause_behavior, snapshot.pause_resumes_at.map(time::OffsetDateTime::unix_timestamp))
        };
        assert_eq!(pause(json!(null)), (None, None));
        assert_eq!(pause(json!("void")), (None, None));
        assert_eq!(pause(json!({})), (Some("unknown".to_owned()), None));
        assert_eq!(pause(json!({"behavior": 1})), (Some("unknown".to_owned()), None));
        assert_eq!(pause(json!({"behavior": "void", "resumes_at": 9})), (Some("void".to_owned()), Some(9)));
    }

    #[test]
    fn a_status_is_kept_as_it_stands_and_needed() {
        let status = |value: Value| read(&json!({"status": value})).map(|snapshot| snapshot.status);
        assert_eq!(status(json!("brand_new_status")), Some("brand_new_status".to_owned()));
        assert_eq!(status(json!(null)), None);
        assert_eq!(status(json!({"id": "active"})), None);
        assert_eq!(read(&json!({"id": 5})), None);
        assert_eq!(read(&json!({"object": "invoice"})), None);
        assert_eq!(Snapshot::read(&json!("sub_1"), &plans()), None);
    }

    #[test]
    fn a_retired_price_keeps_the_plan_it_had() {
        let snapshot =
            |price: &str| read(&json!({"items": {"data": [item(price, 1, 2)]}})).expect("a snapshot");
        let plan = |price: &str, stored_price, stored_plan| {
            snapshot(price).plan(&plans(), stored_price, stored_plan)
        };
        assert_eq!(plan("price_basic", None, None).as_deref(), Some("basic"));
        assert_eq!(plan("price_basic", Some("price_old"), Some("gold")).as_deref(), Some("basic"));
        assert_eq!(plan("price_old", Some("price_old"), Some("gold")).as_deref(), Some("gold"));
        assert_eq!(plan("price_old", Some("price_older"), Some("gold")), None);
        assert_eq!(plan("price_old", None, None), None);
        let unpriced = read(&json!({})).expect("a snapshot");
        assert_eq!(unpriced.plan(&plans(), None, Some("gold")), None);
    }
}
