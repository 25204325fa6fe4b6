//! Who may watch: every state of a subscription against every access of a title.

use crate::stage::{Stage, claims, outcome, seconds};
use testkit::{Person, Subscription, Video};

const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;

fn members() -> Video {
    Video::default()
}

fn tier(min_tier: &'static str) -> Video {
    Video { access: "tier", min_tier: Some(min_tier), ..Video::default() }
}

fn status(status: &'static str) -> Subscription {
    Subscription { status, ..Subscription::default() }
}

/// What somebody with these subscriptions gets of a members title.
async fn check(stage: &Stage, subscriptions: &[Subscription], expected: &str) {
    let person = Person::new(&stage.owner).await;
    for subscription in subscriptions {
        subscription.insert(&stage.owner, &person).await;
    }
    let video = stage.video(members()).await;
    assert_eq!(outcome(&stage.as_person(video, &person).await), expected, "{subscriptions:?}");
}

const GRANTED: &str = "200 full subscription";
const REQUIRED: &str = "403 subscription-required";
const LAPSED: &str = "403 subscription-lapsed";
const PAYMENT: &str = "403 payment-required";

#[tokio::test]
async fn without_a_token_only_free_titles_play_in_full() {
    let stage = Stage::new().await;
    for video in [members(), tier("basic"), tier("premium")] {
        let reply = stage.anonymously(stage.video(video).await).await;
        assert_eq!(outcome(&reply), "401 missing-token");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
    let free = stage.video(Video { access: "free", ..Video::default() }).await;
    let reply = stage.anonymously(free).await;
    assert_eq!(outcome(&reply), "200 full free");
    assert!(reply.json()["session_id"].is_null());
    assert!(reply.json()["heartbeat_interval_seconds"].is_null());
}

#[tokio::test]
async fn a_free_title_plays_for_everyone_who_is_signed_in() {
    let stage = Stage::new().await;
    let free = stage.video(Video { access: "free", ..Video::default() }).await;
    let (stranger, payer) = (Person::new(&stage.owner).await, stage.payer("basic").await);
    for person in [stranger, payer] {
        let reply = stage.as_person(free, &person).await;
        assert_eq!(outcome(&reply), "200 full free");
        assert!(reply.json()["session_id"].is_string());
        // The plan caps what the plan opens, and this is open to all.
        assert!(reply.json()["max_resolution"].is_null());
    }
}

#[tokio::test]
async fn active_and_trialing_grant_until_the_period_and_its_leeway_are_over() {
    let stage = Stage::new().await;
    check(&stage, &[], REQUIRED).await;
    for running in ["active", "trialing"] {
        check(&stage, &[status(running)], GRANTED).await;
        let ended = |period_end| Subscription { period_end: Some(period_end), ..status(running) };
        check(&stage, &[ended(60.0)], GRANTED).await;
        check(&stage, &[ended(-60.0)], GRANTED).await;
        check(&stage, &[ended(-72.0 * HOUR + 60.0)], GRANTED).await;
        check(&stage, &[ended(-72.0 * HOUR - 60.0)], LAPSED).await;
    }
}

#[tokio::test]
async fn an_unknown_period_grants_the_leeway_from_the_rows_creation() {
    let stage = Stage::new().await;
    let made = |created| Subscription { period_end: None, created, ..Subscription::default() };
    check(&stage, &[made(0.0)], GRANTED).await;
    check(&stage, &[made(-72.0 * HOUR + 60.0)], GRANTED).await;
    check(&stage, &[made(-72.0 * HOUR - 60.0)], LAPSED).await;
}

#[tokio::test]
async fn a_scheduled_cancellation_ends_exactly_then() {
    let stage = Stage::new().await;
    let at_period_end = |period_end| Subscription {
        period_end: Some(period_end),
        cancel_at_period_end: true,
        ..Subscription::default()
    };
    check(&stage, &[at_period_end(60.0)], GRANTED).await;
    check(&stage, &[at_period_end(-60.0)], LAPSED).await;
    let at = |cancel_at| Subscription { cancel_at: Some(cancel_at), ..Subscription::default() };
    check(&stage, &[at(60.0)], GRANTED).await;
    check(&stage, &[at(-60.0)], LAPSED).await;
}

#[tokio::test]
async fn past_due_grants_for_the_grace_alone() {
    let stage = Stage::new().await;
    let since = |past_due_since| Subscription { past_due_since, ..status("past_due") };
    check(&stage, &[since(Some(-60.0))], GRANTED).await;
    check(&stage, &[since(Some(-7.0 * DAY + 60.0))], GRANTED).await;
    check(&stage, &[since(Some(-7.0 * DAY - 60.0))], PAYMENT).await;
    check(&stage, &[since(None)], PAYMENT).await;
    let ending = |period_end| Subscription {
        period_end: Some(period_end),
        cancel_at_period_end: true,
        ..since(Some(-60.0))
    };
    check(&stage, &[ending(60.0)], GRANTED).await;
    check(&stage, &[ending(-60.0)], PAYMENT).await;
}

#[tokio::test]
async fn every_other_status_grants_nothing_whatever_its_period() {
    let stage = Stage::new().await;
    check(&stage, &[status("canceled")], LAPSED).await;
    check(&stage, &[status("paused")], LAPSED).await;
    check(&stage, &[status("a_status_of_tomorrow")], LAPSED).await;
    check(&stage, &[status("unpaid")], PAYMENT).await;
    check(&stage, &[status("incomplete")], PAYMENT).await;
    check(&stage, &[status("incomplete_expired")], REQUIRED).await;
}

#[tokio::test]
async fn nothing_is_granted_while_collection_is_paused() {
    let stage = Stage::new().await;
    let paused = |status| Subscription {
        status,
        pause_behavior: Some("void"),
        past_due_since: Some(-60.0),
        ..Subscription::default()
    };
    for running in ["active", "trialing", "past_due"] {
        check(&stage, &[paused(running)], LAPSED).await;
    }
}

#[tokio::test]
async fn any_granting_row_grants_and_else_the_most_pressing_reason_is_told() {
    let stage = Stage::new().await;
    check(&stage, &[status("canceled"), status("unpaid"), status("active")], GRANTED).await;
    check(&stage, &[status("canceled"), status("incomplete_expired")], LAPSED).await;
    check(&stage, &[status("canceled"), status("incomplete")], PAYMENT).await;
    check(&stage, &[status("incomplete_expired"), status("incomplete_expired")], REQUIRED).await;
}

#[tokio::test]
async fn only_the_deployments_mode_of_money_counts() {
    let stage = Stage::new().await;
    let live = || Subscription { livemode: true, ..Subscription::default() };
    check(&stage, &[live()], REQUIRED).await;
    let stage = Stage::with(&[("STRIPE_LIVEMODE", "true")]).await;
    check(&stage, &[live()], GRANTED).await;
    check(&stage, &[status("active")], REQUIRED).await;
}

#[tokio::test]
async fn grace_and_leeway_are_the_operators_to_choose() {
    let stage = Stage::with(&[("PAST_DUE_GRACE_DAYS", "0"), ("RENEWAL_LEEWAY_HOURS", "1")]).await;
    let past_due = Subscription { past_due_since: Some(-60.0), ..status("past_due") };
    check(&stage, &[past_due], PAYMENT).await;
    let ended = |period_end| Subscription { period_end: Some(period_end), ..Subscription::default() };
    check(&stage, &[ended(-3540.0)], GRANTED).await;
    check(&stage, &[ended(-3660.0)], LAPSED).await;
}

#[tokio::test]
async fn a_tier_opens_itself_and_what_is_below() {
    let stage = Stage::new().await;
    let (basic, premium) = (stage.payer("basic").await, stage.payer("premium").await);
    let for_basic = stage.video(tier("basic")).await;
    let for_premium = stage.video(tier("premium")).await;
    assert_eq!(outcome(&stage.as_person(for_basic, &basic).await), GRANTED);
    assert_eq!(outcome(&stage.as_person(for_basic, &premium).await), GRANTED);
    assert_eq!(outcome(&stage.as_person(for_premium, &premium).await), GRANTED);
    let refused = stage.as_person(for_premium, &basic).await;
    assert_eq!(outcome(&refused), "403 tier-required");
    assert_eq!(refused.json()["required_tier"], "premium");
    // Without any subscription the tier is not what is lacking.
    let stranger = Person::new(&stage.owner).await;
    assert_eq!(outcome(&stage.as_person(for_premium, &stranger).await), REQUIRED);
}

#[tokio::test]
async fn the_highest_of_several_subscriptions_counts() {
    let stage = Stage::new().await;
    let person = stage.payer("premium").await;
    let longer = Subscription { period_end: Some(300.0 * DAY), ..Subscription::default() };
    longer.insert(&stage.owner, &person).await;
    let video = stage.video(tier("premium")).await;
    let reply = stage.as_person(video, &person).await;
    assert_eq!(outcome(&reply), GRANTED);
    assert_eq!(reply.json()["entitlement"]["tier"], "premium");
}

#[tokio::test]
async fn a_tier_that_no_plan_has_refuses_everyone() {
    let stage = Stage::new().await;
    let person = stage.payer("premium").await;
    let refused = stage.as_person(stage.video(tier("gold")).await, &person).await;
    assert_eq!(outcome(&refused), "403 tier-required");
    assert_eq!(refused.json()["required_tier"], "gold");
}

#[tokio::test]
async fn a_plan_that_is_no_longer_known_opens_members_titles_with_the_tightest_caps() {
    let stage = Stage::new().await;
    for plan in [None, Some("retired")] {
        let person = stage.subscriber(Subscription { plan, ..Subscription::default() }).await;
        let reply = stage.as_person(stage.video(members()).await, &person).await;
        assert_eq!(outcome(&reply), GRANTED);
        assert!(reply.json()["entitlement"]["tier"].is_null());
        assert_eq!(reply.json()["max_resolution"], "720p");
        let second = stage.as_person(stage.video(members()).await, &person).await;
        assert_eq!(outcome(&second), "409 stream-limit-reached");
        let refused = stage.as_person(stage.video(tier("basic")).await, &person).await;
        assert_eq!(outcome(&refused), "403 tier-required");
    }
}

#[tokio::test]
async fn the_entitlement_says_until_when_and_whether_it_lives_on_grace() {
    let stage = Stage::new().await;
    let video = stage.video(members()).await;
    let entitlement = |subscription: Subscription| async {
        let person = stage.subscriber(subscription).await;
        let reply = stage.as_person(video, &person).await;
        assert_eq!(outcome(&reply), GRANTED);
        let body = reply.json();
        let until = seconds(&body["entitlement"]["until"]) - stage.now;
        (until, body["entitlement"]["grace"].as_bool().expect("a boolean"))
    };
    let near = |(until, grace): (i64, bool), expected: i64, late: bool| {
        assert!((expected - 5..=expected + 30).contains(&until), "{until} is not near {expected}");
        assert_eq!(grace, late);
    };
    near(entitlement(Subscription::default()).await, 23 * 86_400, false);
    let late = Subscription { period_end: Some(-HOUR), ..Subscription::default() };
    near(entitlement(late).await, 71 * 3600, true);
    let ending = Subscription { cancel_at_period_end: true, ..Subscription::default() };
    near(entitlement(ending).await, 20 * 86_400, false);
    let past_due = Subscription { past_due_since: Some(-DAY), ..status("past_due") };
    near(entitlement(past_due).await, 6 * 86_400, true);
    // However far away the date is, it stays readable.
    let far = Subscription { period_end: Some(1e12), ..Subscription::default() };
    let (until, _) = entitlement(far).await;
    assert!((3650 * 86_400..3660 * 86_400).contains(&until), "{until}");
}

#[tokio::test]
async fn a_token_ends_with_the_right_to_watch_but_never_within_ten_minutes() {
    let stage = Stage::new().await;
    let video = stage.video(members()).await;
    let life = |cancel_at| {
        let stage = &stage;
        async move {
            let subscription = Subscription { cancel_at: Some(cancel_at), ..Subscription::default() };
            let person = stage.subscriber(subscription).await;
            claims(&stage.as_person(video, &person).await, "playback")["exp"].as_i64().expect("a number")
                - stage.now
        }
    };
    assert_eq!(life(20_000.0).await, 11_700);
    let an_hour = life(HOUR).await;
    assert!((3595..=3630).contains(&an_hour), "{an_hour}");
    assert_eq!(life(60.0).await, 600);
}

#[tokio::test]
async fn what_was_revoked_is_refused_at_the_next_call() {
    let stage = Stage::new().await;
    let person = stage.payer("basic").await;
    let video = stage.video(members()).await;
    assert_eq!(outcome(&stage.as_person(video, &person).await), GRANTED);
    stage
        .execute("update subscriptions set status = 'canceled' where user_id = $1", &[&person.id.uuid()])
        .await;
    assert_eq!(outcome(&stage.as_person(video, &person).await), LAPSED);
}
