//! How somebody stands: the word, the times, and which of several subscriptions is told of.

use serde_json::{Value, json};
use streamly::clock::Clock;
use testkit::Subscription;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::world::World;

const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;

fn status(status: &'static str) -> Subscription {
    Subscription { status, ..Subscription::default() }
}

/// Whether someone with these subscriptions has access, and the word for it.
async fn check(world: &World, subscriptions: &[Subscription], expected: (bool, &str)) {
    let found = world.status(subscriptions).await;
    let seen = (found["has_access"].as_bool().expect("a boolean"), found["reason"].as_str().expect("a word"));
    assert_eq!(seen, expected, "{subscriptions:?}: {found}");
}

/// That a time is so many seconds from now, up to a minute.
#[track_caller]
fn check_time(found: &Value, seconds_from_now: f64) {
    let text = found.as_str().unwrap_or_else(|| panic!("{found} is no time"));
    assert!(text.ends_with('Z'), "{text}");
    let found = OffsetDateTime::parse(text, &Rfc3339).expect("RFC 3339");
    let expected = Clock::system().now() + Duration::seconds_f64(seconds_from_now);
    assert!((found - expected).abs() < Duration::minutes(1), "{found} is not {expected}");
}

#[tokio::test]
async fn who_never_subscribed_gets_nulls() {
    let world = World::new().await;
    let expected = json!({"has_access": false, "reason": "subscription-required", "plan": null, "tier": null,
        "status": null, "current_period_end": null, "cancel_at": null, "entitled_until": null});
    let reply = world.ask(&world.person(&[]).await).await;
    assert_eq!(reply.json(), expected);
    assert_eq!(reply.header("cache-control"), "no-store");
    // Real money is another mode's.
    assert_eq!(world.status(&[Subscription { livemode: true, ..status("active") }]).await, expected);
}

#[tokio::test]
async fn a_running_subscription_tells_its_plan_and_its_times() {
    let world = World::new().await;
    let found = world.status(&[status("active")]).await;
    for (member, expected) in [
        ("has_access", json!(true)),
        ("reason", json!("active")),
        ("plan", json!("basic")),
        ("cancel_at", json!(null)),
    ] {
        assert_eq!(found[member], expected, "{member}");
    }
    assert_eq!((&found["tier"], &found["status"]), (&json!("basic"), &json!("active")));
    check_time(&found["current_period_end"], 20.0 * DAY);
    check_time(&found["entitled_until"], 23.0 * DAY);
    assert_eq!(
        found.as_object().map(serde_json::Map::len),
        Some(8),
        "nothing of Stripe's beside it: {found}"
    );
    let trial = Subscription { plan: Some("premium"), ..status("trialing") };
    let found = world.status(&[trial]).await;
    assert_eq!((&found["reason"], &found["tier"]), (&json!("trialing"), &json!("premium")));
}

#[tokio::test]
async fn a_period_that_is_over_goes_on_in_grace_until_the_leeway_is_over_too() {
    let world = World::new().await;
    for running in ["active", "trialing"] {
        let ended = |period_end| [Subscription { period_end: Some(period_end), ..status(running) }];
        check(&world, &ended(60.0), (true, running)).await;
        check(&world, &ended(-60.0), (true, "grace")).await;
        check(&world, &ended(-72.0 * HOUR + 60.0), (true, "grace")).await;
        check(&world, &ended(-72.0 * HOUR - 60.0), (false, "subscription-lapsed")).await;
    }
    let unknown = |created| [Subscription { period_end: None, created, ..status("active") }];
    check(&world, &unknown(-72.0 * HOUR + 60.0), (true, "active")).await;
    check(&world, &unknown(-72.0 * HOUR - 60.0), (false, "subscription-lapsed")).await;
}

#[tokio::test]
async fn a_scheduled_end_is_told_however_it_was_scheduled_and_has_no_leeway() {
    let world = World::new().await;
    let at_period_end =
        |end: f64| Subscription { cancel_at_period_end: true, period_end: Some(end), ..status("active") };
    let at = |end: f64| Subscription { cancel_at: Some(end), ..status("active") };
    for ending in [at_period_end(5.0 * DAY), at(5.0 * DAY)] {
        let found = world.status(&[ending]).await;
        assert_eq!((&found["has_access"], &found["reason"]), (&json!(true), &json!("active")));
        check_time(&found["cancel_at"], 5.0 * DAY);
        check_time(&found["entitled_until"], 5.0 * DAY);
    }
    check(&world, &[at_period_end(-60.0)], (false, "subscription-lapsed")).await;
    check(&world, &[at(-60.0)], (false, "subscription-lapsed")).await;
    // The column is the more exact one where both are set.
    let both = Subscription { cancel_at: Some(2.0 * DAY), ..at_period_end(5.0 * DAY) };
    check_time(&world.status(&[both]).await["cancel_at"], 2.0 * DAY);
}

#[tokio::test]
async fn a_due_payment_is_grace_for_seven_days_and_then_required() {
    let world = World::new().await;
    let since = |since: f64| [Subscription { past_due_since: Some(since), ..status("past_due") }];
    let found = world.status(&since(-DAY)).await;
    assert_eq!((&found["has_access"], &found["reason"]), (&json!(true), &json!("grace")));
    assert_eq!(found["status"], "past_due");
    check_time(&found["entitled_until"], 6.0 * DAY);
    check(&world, &since(-7.0 * DAY + 60.0), (true, "grace")).await;
    check(&world, &since(-7.0 * DAY - 60.0), (false, "payment-required")).await;
    check(&world, &[status("past_due")], (false, "payment-required")).await;
}

#[tokio::test]
async fn every_other_status_gives_nothing_and_says_why() {
    let world = World::new().await;
    for (word, reason) in [
        ("canceled", "subscription-lapsed"),
        ("paused", "subscription-lapsed"),
        ("brand_new_status", "subscription-lapsed"),
        ("unpaid", "payment-required"),
        ("incomplete", "payment-required"),
        ("incomplete_expired", "subscription-required"),
    ] {
        check(&world, &[status(word)], (false, reason)).await;
        let found = world.status(&[status(word)]).await;
        assert_eq!((&found["status"], &found["entitled_until"]), (&json!(word), &json!(null)));
    }
    for word in ["active", "trialing", "past_due"] {
        let paused =
            Subscription { pause_behavior: Some("void"), past_due_since: Some(-60.0), ..status(word) };
        check(&world, &[paused], (false, "subscription-lapsed")).await;
    }
}

#[tokio::test]
async fn the_best_of_several_is_told() {
    let world = World::new().await;
    let plan = |plan, word| Subscription { plan: Some(plan), ..status(word) };
    let told = async |subscriptions: &[Subscription]| {
        let found = world.status(subscriptions).await;
        let text = |member: &str| found[member].as_str().unwrap_or_default().to_owned();
        (text("plan"), text("status"), text("reason"))
    };
    let of = |plan: &str, status: &str, reason: &str| (plan.to_owned(), status.to_owned(), reason.to_owned());
    // Access before none, then the highest tier, then the longest.
    assert_eq!(
        told(&[plan("premium", "unpaid"), plan("basic", "active")]).await,
        of("basic", "active", "active")
    );
    assert_eq!(
        told(&[plan("basic", "active"), plan("premium", "trialing")]).await,
        of("premium", "trialing", "trialing")
    );
    let longer = Subscription { period_end: Some(90.0 * DAY), ..plan("basic", "trialing") };
    assert_eq!(told(&[plan("basic", "active"), longer]).await, of("basic", "trialing", "trialing"));
    // Without access what there is to do.
    let ended = [plan("premium", "canceled"), plan("basic", "incomplete_expired")];
    assert_eq!(told(&ended).await, of("premium", "canceled", "subscription-lapsed"));
    let due = [plan("premium", "canceled"), plan("basic", "unpaid")];
    assert_eq!(told(&due).await, of("basic", "unpaid", "payment-required"));
}

#[tokio::test]
async fn a_plan_that_is_gone_is_named_without_a_tier() {
    let world = World::new().await;
    let found = world.status(&[Subscription { plan: Some("retired"), ..status("active") }]).await;
    assert_eq!((&found["plan"], &found["tier"]), (&json!("retired"), &json!(null)));
    let found = world.status(&[Subscription { plan: None, ..status("active") }]).await;
    assert_eq!(
        (&found["has_access"], &found["plan"], &found["tier"]),
        (&json!(true), &json!(null), &json!(null))
    );
}

#[tokio::test]
async fn grace_leeway_and_mode_are_the_operators() {
    let changes = [("PAST_DUE_GRACE_DAYS", "1"), ("RENEWAL_LEEWAY_HOURS", "0"), ("STRIPE_LIVEMODE", "true")];
    let world = World::with(&changes).await;
    let live = |subscription| Subscription { livemode: true, ..subscription };
    let ended = |period_end| live(Subscription { period_end: Some(period_end), ..status("active") });
    check(&world, &[ended(60.0)], (true, "active")).await;
    check(&world, &[ended(-60.0)], (false, "subscription-lapsed")).await;
    let due = |since| live(Subscription { past_due_since: Some(since), ..status("past_due") });
    check(&world, &[due(-DAY + 60.0)], (true, "grace")).await;
    check(&world, &[due(-DAY - 60.0)], (false, "payment-required")).await;
    check(&world, &[status("active")], (false, "subscription-required")).await;
}

#[tokio::test]
async fn no_stored_time_is_too_much() {
    let world = World::new().await;
    let times = ["infinity", "-infinity", "290000-01-01", "4000-01-01 BC", "9999-12-31 23:59:59Z"];
    for time in times {
        for column in ["current_period_end", "cancel_at", "past_due_since", "created_at"] {
            for word in ["active", "past_due"] {
                let person = world.person(&[status(word)]).await;
                let sql =
                    format!("update subscriptions set {column} = '{time}' where user_id = '{}'", person.id);
                world.owner.batch_execute(&sql).await.expect("the column takes it");
                let reply = world.ask(&person).await;
                assert_eq!(reply.status, 200, "{sql}: {}", reply.text());
            }
        }
    }
}
