//! Plays: counted where the plan has a limit, kept when they are refreshed, never more at once than may be.

use crate::stage::{Stage, outcome, path, signed_in};
use functions_framework::Request;
use http::{HeaderValue, header};
use serde_json::Value;
use std::collections::BTreeSet;
use streamly::ids::{StreamId, VideoId};
use testkit::{Person, Reply, Video, ask};

const FULL: &str = "409 stream-limit-reached";
const GRANTED: &str = "200 full subscription";

fn session(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["session_id"].as_str().expect("a session").to_owned()
}

impl Stage {
    fn refresh(&self, video: VideoId, person: &Person, session: &str) -> Request {
        signed_in(&format!("{}?session_id={session}", path(video)), person, self.now)
    }

    async fn refreshed(&self, video: VideoId, person: &Person, session: &str) -> Reply {
        ask(&self.function, self.refresh(video, person, session)).await
    }

    async fn live(&self) -> i64 {
        self.count("select count(*) from streams where ended_at is null and last_seen_at > now() - interval '180 seconds'")
            .await
    }
}

#[tokio::test]
async fn as_many_play_as_the_plan_allows() {
    let stage = Stage::new().await;
    let person = stage.payer("premium").await;
    let video = stage.video(Video::default()).await;
    for _ in 0..3 {
        assert_eq!(outcome(&stage.as_person(video, &person).await), GRANTED);
    }
    assert_eq!(outcome(&stage.as_person(video, &person).await), FULL);
    assert_eq!(stage.live().await, 3);
    // Another person has a count of their own.
    let other = stage.payer("basic").await;
    assert_eq!(outcome(&stage.as_person(video, &other).await), GRANTED);
}

#[tokio::test]
async fn a_plan_without_a_limit_counts_nothing() {
    let plans = r#"[{"slug": "basic", "name": "Basic", "price_id": "p", "tier": "basic", "max_streams": 0,
                     "amount_minor": 900, "currency": "eur", "interval": "month"}]"#;
    let stage = Stage::with(&[("PLANS", plans)]).await;
    let person = stage.payer("basic").await;
    let video = stage.video(Video::default()).await;
    let mut sessions = BTreeSet::new();
    for _ in 0..5 {
        sessions.insert(session(&stage.as_person(video, &person).await));
    }
    assert_eq!((sessions.len(), stage.live().await), (5, 5));
}

#[tokio::test]
async fn calls_at_once_get_exactly_as_many_places_as_there_are() {
    let stage = Stage::with(&[("DATABASE_POOL_SIZE", "20")]).await;
    let person = stage.payer("premium").await;
    let video = stage.video(Video::default()).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let (function, request) = (stage.function.clone(), stage.request(&path(video), &person));
        calls.spawn(async move { ask(&function, request).await });
    }
    let outcomes: Vec<String> = calls.join_all().await.iter().map(outcome).collect();
    let granted = outcomes.iter().filter(|outcome| *outcome == GRANTED).count();
    let full = outcomes.iter().filter(|outcome| *outcome == FULL).count();
    assert_eq!((granted, full), (3, 27), "{outcomes:?}");
    assert_eq!(stage.count("select count(*) from streams").await, 3);
}

#[tokio::test]
async fn instances_share_the_limit() {
    let stage = Stage::new().await;
    let person = stage.payer("premium").await;
    let video = stage.video(Video::default()).await;
    let instances: Vec<_> = (0..4).map(|_| stage.another(&[], stage.now)).collect();
    let mut calls = tokio::task::JoinSet::new();
    for instance in instances.iter().cycle().take(12) {
        let (function, request) = (instance.clone(), stage.request(&path(video), &person));
        calls.spawn(async move { ask(&function, request).await });
    }
    let granted = calls.join_all().await.iter().filter(|reply| reply.status == 200).count();
    assert_eq!((granted, stage.live().await), (3, 3));
}

#[tokio::test]
async fn a_refresh_keeps_its_play_and_takes_no_second_place() {
    let stage = Stage::new().await;
    let person = stage.payer("basic").await;
    let video = stage.video(Video::default()).await;
    let first = session(&stage.as_person(video, &person).await);
    let back = "update streams set last_seen_at = now() - interval '100 seconds'";
    stage.execute(back, &[]).await;
    for _ in 0..10 {
        assert_eq!(session(&stage.refreshed(video, &person, &first).await), first);
        assert_eq!(session(&stage.refreshed(video, &person, &first.to_uppercase()).await), first);
    }
    let fresh = "select count(*) from streams where last_seen_at > now() - interval '60 seconds'";
    assert_eq!((stage.count("select count(*) from streams").await, stage.count(fresh).await), (1, 1));
    // Refreshes at once neither.
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (function, request) = (stage.function.clone(), stage.refresh(video, &person, &first));
        calls.spawn(async move { ask(&function, request).await });
    }
    assert!(calls.join_all().await.iter().all(|reply| session(reply) == first));
    assert_eq!(stage.count("select count(*) from streams").await, 1);
}

#[tokio::test]
async fn a_session_that_is_not_a_live_one_of_this_person_and_title_counts_as_absent() {
    let stage = Stage::new().await;
    let video = stage.video(Video::default()).await;
    let other_video = stage.video(Video::default()).await;
    let (person, other) = (stage.payer("premium").await, stage.payer("premium").await);
    let foreign = session(&stage.as_person(video, &other).await);
    let elsewhere = session(&stage.as_person(other_video, &person).await);
    let unknown = StreamId::new().to_string();
    let mut opened = BTreeSet::new();
    for named in [&foreign, &unknown] {
        let reply = stage.refreshed(video, &person, named).await;
        opened.insert(session(&reply));
        assert_ne!(session(&reply), *named);
    }
    assert_eq!(opened.len(), 2);
    // Three of three are taken now, and the play of another title does not pass for one of this.
    assert_eq!(outcome(&stage.refreshed(video, &person, &elsewhere).await), FULL);
    // The other person's play is untouched by the attempt.
    assert_eq!(session(&stage.refreshed(video, &other, &foreign).await), foreign);
}

#[tokio::test]
async fn an_ended_or_silent_play_gives_its_place_back() {
    for (change, free) in [
        ("update streams set last_seen_at = now() - interval '175 seconds'", false),
        ("update streams set last_seen_at = now() - interval '181 seconds'", true),
        ("update streams set ended_at = now()", true),
        ("update streams set ended_at = now(), taken_over_at = now()", true),
    ] {
        let stage = Stage::new().await;
        let person = stage.payer("basic").await;
        let video = stage.video(Video::default()).await;
        let first = session(&stage.as_person(video, &person).await);
        stage.execute(change, &[]).await;
        let reply = stage.as_person(video, &person).await;
        assert_eq!(outcome(&reply), if free { GRANTED } else { FULL }, "{change}");
        if free {
            assert_ne!(session(&reply), first);
            // The former player does not come back by its old name.
            assert_eq!(outcome(&stage.refreshed(video, &person, &first).await), FULL, "{change}");
        }
    }
}

#[tokio::test]
async fn free_titles_and_previews_count_nothing() {
    let stage = Stage::new().await;
    let person = stage.payer("basic").await;
    let gated = stage.video(Video::default()).await;
    let free = stage.video(Video { access: "free", ..Video::default() }).await;
    let preview =
        Video { access: "tier", min_tier: Some("premium"), preview_seconds: Some(60), ..Video::default() };
    let preview = stage.video(preview).await;
    for _ in 0..3 {
        assert_eq!(outcome(&stage.as_person(free, &person).await), "200 full free");
        assert_eq!(outcome(&stage.as_person(preview, &person).await), "200 preview preview");
    }
    assert_eq!(outcome(&stage.as_person(gated, &person).await), GRANTED);
    assert_eq!(outcome(&stage.as_person(free, &person).await), "200 full free");
    assert_eq!(outcome(&stage.as_person(gated, &person).await), FULL);
    assert_eq!(stage.live().await, 5);
}

#[tokio::test]
async fn a_full_limit_lists_the_callers_own_plays() {
    let stage = Stage::new().await;
    let (person, other) = (stage.payer("basic").await, stage.payer("basic").await);
    let video = stage.video(Video::default()).await;
    let free = stage.video(Video { access: "free", ..Video::default() }).await;
    stage.as_person(free, &person).await;
    stage.as_person(video, &other).await;
    let mut request = stage.request(&path(video), &person);
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
    request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(agent));
    let playing = session(&ask(&stage.function, request).await);
    let reply = stage.as_person(video, &person).await;
    assert_eq!(outcome(&reply), FULL);
    let body = reply.json();
    let [active] = &body["active_streams"].as_array().expect("a list")[..] else {
        panic!("one play: {body}")
    };
    assert_eq!(active["id"], playing);
    assert_eq!(active["video_id"], video.to_string());
    assert_eq!(active["title"], "A film");
    assert_eq!(active["device"], "Firefox on Linux");
    for time in ["started_at", "last_seen_at"] {
        assert!((crate::stage::seconds(&active[time]) - stage.now).abs() < 60);
    }
    assert_eq!(active.as_object().map(serde_json::Map::len), Some(6));
}

#[tokio::test]
async fn a_play_without_a_user_agent_has_no_device() {
    let stage = Stage::new().await;
    let person = stage.payer("basic").await;
    let video = stage.video(Video::default()).await;
    session(&stage.as_person(video, &person).await);
    let body = stage.as_person(video, &person).await.json();
    assert_eq!(body["active_streams"][0]["device"], Value::Null);
}

#[tokio::test]
async fn after_a_takeover_the_next_play_has_the_place() {
    let stage = Stage::new().await;
    let person = stage.payer("basic").await;
    let video = stage.video(Video::default()).await;
    let first = session(&stage.as_person(video, &person).await);
    let refused = stage.as_person(video, &person).await;
    assert_eq!(refused.json()["active_streams"][0]["id"], first);
    let end = "update streams set ended_at = now(), taken_over_at = now() where id::text = $1";
    stage.execute(end, &[&first]).await;
    assert_eq!(outcome(&stage.as_person(video, &person).await), GRANTED);
}
