//! Who is stopped at the next heartbeat, and by which word.

use http::{HeaderValue, Method};
use progress::Parts;
use serde_json::json;
use streamly::clock::Clock;
use streamly::ids::{StreamId, VideoId};
use testkit::{Person, Reply, Subscription, Video, ask};

use crate::stage::{Stage, beat, check_beat, parts};

const HOUR: f64 = 3_600.0;
const DAY: f64 = 24.0 * HOUR;

/// Expects this refusal, and that nothing was kept.
async fn check(stage: &Stage, reply: &Reply, status: u16, slug: &str) {
    testkit::replies::check(reply, (status, slug));
    assert_eq!(stage.owner.count("watch_progress").await, 0, "{slug}");
    let fresh = stage.owner.count("streams where last_seen_at > now() - interval '60 seconds'").await;
    assert_eq!(fresh, 0, "{slug}");
}

impl Stage {
    /// A heartbeat of somebody with this subscription, who has watched a members' title until now.
    async fn watched(&self, subscription: Subscription) -> Reply {
        let (person, video) = (self.subscriber(subscription).await, self.video(Video::default()).await);
        let play = self.play(&person, video).await;
        self.silence(play, 100).await;
        self.beat(&person, video, play).await
    }

    /// A payer's play of this title, heard of 100 seconds ago.
    async fn playing(&self, video: Video) -> (Person, VideoId, StreamId) {
        let (person, video) = (self.payer("basic").await, self.video(video).await);
        let play = self.play(&person, video).await;
        self.silence(play, 100).await;
        (person, video, play)
    }
}

#[tokio::test]
async fn a_subscription_that_lapses_stops_a_running_film_at_the_next_heartbeat() {
    let stage = Stage::new().await;
    let (person, video, play) = stage.playing(Video::default()).await;
    check_beat(&stage.beat(&person, video, play).await, 1, 1);
    stage.owner.run("delete from watch_progress", &[]).await;
    stage.owner.run("update subscriptions set status = 'canceled'", &[]).await;
    stage.silence(play, 100).await;
    check(&stage, &stage.beat(&person, video, play).await, 403, "subscription-lapsed").await;
    // And goes on once it is paid for again.
    stage.owner.run("update subscriptions set status = 'active'", &[]).await;
    check_beat(&stage.beat(&person, video, play).await, 1, 1);
}

#[tokio::test]
async fn every_state_of_a_subscription_has_playbacks_word() {
    let base = Subscription::default;
    let lapsed = (403, "subscription-lapsed");
    let due = (403, "payment-required");
    for (subscription, (status, slug)) in [
        (base(), (200, "")),
        (Subscription { status: "trialing", ..base() }, (200, "")),
        (Subscription { period_end: Some(-71.9 * HOUR), ..base() }, (200, "")),
        (Subscription { period_end: Some(-72.1 * HOUR), ..base() }, lapsed),
        (Subscription { status: "trialing", period_end: Some(-72.1 * HOUR), ..base() }, lapsed),
        (Subscription { period_end: Some(60.0), cancel_at_period_end: true, ..base() }, (200, "")),
        (Subscription { period_end: Some(-1.0), cancel_at_period_end: true, ..base() }, lapsed),
        (Subscription { cancel_at: Some(60.0), ..base() }, (200, "")),
        (Subscription { cancel_at: Some(-1.0), ..base() }, lapsed),
        (Subscription { status: "past_due", past_due_since: Some(-6.99 * DAY), ..base() }, (200, "")),
        (Subscription { status: "past_due", past_due_since: Some(-7.01 * DAY), ..base() }, due),
        (Subscription { status: "past_due", ..base() }, due),
        (Subscription { pause_behavior: Some("void"), ..base() }, lapsed),
        (Subscription { status: "paused", ..base() }, lapsed),
        (Subscription { status: "unpaid", ..base() }, due),
        (Subscription { status: "incomplete", ..base() }, due),
        (Subscription { status: "incomplete_expired", ..base() }, (403, "subscription-required")),
        (Subscription { status: "canceled", ..base() }, lapsed),
        (Subscription { status: "brand_new", ..base() }, lapsed),
        (Subscription { livemode: true, ..base() }, (403, "subscription-required")),
    ] {
        let stage = Stage::new().await;
        let described = format!("{subscription:?}");
        let reply = stage.watched(subscription).await;
        assert_eq!(reply.outcome(), (status, slug.to_owned()), "{described}");
        assert_eq!(stage.owner.count("watch_progress").await, i64::from(status == 200), "{described}");
    }
}

#[tokio::test]
async fn a_title_that_moves_up_a_tier_or_behind_a_fence_stops_too() {
    let stage = Stage::with(&[("GEO_COUNTRY_HEADER", "x-country")]).await;
    let (person, video, play) = stage.playing(Video { access: "free", ..Video::default() }).await;
    stage.set(video, "min_tier", "'premium'").await;
    stage.set(video, "access", "'tier'").await;
    let reply = stage.beat(&person, video, play).await;
    check(&stage, &reply, 403, "tier-required").await;
    assert_eq!(reply.json()["required_tier"], "premium");
    let nobody = Person::new(&stage.owner).await;
    let foreign = stage.play(&nobody, video).await;
    stage.silence(foreign, 100).await;
    check(&stage, &stage.beat(&nobody, video, foreign).await, 403, "subscription-required").await;

    stage.set(video, "access", "'members'").await;
    stage.set(video, "allowed_countries", "'{GB}'").await;
    let from = |country: Option<&'static str>| {
        let mut request = beat(&person, video, play, &json!(60), "play");
        if let Some(country) = country {
            request.headers_mut().insert("x-country", HeaderValue::from_static(country));
        }
        // What a client claims of itself counts nothing.
        request.headers_mut().insert("cf-ipcountry", HeaderValue::from_static("GB"));
        ask(&stage.function, request)
    };
    for country in [None, Some("FR"), Some("GBR"), Some("")] {
        check(&stage, &from(country).await, 403, "geo-blocked").await;
    }
    check_beat(&from(Some("GB")).await, 1, 1);
}

#[tokio::test]
async fn without_a_trusted_header_no_country_is_known() {
    let stage = Stage::new().await;
    let (person, video, play) = stage.playing(Video::default()).await;
    stage.set(video, "blocked_countries", "'{FR}'").await;
    let mut request = beat(&person, video, play, &json!(60), "play");
    request.headers_mut().insert("x-country", HeaderValue::from_static("GB"));
    check(&stage, &ask(&stage.function, request).await, 403, "geo-blocked").await;
}

#[tokio::test]
async fn a_title_that_is_withdrawn_is_not_found_but_by_an_administrator() {
    for (column, value, is_there_for_admin) in [
        ("published_at", "null", true),
        ("unpublished_at", "now()", true),
        ("available_until", "now()", true),
        ("available_from", "now() + interval '1 hour'", true),
        ("status", "'errored'", false),
        ("status", "'deleted'", false),
    ] {
        let stage = Stage::new().await;
        let (person, video, play) = stage.playing(Video::default()).await;
        stage.set(video, column, value).await;
        check(&stage, &stage.beat(&person, video, play).await, 404, "video-not-found").await;
        let admin = Person { scope: "user admin".to_owned(), ..person };
        let seen = stage.beat(&admin, video, play).await.status == 200;
        assert_eq!(seen, is_there_for_admin, "{column} = {value}");
    }
}

#[tokio::test]
async fn a_play_of_another_person_or_title_is_not_found_and_not_touched() {
    let stage = Stage::new().await;
    let (person, video, play) = stage.playing(Video::default()).await;
    let (other, other_video, other_play) = stage.playing(Video::default()).await;
    for (who, what, which) in [
        (&person, video, other_play),
        (&other, video, play),
        (&person, other_video, play),
        (&person, video, StreamId::new()),
    ] {
        check(&stage, &stage.beat(who, what, which).await, 404, "not-found").await;
        check(&stage, &stage.ends(who, what, which).await, 404, "not-found").await;
    }
    assert_eq!(stage.owner.count("streams where ended_at is not null").await, 0);
    check(&stage, &stage.beat(&person, VideoId::new(), play).await, 404, "video-not-found").await;
}

#[tokio::test]
async fn a_login_or_an_account_that_has_ended_stops_everything() {
    for end in [
        "update sessions set revoked_at = now()",
        "update sessions set idle_expires_at = now()",
        "update sessions set absolute_expires_at = now()",
        "update users set disabled_at = now()",
        "update users set deleted_at = now()",
    ] {
        let stage = Stage::new().await;
        let (who, video, play) = stage.playing(Video::default()).await;
        stage.owner.run(end, &[]).await;
        check(&stage, &stage.beat(&who, video, play).await, 401, "session-revoked").await;
        for path in ["/v1/continue-watching", "/v1/streams"] {
            testkit::replies::check(&stage.get(path, &who).await, (401, "session-revoked"));
        }
        for id in [play.to_string(), "x".to_owned()] {
            testkit::replies::check(&stage.delete(id, &who).await, (401, "session-revoked"));
        }
        assert_eq!(stage.owner.count("streams where ended_at is not null").await, 0, "{end}");
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_told() {
    let stage = Stage::new().await;
    let (person, video, play) = stage.playing(Video::default()).await;
    let requests = [
        beat(&person, video, play, &json!(60), "play"),
        crate::stage::delete(&person, play),
        testkit::authorized(&person, testkit::get("/v1/streams")),
        testkit::authorized(&person, testkit::get("/v1/continue-watching")),
    ];
    for mut request in requests {
        assert!([Method::PUT, Method::DELETE, Method::GET].contains(request.method()));
        request.headers_mut().remove("authorization");
        check(&stage, &ask(&stage.function, request).await, 401, "missing-token").await;
    }
}

#[tokio::test]
async fn one_caller_cannot_beat_without_end() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("basic").await, stage.video(Video::default()).await);
    let play = stage.play(&person, video).await;
    let clock = Clock::fixed(1_795_395_600);
    let function = progress::routes(Parts { clock, ..parts(&stage.database, &[]) });
    let beats = (0..200).map(|_| beat(&person, video, play, &json!(60), "play"));
    let replies = testkit::ask_all(&function, beats).await;
    let refused: Vec<&Reply> = replies.iter().filter(|reply| reply.status != 200).collect();
    assert_eq!(refused.len(), 140);
    for reply in refused {
        testkit::replies::check(reply, (429, "too-many-requests"));
    }
    // Others are not affected.
    let (other, other_video, other_play) = stage.playing(Video::default()).await;
    let reply = ask(&function, beat(&other, other_video, other_play, &json!(60), "play")).await;
    check_beat(&reply, 1, 1);
}
