//! What plays now, and the end of one of these from elsewhere.

use serde_json::{Value, json};
use streamly::ids::StreamId;
use testkit::{Person, Video};

use crate::stage::Stage;

const STREAMS: &str = "/v1/streams";

impl Stage {
    async fn streams(&self, person: &Person) -> (Vec<String>, Value) {
        let reply = self.get(STREAMS, person).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let body = reply.json();
        let list = body["streams"].as_array().expect("a list");
        let ids = list.iter().map(|stream| stream["id"].as_str().expect("an id").to_owned()).collect();
        (ids, body["max"].clone())
    }
}

#[tokio::test]
async fn listed_is_what_counts_of_the_callers_own_the_oldest_first() {
    let stage = Stage::new().await;
    let (person, other) = (stage.payer("premium").await, stage.payer("basic").await);
    let video = stage.video(Video { title: "The Loom", ..Video::default() }).await;
    let free = stage.video(Video { access: "free", ..Video::default() }).await;
    assert_eq!(stage.get(STREAMS, &person).await.json(), json!({"streams": [], "max": 3}));
    let first = stage.play(&person, video).await;
    let second = stage.play(&person, video).await;
    stage.play(&person, free).await;
    stage.play(&other, video).await;
    let silent = stage.play(&person, video).await;
    stage.silence(silent, 181).await;
    let ended = stage.play(&person, video).await;
    stage.ends(&person, video, ended).await;
    let (ids, max) = stage.streams(&person).await;
    assert_eq!((ids, max), (vec![first.to_string(), second.to_string()], json!(3)));
    stage.silence(silent, 175).await;
    assert_eq!(stage.streams(&person).await.0.len(), 3);
    let body = stage.get(STREAMS, &person).await.json();
    let stream = body["streams"][0].as_object().expect("an object");
    assert_eq!((&stream["video_id"], &stream["title"]), (&json!(video.to_string()), &json!("The Loom")));
    assert_eq!((&stream["device"], stream.len()), (&json!("Firefox on Linux"), 6));
}

#[tokio::test]
async fn the_limit_is_that_of_the_subscription_and_zero_without_one() {
    let stage = Stage::new().await;
    for (plan, max) in [("basic", 1), ("premium", 3), ("retired", 1)] {
        assert_eq!(stage.streams(&stage.payer(plan).await).await.1, json!(max), "{plan}");
    }
    let nobody = Person::new(&stage.owner).await;
    assert_eq!(stage.streams(&nobody).await, (Vec::new(), json!(0)));
}

#[tokio::test]
async fn a_play_is_ended_once_and_then_not_found() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("premium").await, stage.video(Video::default()).await);
    let (play, stays) = (stage.play(&person, video).await, stage.play(&person, video).await);
    testkit::replies::check(&stage.delete(play.to_string().to_uppercase(), &person).await, (204, ""));
    assert_eq!(stage.streams(&person).await.0, [stays.to_string()]);
    assert_eq!(
        stage.owner.count("streams where ended_at is not null and taken_over_at is not null").await,
        1
    );
    testkit::replies::check(&stage.delete(play, &person).await, (404, "not-found"));
    // One that its player ended is over; one that went silent may still come back, so it can be ended.
    let (ended, silent) = (stage.play(&person, video).await, stage.play(&person, video).await);
    stage.ends(&person, video, ended).await;
    stage.silence(silent, 181).await;
    testkit::replies::check(&stage.delete(ended, &person).await, (404, "not-found"));
    testkit::replies::check(&stage.delete(silent, &person).await, (204, ""));
}

#[tokio::test]
async fn another_persons_play_and_what_is_none_are_not_found() {
    let stage = Stage::new().await;
    let (person, other) = (stage.payer("basic").await, stage.payer("basic").await);
    let video = stage.video(Video::default()).await;
    let foreign = stage.play(&other, video).await;
    for id in [
        foreign.to_string(),
        StreamId::new().to_string(),
        foreign.uuid().simple().to_string(),
        "x".to_owned(),
        "%00".to_owned(),
        "1%20OR%201=1".to_owned(),
        "..%2F..%2Fetc".to_owned(),
    ] {
        testkit::replies::check(&stage.delete(&id, &person).await, (404, "not-found"));
    }
    assert_eq!(stage.live().await, 1);
}

#[tokio::test]
async fn of_takeovers_at_once_one_ends_it() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("basic").await, stage.video(Video::default()).await);
    let play = stage.play(&person, video).await;
    let requests = (0..20).map(|_| crate::stage::delete(&person, play));
    let replies = testkit::ask_all(&stage.function, requests).await;
    let expected = testkit::replies::counts([((204, ""), 1), ((404, "not-found"), 19)]);
    assert_eq!(testkit::replies::outcomes(&replies), expected);
}
