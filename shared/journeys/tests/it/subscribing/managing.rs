//! What a subscriber does at the billing portal, and how the status tells of it: leave at the period's end, come back,
//! take another plan, end at once, pay what a failed renewal left open. All of it holds however the product hears of it:
//! by Stripe's webhooks, or with those switched off by the reconcile job alone.

use serde_json::{Value, json};

use super::PAY;
use super::world::{Way, World};

/// The members that the portal's buttons change.
fn seen(status: &Value) -> (bool, &str, Option<&str>, bool) {
    let word = |member: &str| status[member].as_str();
    let access = status["has_access"].as_bool().expect("a boolean");
    (access, word("reason").expect("a word"), word("tier"), !status["cancel_at"].is_null())
}

#[tokio::test]
async fn who_cancels_watches_until_the_periods_end_and_may_come_back() {
    let buttons = ["cancel-at-period-end", "cancel-at"];
    for (way, button) in Way::ALL.into_iter().flat_map(|way| buttons.map(|button| (way, button))) {
        let world = World::by(way).await;
        assert_eq!(world.open_portal().await.outcome(), (404, "no-billing-account".to_owned()));
        assert_eq!(world.status().await["reason"], "subscription-required");
        let session = world.checkout("").await;
        assert_eq!(world.press(&session, PAY).await, 303);
        world.hear().await;
        let before = world.status().await;
        assert_eq!(seen(&before), (true, "active", Some("basic"), false), "{way:?}: {before}");

        let portal = world.portal_page().await;
        world.manage(&portal, button, "").await;
        let after = world.status().await;
        assert_eq!(seen(&after), (true, "active", Some("basic"), true), "{way:?}, {button}: {after}");
        let end = &before["current_period_end"];
        assert_eq!((&after["cancel_at"], &after["entitled_until"]), (end, end), "{way:?}, {button}");
        assert_eq!(world.plays().await, (200, String::new()));

        world.manage(&portal, "resume", "").await;
        assert_eq!(world.status().await, before, "{way:?}, {button}");
    }
}

#[tokio::test]
async fn another_plan_is_told_as_soon_as_it_is_heard_of() {
    for way in Way::ALL {
        let world = World::by(way).await;
        let session = world.checkout("").await;
        assert_eq!(world.press(&session, PAY).await, 303);
        let portal = world.portal_page().await;
        world.manage(&portal, "switch", "&price=price_premium").await;
        let status = world.status().await;
        assert_eq!(seen(&status), (true, "active", Some("premium"), false), "{way:?}: {status}");
        assert_eq!(status["plan"], "premium");
    }
}

#[tokio::test]
async fn who_ends_it_at_once_has_lapsed_and_the_portal_still_opens() {
    for way in Way::ALL {
        let world = World::by(way).await;
        let session = world.checkout("").await;
        assert_eq!(world.press(&session, PAY).await, 303);
        let portal = world.portal_page().await;
        world.manage(&portal, "cancel-now", "").await;
        let status = world.status().await;
        assert_eq!(seen(&status).1, "subscription-lapsed", "{way:?}: {status}");
        assert_eq!((&status["status"], &status["entitled_until"]), (&json!("canceled"), &json!(null)));
        assert_eq!(world.plays().await, (403, "subscription-lapsed".to_owned()));
        // The invoices are there.
        assert_eq!(world.open_portal().await.status, 200);
    }
}

#[tokio::test]
async fn a_renewal_that_fails_is_grace_then_a_payment_to_make_and_the_portal_takes_it() {
    for way in Way::ALL {
        let world = World::by(way).await;
        let session = world.checkout("").await;
        assert_eq!(world.press(&session, PAY).await, 303);
        world.hear().await;
        world.control("/_fake/retries", &json!({"days": [3], "then": "unpaid"}).to_string()).await;
        let portal = world.portal_page().await;
        world.manage(&portal, "card", "&card_number=4000000000000341").await;

        let days = |days: u32| json!({"advance_seconds": days * 86_400}).to_string();
        world.control("/_fake/clock", &days(32)).await;
        world.hear().await;
        let status = world.status().await;
        assert_eq!(seen(&status), (true, "grace", Some("basic"), false), "{way:?}: {status}");
        assert_eq!(status["status"], "past_due");
        assert_eq!(world.plays().await, (200, String::new()));

        world.control("/_fake/clock", &days(4)).await;
        world.hear().await;
        let status = world.status().await;
        assert_eq!(seen(&status), (false, "payment-required", Some("basic"), false), "{way:?}: {status}");
        assert_eq!(status["status"], "unpaid");
        assert_eq!(world.plays().await, (403, "payment-required".to_owned()));

        world.manage(&portal, "pay", "").await;
        let status = world.status().await;
        assert_eq!(seen(&status), (true, "active", Some("basic"), false), "{way:?}: {status}");
    }
}

#[tokio::test]
async fn a_customer_who_was_deleted_has_no_billing_account_whether_we_heard_of_it_or_not() {
    for heard in [true, false] {
        let world = World::new().await;
        let session = world.checkout("").await;
        assert_eq!(world.press(&session, PAY).await, 303);
        world.all_delivered().await;
        world.control("/_fake/webhooks", &json!({"on": heard}).to_string()).await;
        world.delete_customer().await;
        if heard {
            world.all_delivered().await;
        }
        assert_eq!(world.open_portal().await.outcome(), (404, "no-billing-account".to_owned()), "{heard}");
    }
}
