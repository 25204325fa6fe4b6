//! What every test here needs: the function over a fresh database, people and titles in it, and tokens opened as a stranger
//! would open them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use functions_framework::{Request, Routes, env};
use http::{HeaderValue, Method, header};
use playback::{Config, Parts};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;
use streamly::clock::Clock;
use streamly::ids::VideoId;
use testkit::keys::MUX_PUBLIC_KEY;
use testkit::{Database, Person, Reply, Subscription, Video, ask, get, variables};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

/// The 24 bytes of DER that stand before the key itself in a `SubjectPublicKeyInfo` of RSA-2048.
const SPKI_BYTES: usize = 24;

/// Variables that configure Cloudflare Stream with the key that the tests also give to Mux.
pub(crate) fn cloudflare() -> [(&'static str, &'static str); 3] {
    [
        ("CLOUDFLARE_STREAM_KEY_ID", "cloudflareKey"),
        ("CLOUDFLARE_STREAM_PRIVATE_KEY", testkit::keys::MUX_PRIVATE_KEY),
        ("CLOUDFLARE_STREAM_DOMAIN", "customer-abc.cloudflarestream.com"),
    ]
}

/// The function, its database, and the second at which its clock stands: now.
pub(crate) struct Stage {
    pub(crate) database: Database,
    pub(crate) owner: Client,
    pub(crate) function: Routes<Parts>,
    pub(crate) now: i64,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(changes: &[(&str, &str)]) -> Self {
        let database = Database::new().await;
        let owner = database.owner().await;
        let now = Clock::system().unix_seconds();
        let function = function(&database, changes, now);
        Self { database, owner, function, now }
    }

    /// Another instance over the same database.
    pub(crate) fn another(&self, changes: &[(&str, &str)], now: i64) -> Routes<Parts> {
        function(&self.database, changes, now)
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
        let update = format!("update videos set {column} = {value} where id = $1");
        self.execute(&update, &[&video.uuid()]).await;
    }

    pub(crate) async fn execute(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) {
        self.owner.execute(sql, parameters).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let row = self.owner.query_one(sql, &[]).await;
        row.unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
    }

    /// Asks without a token.
    pub(crate) async fn anonymously(&self, video: VideoId) -> Reply {
        ask(&self.function, get(&path(video))).await
    }

    /// Asks as somebody.
    pub(crate) async fn as_person(&self, video: VideoId, person: &Person) -> Reply {
        ask(&self.function, self.request(&path(video), person)).await
    }

    /// A request of somebody.
    pub(crate) fn request(&self, path: &str, person: &Person) -> Request {
        signed_in(path, person, self.now)
    }
}

/// A request of somebody whose token was issued at this second.
pub(crate) fn signed_in(path: &str, person: &Person, now: i64) -> Request {
    let now = u64::try_from(now).expect("after 1970");
    with_authorization(get(path), &testkit::bearer_at(person, now))
}

pub(crate) fn with_authorization(mut request: Request, value: &str) -> Request {
    let value = HeaderValue::from_str(value).expect("header text");
    request.headers_mut().append(header::AUTHORIZATION, value);
    request
}

pub(crate) fn with_method(mut request: Request, method: Method) -> Request {
    *request.method_mut() = method;
    request
}

/// The function over this database, with its clock at this second.
pub(crate) fn function(database: &Database, changes: &[(&str, &str)], now: i64) -> Routes<Parts> {
    let now = u64::try_from(now).expect("after 1970");
    playback::routes(parts(database, changes, Clock::fixed(now)))
}

/// The parts over this database, in this time.
pub(crate) fn parts(database: &Database, changes: &[(&str, &str)], clock: Clock) -> Parts {
    let variables = variables(database, "playback", changes);
    let config = env::read_from(&variables, Config::read).expect("the variables are good");
    Parts::with_clock(config, clock)
}

pub(crate) fn path(video: VideoId) -> String {
    format!("/v1/videos/{video}/playback")
}

/// Header and claims of a token, once its signature holds under the public half of the tests' key.
#[track_caller]
pub(crate) fn opened(token: &Value) -> (Value, Value) {
    let token = token.as_str().expect("a token");
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("a token has three parts") };
    let pem: String = MUX_PUBLIC_KEY.lines().filter(|line| !line.starts_with("-----")).collect();
    let spki = STANDARD.decode(pem).expect("a PEM holds base64");
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &spki[SPKI_BYTES..]);
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    key.verify(format!("{header}.{claims}").as_bytes(), &signature).expect("the signature holds");
    let decoded = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice(&bytes).expect("JSON")
    };
    (decoded(header), decoded(claims))
}

/// The claims of one of a reply's tokens.
#[track_caller]
pub(crate) fn claims(reply: &Reply, token: &str) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    opened(&reply.json()["tokens"][token]).1
}

/// The second that an RFC 3339 text names.
#[track_caller]
pub(crate) fn seconds(time: &Value) -> i64 {
    let text = time.as_str().expect("a time");
    time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .unix_timestamp()
}

/// What a client sees first: 200 with kind and reason, or the status with the problem's slug.
#[track_caller]
pub(crate) fn outcome(reply: &Reply) -> String {
    let status = reply.status.as_u16();
    if status != 200 {
        assert!(!reply.text().contains("eyJ"), "a refusal holds a token");
        return format!("{status} {}", reply.slug());
    }
    let body = reply.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("200 {} {}", text(&body["kind"]), text(&body["entitlement"]["reason"]))
}
