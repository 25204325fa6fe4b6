//! What a payer's bank does: it asks the owner first, takes a payment back, and disputes it; and a trial that ends while
//! there is no bank to ask. By whichever way the product hears of it.

use serde_json::json;

use super::world::{Way, World};

const ASKS_ALWAYS: &str = "card_number=4000002760003184";
const MONTH_S: u32 = 32 * 86_400;

#[track_caller]
fn check(plays: &(u16, String), expected: (u16, &str), when: &str) {
    assert_eq!((plays.0, plays.1.as_str()), expected, "{when}");
}

#[tokio::test]
async fn a_bank_that_asks_opens_the_film_with_a_yes_alone_and_asks_again_at_the_renewal() {
    for way in Way::ALL {
        let world = World::by(way).await;
        let session = world.checkout("").await;
        assert_eq!(world.press(&session, &format!("action=pay&{ASKS_ALWAYS}")).await, 200);
        world.hear().await;
        check(&world.plays().await, (403, "subscription-required"), "asked");
        assert_eq!(world.press(&session, &format!("action=refuse&{ASKS_ALWAYS}")).await, 402);
        world.hear().await;
        check(&world.plays().await, (403, "subscription-required"), "a no");
        assert_eq!(world.press(&session, &format!("action=authenticate&{ASKS_ALWAYS}")).await, 303);
        world.hear().await;
        check(&world.plays().await, (200, ""), "a yes");

        world.control("/_fake/clock", &json!({ "advance_seconds": MONTH_S }).to_string()).await;
        world.hear().await;
        let status = world.status().await;
        assert_eq!((&status["status"], &status["reason"]), (&json!("past_due"), &json!("grace")), "{way:?}");
        let noted = world.entries("invoice.payment_action_required").await;
        assert_eq!(noted, [("applied".to_owned(), true)], "{way:?}");
        let portal = world.portal_page().await;
        world.manage(&portal, "pay", "").await;
        assert_eq!(world.status().await["status"], "active", "{way:?}");
    }
}

#[tokio::test]
async fn a_first_payment_that_waits_for_the_bank_is_a_payment_to_make() {
    for way in Way::ALL {
        let world = World::by(way).await;
        world.subscribe("&default_payment_method=pm_card_threeDSecure2Required").await;
        world.hear().await;
        check(&world.plays().await, (403, "payment-required"), "asked");
        let intents = world.api("GET", "/v1/payment_intents", "").await;
        let page = intents["data"][0]["next_action"]["redirect_to_url"]["url"].as_str().expect("a page");
        let path = page.splitn(4, '/').last().expect("a path");
        world.press_at(&format!("/{path}"), "action=authenticate").await;
        world.hear().await;
        check(&world.plays().await, (200, ""), "a yes");
    }
}

#[tokio::test]
async fn a_payment_that_is_disputed_and_sent_back_is_noted_and_ends_nothing() {
    for way in Way::ALL {
        let world = World::by(way).await;
        let session = world.checkout("").await;
        assert_eq!(world.press(&session, "action=pay&card_number=4000000000000259").await, 303);
        world.hear().await;
        assert_eq!(world.status().await["has_access"], true, "{way:?}: disputed");
        let dispute = world.api("GET", "/v1/disputes", "").await["data"][0].clone();
        let text = |member: &str| dispute[member].as_str().expect("a text").to_owned();
        world.api("POST", "/v1/refunds", &format!("payment_intent={}", text("payment_intent"))).await;
        world.api("POST", &format!("/v1/disputes/{}/close", text("id")), "").await;
        world.hear().await;
        check(&world.plays().await, (200, ""), "lost and sent back");
        // A dispute names no customer: it is the person's by the payment, where that was heard of before.
        for kind in ["charge.dispute.created", "charge.refunded", "charge.dispute.closed"] {
            let noted = world.entries(kind).await;
            assert_eq!(noted.len(), 1, "{way:?} {kind}");
            assert_eq!(noted[0].0, "applied", "{way:?} {kind}");
        }
        assert_eq!(world.entries("charge.refunded").await, [("applied".to_owned(), true)], "{way:?}");
        assert_eq!(world.subscriptions().await.remove(0).status, "active", "{way:?}");
    }
}

#[tokio::test]
async fn a_trial_that_ends_without_a_card_is_over_for_the_film_too() {
    for way in Way::ALL {
        for (told, status) in [("pause", "paused"), ("cancel", "canceled")] {
            let world = World::by(way).await;
            let setting = format!("&trial_settings[end_behavior][missing_payment_method]={told}");
            let id = world.subscribe(&format!("&trial_period_days=9{setting}")).await;
            world.hear().await;
            check(&world.plays().await, (200, ""), "a trial");
            world.api("POST", &format!("/v1/subscriptions/{id}"), "trial_end=now").await;
            world.hear().await;
            check(&world.plays().await, (403, "subscription-lapsed"), told);
            assert_eq!(world.status().await["status"], status, "{way:?}");
        }
    }
}
