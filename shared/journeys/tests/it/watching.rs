//! A film from the list to its end: found, played, heard of, taken over by another device, resumed there, and stopped when it
//! is not paid for any more.

use functions_framework::Request;
use http::{HeaderValue, Method, header};
use serde_json::{Value, json};
use streamly::ids::VideoId;
use testkit::{Person, Reply, Subscription, Video, authorized, get, post};
use tokio_postgres::Client;

use crate::house::House;

struct Film {
    house: House,
    owner: Client,
    video: VideoId,
}

impl Film {
    async fn new() -> Self {
        let house = House::new().await;
        let owner = house.database.owner().await;
        let film = Video { title: "The Loom", access: "tier", min_tier: Some("basic"), ..Video::default() };
        film.insert(&owner).await;
        Self { house, owner, video: film.id }
    }

    async fn payer(&self) -> Person {
        let person = Person::new(&self.owner).await;
        Subscription::default().insert(&self.owner, &person).await;
        person
    }

    /// Asks for playback on this device; `session` is the play that goes on.
    async fn play(&self, person: &Person, device: &'static str, session: Option<&str>) -> Reply {
        let session = session.map(|id| format!("?session_id={id}")).unwrap_or_default();
        let mut request = get(&format!("/v1/videos/{}/playback{session}", self.video));
        request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(device));
        self.house.ask("playback", authorized(person, request)).await
    }

    async fn beat(&self, person: &Person, session: &str, place: f64, event: &str) -> Reply {
        let body = json!({"session_id": session, "position_seconds": place, "event": event});
        let request = post(&format!("/v1/videos/{}/progress", self.video), &body);
        self.house.ask("progress", with(Method::PUT, authorized(person, request))).await
    }

    async fn end(&self, person: &Person, session: &str) -> Reply {
        let request = with(Method::DELETE, get(&format!("/v1/streams/{session}")));
        self.house.ask("progress", authorized(person, request)).await
    }

    async fn list(&self, person: &Person, path: &str) -> Value {
        let reply = self.house.ask("progress", authorized(person, get(path))).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }
}

fn with(method: Method, mut request: Request) -> Request {
    *request.method_mut() = method;
    request
}

#[track_caller]
fn session(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["session_id"].as_str().expect("a session").to_owned()
}

#[track_caller]
fn check(reply: &Reply, status: u16, slug: &str) {
    assert_eq!(reply.outcome(), (status, slug.to_owned()), "{}", reply.text());
}

#[tokio::test]
async fn a_second_device_takes_over_resumes_and_the_first_one_stops() {
    let film = Film::new().await;
    let person = film.payer().await;
    let found = film.house.ask("catalog", get("/v1/videos?q=loom")).await.json();
    assert_eq!(found["videos"][0]["id"], film.video.to_string());

    let telly = film.play(&person, "Roku/DVP-14.5", None).await;
    let telly = session(&telly);
    check(&film.beat(&person, &telly, 812.5, "play").await, 200, "");

    let refused = film.play(&person, "AppleTV14,1/26.0", None).await;
    check(&refused, 409, "stream-limit-reached");
    let streams = film.list(&person, "/v1/streams").await;
    assert_eq!(streams["streams"], refused.json()["active_streams"]);
    assert_eq!((&streams["max"], &streams["streams"][0]["device"]), (&json!(1), &json!("Roku")));
    assert_eq!(streams["streams"][0]["id"], telly);

    check(&film.end(&person, &telly).await, 204, "");
    let phone = film.play(&person, "AppleTV14,1/26.0", None).await;
    assert_eq!(phone.json()["resume_position_seconds"], 812.5);
    let phone = session(&phone);
    check(&film.beat(&person, &telly, 900.0, "play").await, 410, "stream-taken-over");
    // Nor does the first one get back in by its name.
    check(&film.play(&person, "Roku/DVP-14.5", Some(&telly)).await, 409, "stream-limit-reached");

    check(&film.beat(&person, &phone, 1000.0, "pause").await, 200, "");
    assert_eq!(session(&film.play(&person, "AppleTV14,1/26.0", Some(&phone)).await), phone);
    let begun = film.list(&person, "/v1/continue-watching").await;
    assert_eq!(begun["videos"][0]["position_seconds"], 1000.0);
    let shown = film.house.ask("catalog", get(&format!("/v1/videos/{}", film.video))).await.json();
    assert_eq!(begun["videos"][0]["video"], shown);

    check(&film.beat(&person, &phone, 5390.0, "ended").await, 200, "");
    assert_eq!(film.list(&person, "/v1/streams").await["streams"], json!([]));
    assert_eq!(film.list(&person, "/v1/continue-watching").await["videos"], json!([]));
    session(&film.play(&person, "Roku/DVP-14.5", None).await);
}

#[tokio::test]
async fn what_ends_a_right_stops_a_running_film_at_its_next_heartbeat() {
    for (change, status, slug) in [
        ("update subscriptions set status = 'canceled'", 403, "subscription-lapsed"),
        ("update subscriptions set status = 'unpaid'", 403, "payment-required"),
        ("delete from subscriptions", 403, "subscription-required"),
        ("update videos set min_tier = 'premium'", 403, "tier-required"),
        ("update videos set blocked_countries = '{FR}'", 403, "geo-blocked"),
        ("update videos set unpublished_at = now()", 404, "video-not-found"),
        ("update sessions set revoked_at = now()", 401, "session-revoked"),
        ("update users set deleted_at = now()", 401, "session-revoked"),
    ] {
        let film = Film::new().await;
        let person = film.payer().await;
        let playing = session(&film.play(&person, "Roku/DVP-14.5", None).await);
        check(&film.beat(&person, &playing, 100.0, "play").await, 200, "");
        film.owner.execute(change, &[]).await.expect("the owner may");
        check(&film.beat(&person, &playing, 160.0, "play").await, status, slug);
        // By the very words of playback.
        check(&film.play(&person, "Roku/DVP-14.5", Some(&playing)).await, status, slug);
    }
}

#[tokio::test]
async fn openings_and_silent_plays_that_come_back_at_once_share_one_limit() {
    let film = Film::new().await;
    let person = film.payer().await;
    for _ in 0..5 {
        let silent = session(&film.play(&person, "Roku/DVP-14.5", None).await);
        film.owner
            .execute("update streams set last_seen_at = now() - interval '1 hour'", &[])
            .await
            .expect("the owner may");
        let (opened, revived, opened_too) = tokio::join!(
            film.play(&person, "Roku/DVP-14.5", None),
            film.beat(&person, &silent, 100.0, "play"),
            film.play(&person, "Roku/DVP-14.5", None),
        );
        let outcomes = [&opened, &revived, &opened_too].map(Reply::outcome);
        let granted = outcomes.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!(granted, 1, "{outcomes:?}");
        film.owner.execute("delete from streams", &[]).await.expect("the owner may");
    }
}
