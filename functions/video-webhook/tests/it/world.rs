//! A webhook over a database of its own, and the pens of Mux and Cloudflare Stream.

use functions_framework::{Body, Request, Routes, env};
use http::Method;
use serde_json::{Value, json};
use streamly::clock::Clock;
use streamly::db::{Pool, PoolSize};
use testkit::{Database, Owner, Reply, Video, ask, variables, webhook_mac};
use video_webhook::{Config, Parts};

pub(crate) const MUX: Pen =
    Pen { path: "/v1/webhooks/mux", header: "mux-signature", names: ("t", "v1"), secret: "mux_test_secret" };
pub(crate) const CLOUDFLARE: Pen = Pen {
    path: "/v1/webhooks/cloudflare",
    header: "webhook-signature",
    names: ("time", "sig1"),
    secret: "cloudflare_test_secret",
};
/// A video of Cloudflare Stream's.
pub(crate) const UID: &str = "6b9e68b07dfee8cc2d116e4c51d6a957";

/// How one provider signs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pen {
    pub(crate) path: &'static str,
    pub(crate) header: &'static str,
    names: (&'static str, &'static str),
    pub(crate) secret: &'static str,
}

impl Pen {
    /// The header's value.
    pub(crate) fn signature(&self, secret: &str, at: i64, body: &[u8]) -> String {
        let (time, mac) = self.names;
        format!("{time}={at},{mac}={}", webhook_mac(secret, at, body))
    }

    /// A delivery with these lines of the header.
    pub(crate) fn request(&self, body: &[u8], signatures: &[String]) -> Request {
        let mut request = http::Request::builder().method(Method::POST).uri(self.path);
        for signature in signatures {
            request = request.header(self.header, signature);
        }
        let request = request.header("content-type", "application/json");
        request.body(Body::from(body.to_vec())).expect("header text")
    }
}

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) owner: Owner,
    pub(crate) webhook: Routes<Parts>,
    /// The database's time when the test began, which is the webhook's too.
    pub(crate) now: i64,
}

/// The webhook's routes over a pool, at this second.
pub(crate) fn routes(database: &Database, pool: Pool, now: i64, changes: &[(&str, &str)]) -> Routes<Parts> {
    let config = env::read_from(&variables(database, "video-webhook", changes), Config::read);
    let clock = Clock::fixed(u64::try_from(now).expect("after 1970"));
    video_webhook::routes(Parts { clock, pool, ..Parts::real(config.expect("variables")) })
}

/// A pool of this many connections.
pub(crate) fn pool(url: &str, size: &str) -> Pool {
    let size: PoolSize = size.parse().expect("a size");
    Pool::new(url.parse().expect("an address"), None, size)
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With other variables.
    pub(crate) async fn with(changes: &[(&str, &str)]) -> Self {
        let database = Database::new().await;
        let owner = Owner::new(&database).await;
        let now: i64 = owner.value("select extract(epoch from now())::bigint").await;
        let webhook = routes(&database, pool(&database.url("video-webhook"), "8"), now, changes);
        Self { database, owner, webhook, now }
    }

    /// A title that waits for its upload to Mux.
    pub(crate) async fn waiting(&self, access: &'static str) -> Video {
        let video = Video {
            status: "waiting",
            playback_id: None,
            playback_policy: None,
            duration_seconds: None,
            access,
            min_tier: (access == "tier").then_some("premium"),
            ..Video::default()
        };
        video.insert(&self.owner).await;
        video
    }

    /// A title that waits for its upload to Cloudflare Stream, of this uid.
    pub(crate) async fn waiting_at_cloudflare(&self, uid: &str, access: &'static str) -> Video {
        let video = Video { provider: "cloudflare", access, ..self.waiting("free").await };
        let update =
            "update videos set provider = 'cloudflare', provider_asset_id = $2, access = $3 where id = $1";
        self.owner.run(update, &[&video.id.uuid(), &uid, &access]).await;
        video
    }

    /// A delivery of these bytes, signed now.
    pub(crate) fn signed(&self, pen: &Pen, body: &[u8]) -> Request {
        pen.request(body, &[pen.signature(pen.secret, self.now, body)])
    }

    /// Delivers an event, signed now: the status, and the outcome or the problem's slug.
    pub(crate) async fn deliver(&self, pen: &Pen, event: &Value) -> (u16, String) {
        outcome(&ask(&self.webhook, self.signed(pen, event.to_string().as_bytes())).await)
    }

    /// Delivers an event of Mux's and expects this outcome.
    #[track_caller]
    pub(crate) fn mux(&self, event: &Value, expected: &str) -> impl Future<Output = ()> {
        self.told(MUX, event, expected)
    }

    /// The same of Cloudflare Stream's.
    #[track_caller]
    pub(crate) fn cloudflare(&self, event: &Value, expected: &str) -> impl Future<Output = ()> {
        self.told(CLOUDFLARE, event, expected)
    }

    #[track_caller]
    fn told(&self, pen: Pen, event: &Value, expected: &str) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let found = self.deliver(&pen, event).await;
            assert_eq!(found, (200, expected.to_owned()), "{caller}: {event}");
        }
    }

    /// These columns of a title, as JSON.
    pub(crate) async fn columns(&self, video: &Video, names: &[&str]) -> Value {
        let select = "select to_jsonb(v) from videos v where id = $1";
        let row = self.owner.query_one(select, &[&video.id.uuid()]).await.expect("the row is readable");
        let row: Value = row.get(0);
        json!(names.iter().map(|name| &row[*name]).collect::<Vec<_>>())
    }

    /// How far a title is.
    pub(crate) async fn status(&self, video: &Video) -> String {
        self.columns(video, &["status"]).await[0].as_str().expect("a status").to_owned()
    }

    /// How many events count and how many titles there are.
    pub(crate) async fn rows(&self) -> (i64, i64) {
        (self.owner.count("webhook_events").await, self.owner.count("videos").await)
    }
}

/// The status, and the outcome or the problem's slug.
pub(crate) fn outcome(reply: &Reply) -> (u16, String) {
    let word = if reply.status.is_success() {
        assert_eq!(reply.json()["received"], true);
        reply.json()["outcome"].as_str().expect("an outcome").to_owned()
    } else {
        reply.slug()
    };
    (reply.status.as_u16(), word)
}

/// An event of Mux's; `at` is its second.
pub(crate) fn mux_event(id: &str, kind: &str, at: i64, data: &Value) -> Value {
    let object =
        json!({"type": if kind.starts_with("video.upload") { "upload" } else { "asset" }, "id": data["id"]});
    json!({
        "type": kind, "id": id, "created_at": at, "object": object, "data": data, "attempts": [], "request_id": null,
        "environment": {"name": "Production", "id": "env1"}, "accessor": null, "accessor_source": null,
    })
}

/// An asset of Mux's that plays by a signed id.
pub(crate) fn asset(video: &Video, status: &str) -> Value {
    json!({
        "id": "asset1", "status": status, "passthrough": video.id.to_string(), "upload_id": "upload1", "duration": 90.5,
        "aspect_ratio": "16:9", "resolution_tier": "1080p", "playback_ids": [{"id": "signed1", "policy": "signed"}],
        "tracks": [{"type": "video", "max_width": 1920, "max_height": 1080}], "created_at": "1795395600", "mp4_support": "none",
    })
}

/// An upload of Mux's for a title.
pub(crate) fn upload(video: &Video, status: &str) -> Value {
    json!({
        "id": "upload1", "status": status, "asset_id": "asset1", "timeout": 3600, "cors_origin": "https://app.test",
        "new_asset_settings": {"passthrough": video.id.to_string(), "playback_policies": ["signed"]},
    })
}

/// A video of Cloudflare Stream's.
pub(crate) fn stream_video(state: &str, modified: &str) -> Value {
    json!({
        "uid": UID, "creator": null, "thumbnail": format!("https://customer-a.cloudflarestream.com/{UID}/thumbnails/thumbnail.jpg"),
        "readyToStream": state == "ready", "status": {"state": state, "pctComplete": "39.000000", "errorReasonCode": "",
        "errorReasonText": ""}, "meta": {"name": "A film"}, "created": "2026-11-23T00:00:00Z", "modified": modified,
        "size": 4_190_963, "preview": "https://customer-a.cloudflarestream.com/x/watch", "allowedOrigins": [],
        "requireSignedURLs": true, "uploaded": "2026-11-23T00:00:00Z", "input": {"height": 720, "width": 1280},
        "duration": 90.5, "playback": {"hls": "https://x/video.m3u8", "dash": "https://x/video.mpd"},
    })
}
