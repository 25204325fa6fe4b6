//! playback and subscription say the same of everybody: who may watch, until when, by which tier, and why not. And progress
//! stops, by the same word, whoever may not watch any more.

use functions_framework::{Routes, env};
use http::{HeaderValue, Method, header};
use serde_json::{Value, json};
use streamly::ids::StreamId;
use testkit::{Database, Person, Subscription, Video, ask, bearer, get, post, variables};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_postgres::Client;

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;

const STATUSES: [&str; 9] = [
    "trialing",
    "active",
    "past_due",
    "incomplete",
    "incomplete_expired",
    "unpaid",
    "paused",
    "canceled",
    "brand_new_status",
];

struct World {
    owner: Client,
    video: Video,
    playback: Routes<playback::Parts>,
    subscription: Routes<subscription::Parts>,
    progress: Routes<progress::Parts>,
    _database: Database,
}

/// What either function says of somebody.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// By which tier, until which second, and whether that is grace.
    May(Option<String>, i64, bool),
    /// By which word.
    MayNot(String),
}

fn second(time: &Value) -> i64 {
    let text = time.as_str().unwrap_or_else(|| panic!("{time} is no time"));
    OffsetDateTime::parse(text, &Rfc3339).expect("RFC 3339").unix_timestamp()
}

impl World {
    async fn new() -> Self {
        let database = Database::new().await;
        let owner = database.owner().await;
        let video = Video::default();
        video.insert(&owner).await;
        let read = |function| variables(&database, function, &[]);
        let playback = env::read_from(&read("playback"), playback::Config::read).expect("variables");
        let subscription =
            env::read_from(&read("subscription"), subscription::Config::read).expect("variables");
        let progress = env::read_from(&read("progress"), progress::Config::read).expect("variables");
        Self {
            owner,
            video,
            progress: progress::routes(progress::Parts::real(progress)),
            playback: playback::routes(playback::Parts::real(playback)),
            subscription: subscription::routes(subscription::Parts::real(subscription)),
            _database: database,
        }
    }

    async fn of_playback(&self, token: &HeaderValue) -> Said {
        let mut request = get(&format!("/v1/videos/{}/playback", self.video.id));
        request.headers_mut().insert(header::AUTHORIZATION, token.clone());
        let reply = ask(&self.playback, request).await;
        if reply.status == 403 {
            return Said::MayNot(reply.slug());
        }
        assert_eq!(reply.status, 200, "{}", reply.text());
        let granted = &reply.json()["entitlement"];
        let tier = granted["tier"].as_str().map(str::to_owned);
        Said::May(tier, second(&granted["until"]), granted["grace"].as_bool().expect("a boolean"))
    }

    async fn of_subscription(&self, token: &HeaderValue) -> Said {
        let mut request = get("/v1/subscription");
        request.headers_mut().insert(header::AUTHORIZATION, token.clone());
        let reply = ask(&self.subscription, request).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let told = reply.json();
        let reason = told["reason"].as_str().expect("a word").to_owned();
        if told["has_access"] == false {
            return Said::MayNot(reason);
        }
        let tier = told["tier"].as_str().map(str::to_owned);
        Said::May(tier, second(&told["entitled_until"]), reason == "grace")
    }

    /// Why progress stops a film that somebody had begun, if it does.
    async fn of_progress(&self, person: &Person, token: &HeaderValue) -> Option<String> {
        let play = StreamId::new();
        let insert = "insert into streams (id, user_id, video_id) values ($1, $2, $3)";
        let ids = [play.uuid(), person.id.uuid(), self.video.id.uuid()];
        self.owner.execute(insert, &[&ids[0], &ids[1], &ids[2]]).await.expect("the owner may");
        let beat = json!({"session_id": play, "position_seconds": 60, "event": "ended"});
        let mut request = post(&format!("/v1/videos/{}/progress", self.video.id), &beat);
        *request.method_mut() = Method::PUT;
        request.headers_mut().insert(header::AUTHORIZATION, token.clone());
        let reply = ask(&self.progress, request).await;
        assert!([200, 403].contains(&reply.status.as_u16()), "{}", reply.text());
        (reply.status == 403).then(|| reply.slug())
    }

    /// What all say of somebody with these.
    async fn check(&self, subscriptions: &[&Subscription]) -> Said {
        let person = Person::new(&self.owner).await;
        for subscription in subscriptions {
            let fresh = Subscription::default();
            let subscription =
                Subscription { id: fresh.id, customer: fresh.customer, ..(*subscription).clone() };
            subscription.insert(&self.owner, &person).await;
        }
        let token = HeaderValue::from_str(&bearer(&person)).expect("a token is a header's value");
        let (playback, subscription) = (self.of_playback(&token).await, self.of_subscription(&token).await);
        assert_eq!(playback, subscription, "{subscriptions:?}");
        let stopped = match &playback {
            Said::May(..) => None,
            Said::MayNot(word) => Some(word.clone()),
        };
        assert_eq!(self.of_progress(&person, &token).await, stopped, "{subscriptions:?}");
        playback
    }
}

/// Every status with every period, end, pause and delay.
fn every() -> Vec<Subscription> {
    let mut all = Vec::new();
    for status in STATUSES {
        for period_end in [None, Some(20.0 * DAY), Some(-HOUR), Some(-80.0 * HOUR)] {
            for (cancel_at_period_end, cancel_at) in
                [(false, None), (true, None), (false, Some(5.0 * DAY)), (false, Some(-HOUR))]
            {
                for pause_behavior in [None, Some("void")] {
                    for past_due_since in [None, Some(-DAY), Some(-8.0 * DAY)] {
                        all.push(Subscription {
                            status,
                            period_end,
                            cancel_at_period_end,
                            cancel_at,
                            pause_behavior,
                            past_due_since,
                            ..Subscription::default()
                        });
                    }
                }
            }
        }
    }
    all
}

#[tokio::test]
async fn of_every_state_of_a_subscription_all_say_the_same() {
    let world = World::new().await;
    let (mut open, mut words) = (0, std::collections::BTreeSet::new());
    for subscription in every() {
        match world.check(&[&subscription]).await {
            Said::May(..) => open += 1,
            Said::MayNot(reason) => {
                words.insert(reason);
            }
        }
    }
    // Counted by hand: 5 periods with their ends open an active one and a trial, each with 3 delays that do not matter;
    // 10 open a delayed payment within its grace.
    assert_eq!(open, 5 * 3 * 2 + 10);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_eq!(words, ["payment-required", "subscription-lapsed", "subscription-required"]);
}

#[tokio::test]
async fn of_any_two_subscriptions_all_say_the_same() {
    let world = World::new().await;
    assert_eq!(world.check(&[]).await, Said::MayNot("subscription-required".to_owned()));
    let with = |status, plan, period_end: f64| Subscription {
        status,
        plan,
        period_end: Some(period_end),
        past_due_since: Some(-DAY),
        ..Subscription::default()
    };
    let some = [
        with("active", Some("basic"), 20.0 * DAY),
        with("active", Some("basic"), 5.0 * DAY),
        with("active", Some("premium"), -HOUR),
        with("trialing", Some("retired"), 90.0 * DAY),
        with("trialing", None, 9.0 * DAY),
        with("past_due", Some("premium"), -HOUR),
        with("past_due", Some("basic-yearly"), DAY),
        with("active", Some("premium"), -80.0 * HOUR),
        with("unpaid", Some("premium"), DAY),
        with("canceled", Some("basic"), DAY),
        with("incomplete_expired", Some("basic"), DAY),
    ];
    for first in &some {
        for second in &some {
            world.check(&[first, second]).await;
        }
    }
}
