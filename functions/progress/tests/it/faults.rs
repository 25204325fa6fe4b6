//! The database fails: one answer while it is away, the right one when it is back, and not a word of it.

use functions_framework::Request;
use http::Method;
use progress::Parts;
use serde_json::json;
use streamly::db::Pool;
use streamly::ids::{StreamId, VideoId};
use testkit::{Person, Proxy, Video, ask, authorized, get};

use crate::stage::{Stage, beat, check_beat, delete, parts};

/// A question to each route; the last may be asked with success once.
fn questions(person: &Person, video: VideoId, play: StreamId) -> [Request; 4] {
    [
        beat(person, video, play, &json!(60), "play"),
        authorized(person, get("/v1/streams")),
        authorized(person, get("/v1/continue-watching")),
        delete(person, play),
    ]
}

#[tokio::test]
async fn while_the_database_is_away_the_answer_says_so() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("basic").await, stage.video(Video::default()).await);
    let play = stage.play(&person, video).await;
    let proxy = Proxy::start(&stage.database).await.expect("a proxy");
    let pool =
        Pool::new(proxy.url("progress").parse().expect("an address"), None, "2".parse().expect("a size"));
    let function = progress::routes(Parts { pool, ..parts(&stage.database, &[]) });
    check_beat(&ask(&function, beat(&person, video, play, &json!(60), "play")).await, 1, 1);
    for _ in 0..2 {
        proxy.cut();
        for question in questions(&person, video, play) {
            let reply = ask(&function, question).await;
            testkit::replies::check(&reply, (503, "unavailable"));
            assert!(!reply.text().contains("127.0.0.1"), "{}", reply.text());
        }
        proxy.restore();
        check_beat(&ask(&function, beat(&person, video, play, &json!(60), "play")).await, 1, 1);
    }
    for question in questions(&person, video, play) {
        let is_end = question.method() == Method::DELETE;
        assert_eq!(ask(&function, question).await.status, if is_end { 204 } else { 200 });
    }
}

#[tokio::test]
async fn a_defect_of_ours_is_told_without_a_word_of_the_database() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("basic").await, stage.video(Video::default()).await);
    let play = stage.play(&person, video).await;
    let poison = "
        alter table sessions rename column idle_expires_at to poison";
    stage.owner.batch_execute(poison).await.expect("the owner may");
    for question in questions(&person, video, play) {
        let reply = ask(&stage.function, question).await;
        testkit::replies::check(&reply, (500, "internal-error"));
        for word in ["poison", "idle", "column", "viewers", "heartbeats"] {
            assert!(!reply.text().contains(word), "{word} in {}", reply.text());
        }
    }
}

#[tokio::test]
async fn place_and_play_change_together_or_not_at_all() {
    let stage = Stage::new().await;
    let (person, video) = (stage.payer("basic").await, stage.video(Video::default()).await);
    let play = stage.play(&person, video).await;
    for silent in [100, 1_000] {
        stage.silence(play, silent).await;
        stage
            .owner
            .batch_execute("alter table watch_progress add constraint poison check (false) not valid")
            .await
            .expect("the owner may");
        let reply = stage.beat(&person, video, play).await;
        testkit::replies::check(&reply, (500, "internal-error"));
        let heard = stage.owner.count("streams where last_seen_at > now() - interval '60 seconds'").await;
        assert_eq!((heard, stage.place().await), (0, None));
        stage
            .owner
            .batch_execute("alter table watch_progress drop constraint poison")
            .await
            .expect("the owner may");
        check_beat(&stage.beat(&person, video, play).await, 1, 1);
        stage.owner.run("delete from watch_progress", &[]).await;
    }
}
