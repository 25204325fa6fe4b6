//! From the hosted page to the film: what a payer does at the stand-in for Stripe, brought by its webhooks to the real
//! webhook function, decides what the real playback function answers.

mod banks;
mod managing;
mod world;

use world::World;

const PAY: &str = "action=pay&card_number=4242424242424242";

#[tokio::test]
async fn paying_opens_the_film_and_cancelling_closes_it() {
    let world = World::new().await;
    assert_eq!(world.plays().await, (403, "subscription-required".to_owned()));
    let session = world.checkout("").await;
    assert_eq!(world.press(&session, PAY).await, 303);
    world.all_delivered().await;
    assert_eq!(world.plays().await, (200, String::new()));
    let subscription = world.subscriptions().await.remove(0);
    assert_eq!((subscription.status.as_str(), subscription.plan.as_deref()), ("active", Some("basic")));
    world.cancel(&subscription.stripe_id).await;
    world.all_delivered().await;
    assert_eq!(world.plays().await, (403, "subscription-lapsed".to_owned()));
}

#[tokio::test]
async fn a_declined_card_and_a_payer_who_leaves_change_nothing() {
    let world = World::new().await;
    let session = world.checkout("").await;
    assert_eq!(world.press(&session, "action=decline").await, 402);
    assert_eq!(world.press(&session, "action=leave").await, 303);
    world.all_delivered().await;
    assert_eq!(world.plays().await, (403, "subscription-required".to_owned()));
    assert!(world.subscriptions().await.is_empty());
}

#[tokio::test]
async fn a_delayed_payment_opens_the_film_when_it_is_settled() {
    for (outcome, expected) in [("settle", (200, "")), ("fail", (403, "subscription-required"))] {
        let world = World::new().await;
        let session = world.checkout("").await;
        assert_eq!(world.press(&session, "action=delayed").await, 303);
        world.all_delivered().await;
        assert_eq!(world.plays().await, (403, "payment-required".to_owned()), "not paid yet");
        world.control(&format!("/_fake/sessions/{session}/{outcome}"), "").await;
        world.all_delivered().await;
        assert_eq!(world.plays().await, (expected.0, expected.1.to_owned()), "{outcome}");
    }
}

#[tokio::test]
async fn a_trial_opens_the_film_without_a_payment() {
    let world = World::new().await;
    let session = world.checkout("&subscription_data[trial_period_days]=7").await;
    assert_eq!(world.press(&session, PAY).await, 303);
    world.all_delivered().await;
    assert_eq!(world.plays().await, (200, String::new()));
    assert_eq!(world.subscriptions().await.remove(0).status, "trialing");
}

#[tokio::test]
async fn every_order_and_any_number_of_deliveries_end_alike() {
    for order in ["forward", "backward", "parallel"] {
        let world = World::new().await;
        world.control("/_fake/webhooks", &format!(r#"{{ "copies": 3, "order": "{order}" }}"#)).await;
        let session = world.checkout("").await;
        assert_eq!(world.press(&session, PAY).await, 303);
        world.all_delivered().await;
        assert_eq!(world.plays().await, (200, String::new()), "{order}");
        let subscriptions = world.subscriptions().await;
        assert_eq!(subscriptions.len(), 1, "{order}");
        assert_eq!(subscriptions[0].status, "active", "{order}");
        // Heard in the order in which it came about, nothing is left to ask Stripe about.
        assert!(order != "forward" || !subscriptions[0].needs_sync);
        assert_eq!(world.logged().await, world.wanted().await, "each event stands in the ledger once");
    }
}

#[tokio::test]
async fn what_was_lost_takes_effect_when_it_is_sent_again() {
    let world = World::new().await;
    world.control("/_fake/webhooks", r#"{ "on": false }"#).await;
    let session = world.checkout("").await;
    assert_eq!(world.press(&session, PAY).await, 303);
    assert_eq!(world.plays().await, (403, "subscription-required".to_owned()), "nobody told us");
    world.control("/_fake/webhooks", r#"{ "on": true }"#).await;
    world.control("/_fake/events/resend", "").await;
    world.all_delivered().await;
    assert_eq!(world.plays().await, (200, String::new()));
}

#[tokio::test]
async fn a_deleted_customer_loses_every_right() {
    let world = World::new().await;
    let session = world.checkout("").await;
    assert_eq!(world.press(&session, PAY).await, 303);
    world.all_delivered().await;
    world.delete_customer().await;
    world.all_delivered().await;
    assert_eq!(world.plays().await, (403, "subscription-lapsed".to_owned()));
    assert_eq!(world.subscriptions().await.remove(0).status, "canceled");
}
