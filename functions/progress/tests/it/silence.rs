//! Plays that went silent, ended or were taken over, and come back.

use serde_json::json;
use streamly::ids::StreamId;
use testkit::{Reply, Video, ask_all};

use crate::stage::{Stage, beat, check_beat, delete};

#[track_caller]
fn check_gone(reply: &Reply) {
    testkit::replies::check(reply, (410, "stream-taken-over"));
}

#[tokio::test]
async fn a_play_that_was_silent_goes_on_while_there_is_room() {
    for (change, other_is_live, goes_on) in [
        ("last_seen_at = now() - interval '175 seconds'", true, true),
        ("last_seen_at = now() - interval '181 seconds'", false, true),
        ("last_seen_at = now() - interval '181 seconds'", true, false),
        ("last_seen_at = now() - interval '30 days'", false, true),
        ("ended_at = now()", false, true),
        ("ended_at = now()", true, false),
    ] {
        let stage = Stage::new().await;
        let (person, video) = (stage.payer("basic").await, stage.video(Video::default()).await);
        let play = stage.play(&person, video).await;
        stage.owner.run(&format!("update streams set {change}"), &[]).await;
        let second = stage.play(&person, video).await;
        if !other_is_live {
            stage.silence(second, 181).await;
        }
        let reply = stage.at(&person, video, play, json!(700)).await;
        let place = stage.place().await;
        if goes_on {
            check_beat(&reply, 1 + i64::from(other_is_live), 1);
            assert_eq!(place, Some(700.0), "{change}");
            let live = stage
                .owner
                .count("streams where ended_at is null and last_seen_at > now() - interval '60 seconds'");
            assert_eq!(live.await, 1 + i64::from(other_is_live), "{change}");
        } else {
            check_gone(&reply);
            assert_eq!((place, stage.live().await), (None, 1), "{change}");
        }
    }
}

#[tokio::test]
async fn a_silent_play_of_a_free_title_needs_no_room() {
    let stage = Stage::new().await;
    let person = stage.payer("basic").await;
    let gated = stage.video(Video::default()).await;
    stage.play(&person, gated).await;
    let free = stage.video(Video { access: "free", ..Video::default() }).await;
    let play = stage.play(&person, free).await;
    stage.silence(play, 1_000).await;
    check_beat(&stage.beat(&person, free, play).await, 1, 1);
}

#[tokio::test]
async fn a_play_that_was_taken_over_is_gone_for_good() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("premium").await, stage.video(Video::default()).await);
    let play = stage.play(&person, video).await;
    assert_eq!(stage.delete(play, &person).await.status, 204);
    for _ in 0..2 {
        check_gone(&stage.beat(&person, video, play).await);
        check_gone(&stage.ends(&person, video, play).await);
    }
    assert_eq!((stage.live().await, stage.place().await), (0, None));
}

#[tokio::test]
async fn silent_plays_that_come_back_at_once_get_exactly_the_places_that_there_are() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("premium").await, stage.video(Video::default()).await);
    let mut plays = Vec::new();
    for _ in 0..20 {
        plays.push(stage.play(&person, video).await);
    }
    stage.owner.run("update streams set last_seen_at = now() - interval '1 hour'", &[]).await;
    let beats = plays.iter().map(|play| beat(&person, video, *play, &json!(60), "play"));
    let replies = ask_all(&stage.function, beats).await;
    let kept = replies.iter().filter(|reply| reply.status == 200).count();
    let gone =
        replies.iter().filter(|reply| reply.outcome() == (410, "stream-taken-over".to_owned())).count();
    assert_eq!((kept, gone, stage.live().await), (3, 17, 3));
    // Instances share the limit.
    stage.owner.run("update streams set last_seen_at = now() - interval '1 hour'", &[]).await;
    let others: Vec<_> =
        (0..3).map(|_| progress::routes(crate::stage::parts(&stage.database, &[]))).collect();
    let mut calls = Vec::new();
    for (play, function) in plays.iter().zip(others.iter().cycle()) {
        let (function, request) = (function.clone(), beat(&person, video, *play, &json!(60), "play"));
        calls.push(tokio::spawn(async move { testkit::ask(&function, request).await }));
    }
    let mut kept = 0;
    for call in calls {
        kept += i64::from(call.await.expect("no panic").status == 200);
    }
    assert_eq!((kept, stage.live().await), (3, 3));
}

#[tokio::test]
async fn one_silent_play_that_is_heard_of_many_times_at_once_comes_back_once() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("basic").await, stage.video(Video::default()).await);
    let play = stage.play(&person, video).await;
    stage.silence(play, 1_000).await;
    let beats = (0..20).map(|_| beat(&person, video, play, &json!(60), "play"));
    for reply in ask_all(&stage.function, beats).await {
        check_beat(&reply, 1, 1);
    }
}

#[tokio::test]
async fn a_heartbeat_never_undoes_a_takeover_that_comes_at_the_same_time() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("premium").await, stage.video(Video::default()).await);
    for silent in [false, true, false, true] {
        let play: StreamId = stage.play(&person, video).await;
        if silent {
            stage.silence(play, 1_000).await;
        }
        let requests = (0..12).map(|number| {
            if number % 3 == 1 {
                delete(&person, play)
            } else {
                beat(&person, video, play, &json!(60), "play")
            }
        });
        let replies = ask_all(&stage.function, requests).await;
        let taken = replies.iter().filter(|reply| reply.status == 204).count();
        assert_eq!(taken, 1);
        check_gone(&stage.beat(&person, video, play).await);
        assert_eq!(stage.live().await, 0);
    }
}

#[tokio::test]
async fn a_smaller_plan_lets_go_on_what_plays_and_nothing_come_back() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("premium").await, stage.video(Video::default()).await);
    let plays = [stage.play(&person, video).await, stage.play(&person, video).await];
    stage.owner.run("update subscriptions set plan = 'basic'", &[]).await;
    for play in plays {
        check_beat(&stage.beat(&person, video, play).await, 2, 1);
    }
    stage.silence(plays[0], 181).await;
    check_gone(&stage.beat(&person, video, plays[0]).await);
}
