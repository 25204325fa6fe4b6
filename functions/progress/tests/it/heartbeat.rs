//! What a heartbeat keeps: the place, and the life of the play.

use serde_json::json;
use testkit::{Video, ask};

use crate::stage::{Stage, beat, check_beat};

const UNLIMITED: &str = r#"[{"slug": "basic", "name": "Basic", "price_id": "p", "tier": "basic", "max_streams": 0,
  "amount_minor": 900, "currency": "eur", "interval": "month"}]"#;

#[tokio::test]
async fn a_heartbeat_keeps_the_play_alive_and_tells_how_many_count() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("premium").await, stage.video(Video::default()).await);
    let play = stage.play(&person, video).await;
    stage.silence(play, 170).await;
    check_beat(&stage.beat(&person, video, play).await, 1, 3);
    assert_eq!(stage.owner.count("streams where last_seen_at > now() - interval '60 seconds'").await, 1);
    // Another of theirs counts, somebody else's, a free one, an ended and a silent one do not.
    let second = stage.play(&person, video).await;
    let other = stage.payer("basic").await;
    stage.play(&other, video).await;
    let free = stage.video(Video { access: "free", ..Video::default() }).await;
    stage.play(&person, free).await;
    let (ended, silent) = (stage.play(&person, video).await, stage.play(&person, video).await);
    stage.ends(&person, video, ended).await;
    stage.silence(silent, 181).await;
    check_beat(&stage.beat(&person, video, play).await, 2, 3);
    check_beat(&stage.beat(&person, video, second).await, 2, 3);
}

#[tokio::test]
async fn a_free_title_needs_no_subscription_and_counts_nothing() {
    let stage = Stage::new().await;
    let free = stage.video(Video { access: "free", ..Video::default() }).await;
    let nobody = testkit::Person::new(&stage.owner).await;
    let play = stage.play(&nobody, free).await;
    check_beat(&stage.beat(&nobody, free, play).await, 0, 0);
    // Who pays is told of what counts elsewhere.
    let payer = stage.payer("basic").await;
    let gated = stage.video(Video::default()).await;
    stage.play(&payer, gated).await;
    let play = stage.play(&payer, free).await;
    check_beat(&stage.beat(&payer, free, play).await, 1, 1);
}

#[tokio::test]
async fn a_plan_without_a_limit_says_zero() {
    let stage = Stage::with(&[("PLANS", UNLIMITED)]).await;
    let (person, video) = (stage.payer("basic").await, stage.video(Video::default()).await);
    let mut play = stage.play(&person, video).await;
    for count in 1..=5 {
        check_beat(&stage.beat(&person, video, play).await, count, 0);
        play = stage.play(&person, video).await;
    }
}

#[tokio::test]
async fn the_place_is_kept_from_five_seconds_to_the_end_of_the_title() {
    for (duration, place, kept) in [
        (Some(5400.0), json!(812), Some(812.0)),
        (Some(5400.0), json!(812.5), Some(812.5)),
        (Some(5400.0), json!(812.123_456_7), Some(812.123)),
        (Some(5400.0), json!(0), None),
        (Some(5400.0), json!(-0.0), None),
        (Some(5400.0), json!(4.999), None),
        (Some(5400.0), json!(5), Some(5.0)),
        (Some(5400.0), json!(5400.0), Some(5400.0)),
        (Some(5400.0), json!(5400.1), Some(5400.0)),
        (Some(5400.0), json!(1e300), Some(5400.0)),
        (None, json!(90_000), Some(86_400.0)),
        (Some(-1.0), json!(7), Some(7.0)),
    ] {
        let stage = Stage::new().await;
        let person = stage.payer("basic").await;
        let video = stage.video(Video { duration_seconds: duration, ..Video::default() }).await;
        let play = stage.play(&person, video).await;
        check_beat(&stage.at(&person, video, play, place.clone()).await, 1, 1);
        assert_eq!(stage.place().await, kept, "{place} of {duration:?}");
    }
}

#[tokio::test]
async fn the_last_place_to_arrive_wins_and_the_first_seconds_change_nothing() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("basic").await, stage.video(Video::default()).await);
    let play = stage.play(&person, video).await;
    for (place, kept) in [(100, 100.0), (900, 900.0), (30, 30.0), (0, 30.0), (4, 30.0), (5, 5.0)] {
        stage.owner.run("update watch_progress set updated_at = now() - interval '1 hour'", &[]).await;
        check_beat(&stage.at(&person, video, play, json!(place)).await, 1, 1);
        assert_eq!(stage.place().await, Some(kept));
        let fresh = stage.owner.count("watch_progress where updated_at > now() - interval '1 minute'").await;
        assert_eq!(fresh, i64::from(place >= 5), "{place}");
    }
    assert_eq!(stage.owner.count("watch_progress").await, 1);
}

#[tokio::test]
async fn every_event_is_a_heartbeat_and_the_end_frees_the_place() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("basic").await, stage.video(Video::default()).await);
    let play = stage.play(&person, video).await;
    for event in ["play", "pause", "seek"] {
        check_beat(&ask(&stage.function, beat(&person, video, play, &json!(50), event)).await, 1, 1);
    }
    check_beat(&stage.at(&person, video, play, json!(5000)).await, 1, 1);
    // A lost answer makes a player say it twice.
    for _ in 0..2 {
        let ended = ask(&stage.function, beat(&person, video, play, &json!(5390), "ended")).await;
        check_beat(&ended, 0, 1);
        assert_eq!((stage.live().await, stage.place().await), (0, Some(5390.0)));
    }
    assert_eq!(stage.owner.count("streams where taken_over_at is not null").await, 0);
}

#[tokio::test]
async fn heartbeats_at_once_leave_one_place_and_one_play() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("basic").await, stage.video(Video::default()).await);
    let play = stage.play(&person, video).await;
    let beats = (0..30).map(|number| beat(&person, video, play, &json!(100 + number), "play"));
    for reply in testkit::ask_all(&stage.function, beats).await {
        check_beat(&reply, 1, 1);
    }
    assert_eq!((stage.owner.count("watch_progress").await, stage.owner.count("streams").await), (1, 1));
    assert!(stage.place().await.is_some_and(|place| (100.0..130.0).contains(&place)));
}

#[tokio::test]
async fn each_title_and_each_person_has_a_place_of_their_own() {
    let stage = Stage::new().await;
    let (one, other) = (stage.payer("premium").await, stage.payer("premium").await);
    for video in [stage.video(Video::default()).await, stage.video(Video::default()).await] {
        for person in [&one, &other] {
            let play = stage.play(person, video).await;
            assert_eq!(stage.at(person, video, play, json!(77)).await.status, 200);
        }
    }
    assert_eq!(stage.owner.count("watch_progress").await, 4);
}
