//! What somebody may go on with.

use serde_json::{Value, json};
use streamly::ids::VideoId;
use testkit::{Person, Video};

use crate::stage::Stage;

const GO_ON: &str = "/v1/continue-watching";

impl Stage {
    /// Somebody stopped in a title so many seconds from its start, so many seconds ago.
    async fn stopped(&self, person: &Person, video: VideoId, place: f64, ago: f64) {
        let insert = "
            insert into watch_progress (user_id, video_id, position_seconds, updated_at)
            values ($1, $2, $3::float8::numeric, now() - make_interval(secs => $4))";
        self.owner.run(insert, &[&person.id.uuid(), &video.uuid(), &place, &ago]).await;
    }

    async fn to_go_on(&self, person: &Person) -> Vec<Value> {
        let reply = self.get(GO_ON, person).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.header("cache-control"), "no-store");
        reply.json()["videos"].as_array().expect("a list").clone()
    }
}

#[tokio::test]
async fn a_title_is_gone_on_with_from_a_twentieth_to_nine_tenths() {
    let stage = Stage::new().await;
    let person = stage.payer("basic").await;
    for (duration, place, is_there) in [
        (Some(5400.0), 269.9, false),
        (Some(5400.0), 270.0, true),
        (Some(5400.0), 2700.0, true),
        (Some(5400.0), 4860.0, true),
        (Some(5400.0), 4860.1, false),
        (Some(5400.0), 5400.0, false),
        (Some(299.9), 100.0, false),
        (Some(300.0), 100.0, true),
        (Some(86_400.0), 20_000.0, true),
        (Some(86_401.0), 20_000.0, false),
        (Some(-1.0), 100.0, false),
        (None, 100.0, false),
    ] {
        let video = stage.video(Video { duration_seconds: duration, ..Video::default() }).await;
        stage.stopped(&person, video, place, 0.0).await;
        let found = stage.to_go_on(&person).await;
        assert_eq!(found.len(), usize::from(is_there), "{place} of {duration:?}");
        stage.owner.run("delete from watch_progress", &[]).await;
    }
}

#[tokio::test]
async fn the_latest_comes_first_and_fifty_at_most() {
    let stage = Stage::new().await;
    let person = stage.payer("basic").await;
    let mut made = Vec::new();
    for number in 0..51u8 {
        let video = stage.video(Video::default()).await;
        stage.stopped(&person, video, 1000.0, 60.0 * f64::from(number)).await;
        made.push(video.to_string());
    }
    let found = stage.to_go_on(&person).await;
    let ids: Vec<&str> = found.iter().map(|begun| begun["video"]["id"].as_str().expect("an id")).collect();
    assert_eq!(ids, made[..50]);
}

#[tokio::test]
async fn a_title_that_is_not_shown_any_more_is_left_out() {
    let stage = Stage::new().await;
    let person = stage.payer("basic").await;
    for (column, value, is_there) in [
        ("status", "'ready'", true),
        ("status", "'errored'", false),
        ("status", "'deleted'", false),
        ("published_at", "null", false),
        ("unpublished_at", "now()", false),
        ("available_until", "now()", false),
        ("available_from", "now() + interval '1 minute'", false),
    ] {
        let video = stage.video(Video::default()).await;
        stage.stopped(&person, video, 1000.0, 0.0).await;
        stage.set(video, column, value).await;
        assert_eq!(stage.to_go_on(&person).await.len(), usize::from(is_there), "{column} = {value}");
        stage.owner.run("delete from watch_progress", &[]).await;
    }
}

#[tokio::test]
async fn everyone_goes_on_with_their_own_and_is_told_exactly_this() {
    let stage = Stage::new().await;
    let (person, other) = (stage.payer("basic").await, Person::new(&stage.owner).await);
    let playback_id = Some("PLAYBACKid1".to_owned());
    let video = stage.video(Video { title: "The Loom", playback_id, ..Video::default() }).await;
    let play = stage.play(&person, video).await;
    assert_eq!(stage.at(&person, video, play, json!(812.5)).await.status, 200);
    assert!(stage.to_go_on(&other).await.is_empty());
    let [begun] = &stage.to_go_on(&person).await[..] else { panic!("one title") };
    assert_eq!(
        (&begun["position_seconds"], begun.as_object().map(serde_json::Map::len)),
        (&json!(812.5), Some(3))
    );
    assert!(begun["updated_at"].as_str().is_some_and(|time| time.ends_with('Z')));
    let mut shown = begun["video"].clone();
    let poster = shown["poster_url"].as_str().expect("a poster").to_owned();
    assert!(poster.starts_with("https://image.mux.com/PLAYBACKid1/thumbnail.webp?token=eyJ"), "{poster}");
    shown["poster_url"] = Value::Null;
    shown["published_at"] = Value::Null;
    let expected = json!({
        "id": video.to_string(), "title": "The Loom", "description": null, "duration_seconds": 5400.0,
        "aspect_ratio": null, "access": "members", "min_tier": null, "preview_seconds": null, "status": "ready",
        "poster_url": null, "published_at": null,
    });
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn a_list_of_posters_is_signed_once() {
    let stage = Stage::new().await;
    let person = stage.payer("basic").await;
    for _ in 0..5 {
        let video = stage.video(Video::default()).await;
        stage.stopped(&person, video, 1000.0, 0.0).await;
    }
    let parts = crate::stage::parts(&stage.database, &[]);
    let signatures = parts.providers.mux.as_ref().expect("it is on").signatures().clone();
    let function = progress::routes(parts);
    for _ in 0..3 {
        let reply = testkit::ask(&function, testkit::authorized(&person, testkit::get(GO_ON))).await;
        assert_eq!(reply.json()["videos"].as_array().map(Vec::len), Some(5));
        assert_eq!(signatures.count(), 5);
    }
}
