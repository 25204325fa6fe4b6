//! People, subscriptions and videos, written straight into the tables.

use streamly::ids::{SessionId, UserId, VideoId};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

/// Someone with a verified address and a live session; no password, since most tests log nobody in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their id.
    pub id: UserId,
    /// Their session.
    pub session: SessionId,
    /// Their address.
    pub email: String,
    /// The scope of their tokens, `user` unless a test says otherwise.
    pub scope: String,
}

impl Person {
    /// A new person.
    pub async fn new(owner: &Client) -> Self {
        let (id, session) = (UserId::new(), SessionId::new());
        let email = format!("person-{id}@example.com");
        let user = "insert into users (id, email, email_canonical, verified_at) values ($1, $2, $2, now())";
        run(owner, user, &[&id.uuid(), &email]).await;
        let person = Self { id, session, email, scope: "user".to_owned() };
        person.log_in(owner, session).await;
        person
    }

    /// Another session of the same person.
    pub async fn log_in(&self, owner: &Client, session: SessionId) {
        let insert = "
            insert into sessions (id, user_id, idle_expires_at, absolute_expires_at)
            values ($1, $2, now() + interval '30 days', now() + interval '90 days')";
        run(owner, insert, &[&session.uuid(), &self.id.uuid()]).await;
    }

    /// The same person in another session.
    pub async fn in_another_session(&self, owner: &Client) -> Self {
        let session = SessionId::new();
        self.log_in(owner, session).await;
        Self { session, ..self.clone() }
    }

    /// Ends the session.
    pub async fn log_out(&self, owner: &Client) {
        run(owner, "update sessions set revoked_at = now() where id = $1", &[&self.session.uuid()]).await;
    }
}

/// A row of `subscriptions`; times are seconds from now.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Stripe's id; a new one by default.
    pub id: String,
    /// Stripe's customer; a new one by default.
    pub customer: String,
    /// The status, `active` by default.
    pub status: &'static str,
    /// The plan's slug, `basic` by default.
    pub plan: Option<&'static str>,
    /// The end of the paid period, in 20 days by default.
    pub period_end: Option<f64>,
    /// Whether it ends there.
    pub cancel_at_period_end: bool,
    /// When it ends otherwise.
    pub cancel_at: Option<f64>,
    /// Stripe's `pause_collection.behavior`.
    pub pause_behavior: Option<&'static str>,
    /// Since when a payment is due.
    pub past_due_since: Option<f64>,
    /// When the row was made, 10 days ago by default.
    pub created: f64,
    /// Whether it is real money.
    pub livemode: bool,
}

impl Default for Subscription {
    fn default() -> Self {
        let name = uuid::Uuid::new_v4().simple();
        Self {
            id: format!("sub_{name}"),
            customer: format!("cus_{name}"),
            status: "active",
            plan: Some("basic"),
            period_end: Some(20.0 * DAY),
            cancel_at_period_end: false,
            cancel_at: None,
            pause_behavior: None,
            past_due_since: None,
            created: -10.0 * DAY,
            livemode: false,
        }
    }
}

/// Seconds of a day.
const DAY: f64 = 86_400.0;

impl Subscription {
    /// Writes it for a person.
    pub async fn insert(&self, owner: &Client, person: &Person) {
        let insert = "
            insert into subscriptions (user_id, stripe_subscription_id, stripe_customer_id, status, plan, price_id,
              current_period_end, cancel_at_period_end, cancel_at, pause_behavior, past_due_since, created_at, livemode)
            values ($1, $2, $3, $4, $5, 'price_' || $5, now() + make_interval(secs => $6), $7,
              now() + make_interval(secs => $8), $9, now() + make_interval(secs => $10),
              now() + make_interval(secs => $11), $12)";
        let parameters: [&(dyn ToSql + Sync); 12] = [
            &person.id.uuid(),
            &self.id,
            &self.customer,
            &self.status,
            &self.plan,
            &self.period_end,
            &self.cancel_at_period_end,
            &self.cancel_at,
            &self.pause_behavior,
            &self.past_due_since,
            &self.created,
            &self.livemode,
        ];
        run(owner, insert, &parameters).await;
    }
}

/// A row of `videos`: published an hour ago, ready, of Mux, for members, unless a test says otherwise.
#[derive(Debug, Clone)]
pub struct Video {
    /// Its id.
    pub id: VideoId,
    /// What it is called.
    pub title: &'static str,
    /// What it is about.
    pub description: Option<&'static str>,
    /// `mux` or `cloudflare`.
    pub provider: &'static str,
    /// The provider's playback id.
    pub playback_id: Option<String>,
    /// `signed`, `public` or `drm`.
    pub playback_policy: Option<&'static str>,
    /// `waiting`, `preparing`, `ready`, `errored` or `deleted`.
    pub status: &'static str,
    /// `free`, `members` or `tier`.
    pub access: &'static str,
    /// The least tier of a `tier` video.
    pub min_tier: Option<&'static str>,
    /// How much everyone may see.
    pub preview_seconds: Option<i32>,
    /// How long it is.
    pub duration_seconds: Option<f64>,
    /// When it was published, in seconds from now; none where it never was.
    pub published: Option<f64>,
}

impl Default for Video {
    fn default() -> Self {
        let id = VideoId::new();
        Self {
            id,
            title: "A film",
            description: None,
            provider: "mux",
            playback_id: Some(id.uuid().simple().to_string()),
            playback_policy: Some("signed"),
            status: "ready",
            access: "members",
            min_tier: None,
            preview_seconds: None,
            duration_seconds: Some(5400.0),
            published: Some(-3600.0),
        }
    }
}

impl Video {
    /// Writes it.
    pub async fn insert(&self, owner: &Client) {
        let insert = "
            insert into videos (id, title, provider, playback_id, playback_policy, status, access, min_tier,
              preview_seconds, duration_seconds, published_at, description)
            values ($1, $11, $2, $3, $4, $5, $6, $7, $8, $9::float8::numeric, now() + make_interval(secs => $10), $12)";
        let parameters: [&(dyn ToSql + Sync); 12] = [
            &self.id.uuid(),
            &self.provider,
            &self.playback_id,
            &self.playback_policy,
            &self.status,
            &self.access,
            &self.min_tier,
            &self.preview_seconds,
            &self.duration_seconds,
            &self.published,
            &self.title,
            &self.description,
        ];
        run(owner, insert, &parameters).await;
    }
}

async fn run(owner: &Client, sql: &str, parameters: &[&(dyn ToSql + Sync)]) {
    owner.execute(sql, parameters).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}
