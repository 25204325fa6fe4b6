//! What every test here needs: the function over a fresh database, people, titles, and plays as playback opens them.

use functions_framework::env::read_from;
use functions_framework::{Request, Routes};
use http::Method;
use progress::{Config, Parts};
use serde_json::{Value, json};
use streamly::db::Pool;
use streamly::ids::{StreamId, VideoId};
use testkit::{Database, Owner, Person, Reply, Subscription, Video, ask, authorized, get, post, variables};

pub(crate) struct Stage {
    pub(crate) database: Database,
    pub(crate) owner: Owner,
    pub(crate) function: Routes<Parts>,
}

/// The parts under these variables, with connections enough for many at once.
pub(crate) fn parts(database: &Database, changes: &[(&str, &str)]) -> Parts {
    let config = read_from(&variables(database, "progress", changes), Config::read).expect("variables");
    let url = database.url("progress").parse().expect("an address");
    Parts { pool: Pool::new(url, None, "8".parse().expect("a size")), ..Parts::real(config) }
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(changes: &[(&str, &str)]) -> Self {
        let database = Database::new().await;
        let owner = Owner::new(&database).await;
        let function = progress::routes(parts(&database, changes));
        Self { database, owner, function }
    }

    /// Somebody with this subscription.
    pub(crate) async fn subscriber(&self, subscription: Subscription) -> Person {
        let person = Person::new(&self.owner).await;
        subscription.insert(&self.owner, &person).await;
        person
    }

    /// Somebody who pays for this plan.
    pub(crate) async fn payer(&self, plan: &'static str) -> Person {
        self.subscriber(Subscription { plan: Some(plan), ..Subscription::default() }).await
    }

    pub(crate) async fn video(&self, video: Video) -> VideoId {
        video.insert(&self.owner).await;
        video.id
    }

    /// Sets one column of a title; `value` is an SQL expression.
    pub(crate) async fn set(&self, video: VideoId, column: &str, value: &str) {
        self.owner
            .run(&format!("update videos set {column} = {value} where id = $1"), &[&video.uuid()])
            .await;
    }

    /// A play that somebody opened just now.
    pub(crate) async fn play(&self, person: &Person, video: VideoId) -> StreamId {
        let id = StreamId::new();
        let insert =
            "insert into streams (id, user_id, video_id, device) values ($1, $2, $3, 'Firefox on Linux')";
        self.owner.run(insert, &[&id.uuid(), &person.id.uuid(), &video.uuid()]).await;
        id
    }

    /// Lets a play be silent for so long.
    pub(crate) async fn silence(&self, play: StreamId, seconds: i32) {
        let update = "update streams set last_seen_at = now() - make_interval(secs => $2) where id = $1";
        self.owner.run(update, &[&play.uuid(), &f64::from(seconds)]).await;
    }

    pub(crate) async fn beat(&self, person: &Person, video: VideoId, play: StreamId) -> Reply {
        ask(&self.function, beat(person, video, play, &json!(60), "play")).await
    }

    /// A heartbeat at this place.
    pub(crate) async fn at(&self, person: &Person, video: VideoId, play: StreamId, place: Value) -> Reply {
        ask(&self.function, beat(person, video, play, &place, "play")).await
    }

    pub(crate) async fn ends(&self, person: &Person, video: VideoId, play: StreamId) -> Reply {
        ask(&self.function, beat(person, video, play, &json!(60), "ended")).await
    }

    pub(crate) async fn get(&self, path: &str, person: &Person) -> Reply {
        ask(&self.function, authorized(person, get(path))).await
    }

    pub(crate) async fn delete(&self, play: impl std::fmt::Display, person: &Person) -> Reply {
        ask(&self.function, delete(person, play)).await
    }

    /// The place that is kept; none where there is none.
    pub(crate) async fn place(&self) -> Option<f64> {
        self.owner.value("select max(position_seconds)::float8 from watch_progress").await
    }

    /// How many plays are live.
    pub(crate) async fn live(&self) -> i64 {
        self.owner
            .count("streams where ended_at is null and last_seen_at > now() - interval '180 seconds'")
            .await
    }
}

pub(crate) fn path(video: impl std::fmt::Display) -> String {
    format!("/v1/videos/{video}/progress")
}

/// A heartbeat.
pub(crate) fn beat(person: &Person, video: VideoId, play: StreamId, place: &Value, event: &str) -> Request {
    let body = json!({"session_id": play.to_string(), "position_seconds": place, "event": event});
    put(person, &path(video), &body)
}

pub(crate) fn put(person: &Person, path: &str, body: &Value) -> Request {
    let mut request = authorized(person, post(path, body));
    *request.method_mut() = Method::PUT;
    request
}

pub(crate) fn delete(person: &Person, play: impl std::fmt::Display) -> Request {
    let mut request = authorized(person, get(&format!("/v1/streams/{play}")));
    *request.method_mut() = Method::DELETE;
    request
}

/// Expects this heartbeat's answer: plays that count, and how many may.
#[track_caller]
pub(crate) fn check_beat(reply: &Reply, current: i64, max: u32) {
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json(), json!({"current": current, "max": max, "heartbeat_interval_seconds": 60}));
    assert_eq!(reply.header("cache-control"), "no-store");
}
