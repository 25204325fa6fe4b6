//! Whether a title is there, and whether it plays yet.

use crate::stage::{Stage, claims, outcome};
use testkit::{Person, Video};

const NOT_FOUND: &str = "404 video-not-found";
const GRANTED: &str = "200 full subscription";

/// What a payer and an administrator who pays get of a members title of which this column is this.
async fn check(column: &str, value: &str, viewer: &str, admin: &str) {
    let stage = Stage::new().await;
    let person = stage.payer("premium").await;
    let video = stage.video(Video::default()).await;
    stage.set(video, column, value).await;
    let reply = stage.as_person(video, &person).await;
    assert_eq!(outcome(&reply), viewer, "{column} = {value}");
    assert!(!reply.text().contains("https://") || reply.status == 200, "a refusal holds an address");
    let operator = Person { scope: "user admin".to_owned(), ..person };
    assert_eq!(outcome(&stage.as_person(video, &operator).await), admin, "admin, {column} = {value}");
}

#[tokio::test]
async fn a_title_is_there_from_its_publication_to_its_end() {
    for (column, hides, shows) in [
        ("published_at", "null", "now()"),
        ("published_at", "now() + interval '1 minute'", "now() - interval '1 minute'"),
        ("unpublished_at", "now() - interval '1 minute'", "now() + interval '1 minute'"),
        ("available_from", "now() + interval '1 minute'", "now() - interval '1 minute'"),
        ("available_until", "now() - interval '1 minute'", "now() + interval '1 minute'"),
        ("available_until", "'-infinity'", "'infinity'"),
    ] {
        // An administrator sees it outside its dates, though with the same right to watch.
        check(column, hides, NOT_FOUND, GRANTED).await;
        check(column, shows, GRANTED, GRANTED).await;
    }
}

#[tokio::test]
async fn a_failed_or_deleted_title_is_not_there_for_anyone() {
    check("status", "'errored'", NOT_FOUND, NOT_FOUND).await;
    check("status", "'deleted'", NOT_FOUND, NOT_FOUND).await;
}

#[tokio::test]
async fn a_title_in_preparation_says_when_to_ask_again() {
    let stage = Stage::new().await;
    let person = stage.payer("basic").await;
    for status in ["waiting", "preparing"] {
        let video = stage.video(Video { status, playback_id: None, ..Video::default() }).await;
        let reply = stage.as_person(video, &person).await;
        assert_eq!(outcome(&reply), "409 video-not-ready");
        assert_eq!(reply.header("retry-after"), "30");
        // Who may not watch is told that first.
        assert_eq!(outcome(&stage.anonymously(video).await), "401 missing-token");
    }
    assert_eq!(stage.count("select count(*) from streams").await, 0);
}

#[tokio::test]
async fn an_administrator_needs_a_subscription_like_everyone() {
    let stage = Stage::new().await;
    let operator = Person { scope: "user admin".to_owned(), ..Person::new(&stage.owner).await };
    let video = stage.video(Video::default()).await;
    assert_eq!(outcome(&stage.as_person(video, &operator).await), "403 subscription-required");
}

#[tokio::test]
async fn whoever_may_not_watch_gets_the_preview_where_there_is_one() {
    let stage = Stage::new().await;
    let previewed =
        |access, min_tier| Video { access, min_tier, preview_seconds: Some(120), ..Video::default() };
    let stranger = Person::new(&stage.owner).await;
    let basic = stage.payer("basic").await;
    for video in [previewed("members", None), previewed("tier", Some("premium"))] {
        let members = video.access == "members";
        let video = stage.video(video).await;
        for reply in [stage.anonymously(video).await, stage.as_person(video, &stranger).await] {
            assert_eq!(outcome(&reply), "200 preview preview");
            assert_eq!(claims(&reply, "playback")["asset_end_time"], "120");
            let body = reply.json();
            assert!(body["tokens"]["storyboard"].is_null() && body["storyboard_url"].is_null());
            assert!(body["session_id"].is_null() && body["heartbeat_interval_seconds"].is_null());
            assert!(body["entitlement"]["tier"].is_null() && body["entitlement"]["until"].is_null());
            assert_eq!(body["entitlement"]["grace"], false);
            assert_eq!(body["duration_seconds"], 5400.0);
        }
        let expected = if members { GRANTED } else { "200 preview preview" };
        assert_eq!(outcome(&stage.as_person(video, &basic).await), expected);
    }
    // Only the one full play has a place.
    assert_eq!(stage.count("select count(*) from streams").await, 1);
}

#[tokio::test]
async fn a_preview_of_no_seconds_or_at_cloudflare_is_none() {
    let stage = Stage::with(&crate::stage::cloudflare()).await;
    let none = stage.video(Video { preview_seconds: Some(0), ..Video::default() }).await;
    assert_eq!(outcome(&stage.anonymously(none).await), "401 missing-token");
    let cloudflare = Video { provider: "cloudflare", preview_seconds: Some(120), ..Video::default() };
    let cloudflare = stage.video(cloudflare).await;
    assert_eq!(outcome(&stage.anonymously(cloudflare).await), "401 missing-token");
}
