//! The stand-in for Stripe, the webhook behind a socket, the reconcile job, playback, portal, subscription, and someone
//! with a customer of theirs.

use axum::extract::State;
use functions_framework::{Routes, call, env};
use http::{HeaderValue, Request, Response, header};
use local::client;
use local::server::Server;
use local::stripe::{Deliveries, Options, Stripe, prices_of_plans};
use serde_json::Value;
use std::time::Duration;
use testkit::{Database, Person, Reply, Video, ask, bearer, get, post, variables};
use tokio_postgres::Client;

/// The webhook, served as it came: the body's bytes and every header.
async fn receive(
    State(webhook): State<Routes<webhook::Parts>>,
    request: axum::extract::Request,
) -> Response<axum::body::Body> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 2 << 20).await.expect("the stand-in sends whole bodies");
    let answer = call(&webhook, Request::from_parts(head, body.into())).await;
    answer.map(|body| axum::body::Body::from(body.into_bytes()))
}

/// By which way the product hears of what happens at Stripe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Stripe's events, each sent to the webhook.
    Webhooks,
    /// No event is sent; the reconcile job alone asks.
    Reconcile,
}

impl Way {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Webhooks, Self::Reconcile];
}

pub(crate) struct World {
    way: Way,
    owner: Client,
    person: Person,
    video: Video,
    customer: String,
    secret_key: String,
    stripe: Stripe,
    playback: Routes<playback::Parts>,
    portal: Routes<portal::Parts>,
    subscription: Routes<subscription::Parts>,
    reconcile: reconcile::Parts,
    _webhook: Server,
    _database: Database,
}

/// What the product knows of a subscription.
pub(crate) struct Known {
    pub(crate) stripe_id: String,
    pub(crate) status: String,
    pub(crate) plan: Option<String>,
    pub(crate) needs_sync: bool,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::by(Way::Webhooks).await
    }

    /// A world in which the product hears of Stripe by this way alone.
    pub(crate) async fn by(way: Way) -> Self {
        let database = Database::new().await;
        let owner = database.owner().await;
        let person = Person::new(&owner).await;
        let video = Video::default();
        video.insert(&owner).await;
        let of_webhook = variables(&database, "webhook", &[]);
        let (secret_key, secret) =
            (of_webhook["STRIPE_SECRET_KEY"].clone(), of_webhook["STRIPE_WEBHOOK_SECRET"].clone());
        let prices = prices_of_plans(&of_webhook["PLANS"]).expect("the plans are readable");
        let retry_delay = Duration::from_millis(20);
        let options = Options { prices, retry_delay, ..Options::new(&*secret_key, secret) };
        let stripe = Stripe::start(options).await.expect("loopback has a free port");
        let config = env::read_from(&of_webhook, webhook::Config::read).expect("variables");
        let webhook = webhook::routes(webhook::Parts::real(config));
        let served = axum::Router::new().fallback(receive).with_state(webhook);
        let webhook = Server::start(0, served).await.expect("loopback has a free port");
        stripe.deliver_to(&format!("{}/v1/webhooks/stripe", webhook.url()));
        let of_playback = variables(&database, "playback", &[]);
        let config = env::read_from(&of_playback, playback::Config::read).expect("variables");
        let playback = playback::routes(playback::Parts::real(config));
        let of_portal = variables(&database, "portal", &[("STRIPE_API_BASE", &stripe.url())]);
        let config = env::read_from(&of_portal, portal::Config::read).expect("variables");
        let portal = portal::routes(portal::Parts::real(config));
        let of_subscription = variables(&database, "subscription", &[]);
        let config = env::read_from(&of_subscription, subscription::Config::read).expect("variables");
        let subscription = subscription::routes(subscription::Parts::real(config));
        let of_reconcile = variables(&database, "reconcile", &[("STRIPE_API_BASE", &stripe.url())]);
        let config = env::read_from(&of_reconcile, reconcile::Config::read).expect("variables");
        let reconcile = reconcile::Parts { gap: Duration::ZERO, ..reconcile::Parts::real(config) };
        stripe.set_deliveries(Deliveries { on: way == Way::Webhooks, ..Deliveries::default() });
        let world = Self {
            way,
            owner,
            person,
            video,
            customer: String::new(),
            secret_key,
            stripe,
            playback,
            portal,
            subscription,
            reconcile,
            _webhook: webhook,
            _database: database,
        };
        let customer =
            world.api("POST", "/v1/customers", &format!("metadata[user_id]={}", world.person.id)).await;
        Self { customer: text(&customer["id"]), ..world }
    }

    /// Asks the stand-in's API.
    pub(crate) async fn api(&self, method: &str, path: &str, form: &str) -> Value {
        let (status, body) = self.send(method, path, "application/x-www-form-urlencoded", form).await;
        assert_eq!(status, 200, "{method} {path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("the API answers JSON")
    }

    async fn send(&self, method: &str, path: &str, media_type: &str, body: &str) -> (u16, Vec<u8>) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.stripe.url()))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.secret_key))
            .header(header::CONTENT_TYPE, media_type)
            .body(body.to_owned().into())
            .expect("the parts are valid");
        let answer = client::send(request).await.expect("the stand-in answers");
        (answer.status().as_u16(), answer.into_body().to_vec())
    }

    /// Tells the stand-in what to do.
    pub(crate) async fn control(&self, path: &str, json: &str) {
        let (status, body) = self.send("POST", path, "application/json", json).await;
        assert!((200..300).contains(&status), "{path}: {status} {}", String::from_utf8_lossy(&body));
    }

    /// Begins a checkout, as the product would: the session's id.
    pub(crate) async fn checkout(&self, more: &str) -> String {
        let (user, customer) = (self.person.id, &self.customer);
        let form = format!(
            "mode=subscription&customer={customer}&client_reference_id={user}&metadata[user_id]={user}\
             &subscription_data[metadata][user_id]={user}&line_items[0][price]=price_basic&line_items[0][quantity]=1\
             &success_url=https%3A%2F%2Fapp.test%2Fwelcome&cancel_url=https%3A%2F%2Fapp.test%2Fplans{more}"
        );
        text(&self.api("POST", "/v1/checkout/sessions", &form).await["id"])
    }

    /// Presses a button of the hosted page: the status.
    pub(crate) async fn press(&self, session: &str, form: &str) -> u16 {
        self.send("POST", &format!("/c/pay/{session}"), "application/x-www-form-urlencoded", form).await.0
    }

    /// Presses a button of another page of the stand-in.
    pub(crate) async fn press_at(&self, path: &str, form: &str) {
        let (status, _) = self.send("POST", path, "application/x-www-form-urlencoded", form).await;
        assert_eq!(status, 200, "{path}");
    }

    /// Asks for the billing portal.
    pub(crate) async fn open_portal(&self) -> Reply {
        ask(&self.portal, self.signed(post("/v1/portal", &Value::Object(serde_json::Map::new())))).await
    }

    /// The path of an open portal.
    pub(crate) async fn portal_page(&self) -> String {
        self.hear().await;
        let reply = self.open_portal().await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let url = text(&reply.json()["url"]);
        url.strip_prefix(&self.stripe.url()).expect("a page of the stand-in").to_owned()
    }

    /// Presses a button of the portal for the one subscription, and waits until the product has heard of it.
    pub(crate) async fn manage(&self, portal: &str, action: &str, more: &str) {
        let subscription = self.subscriptions().await.remove(0).stripe_id;
        let form = format!("subscription={subscription}&action={action}{more}");
        let (status, body) = self.send("POST", portal, "application/x-www-form-urlencoded", &form).await;
        assert_eq!(status, 303, "{action}: {}", String::from_utf8_lossy(&body));
        self.hear().await;
    }

    /// How the subscription stands.
    pub(crate) async fn status(&self) -> Value {
        let reply = ask(&self.subscription, self.signed(get("/v1/subscription"))).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    /// The same request with this person's token.
    fn signed(&self, mut request: functions_framework::Request) -> functions_framework::Request {
        let token = HeaderValue::from_str(&bearer(&self.person)).expect("a token is a header's value");
        request.headers_mut().insert(header::AUTHORIZATION, token);
        request
    }

    pub(crate) async fn cancel(&self, subscription: &str) {
        self.api("DELETE", &format!("/v1/subscriptions/{subscription}"), "").await;
    }

    pub(crate) async fn delete_customer(&self) {
        self.api("DELETE", &format!("/v1/customers/{}", self.customer), "").await;
    }

    /// Waits until the product has heard of everything that happened.
    pub(crate) async fn hear(&self) {
        if self.way == Way::Webhooks {
            return self.all_delivered().await;
        }
        let everything = reconcile::Arguments::read(&[]).expect("no argument is unknown");
        let summary = reconcile::run(self.reconcile.clone(), &everything, std::future::pending()).await;
        assert_eq!((summary.verdict(), summary.marked), (Ok(()), 0), "{summary:?}");
    }

    /// Waits until the webhook has accepted every event.
    pub(crate) async fn all_delivered(&self) {
        let done = async {
            loop {
                let pending = self.api("GET", "/v1/events?delivery_success=false", "").await;
                if pending["data"].as_array().is_some_and(Vec::is_empty) {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), done)
            .await
            .expect("every delivery is accepted in the end");
    }

    /// What playback answers for the members' film: the status and the problem's slug.
    pub(crate) async fn plays(&self) -> (u16, String) {
        let request = self.signed(get(&format!("/v1/videos/{}/playback", self.video.id)));
        ask(&self.playback, request).await.outcome()
    }

    pub(crate) async fn subscriptions(&self) -> Vec<Known> {
        let select =
            "select stripe_subscription_id, status, plan, needs_sync from subscriptions where user_id = $1";
        let rows = self.owner.query(select, &[&self.person.id.uuid()]).await.expect("the rows are readable");
        let known = |row: tokio_postgres::Row| Known {
            stripe_id: row.get(0),
            status: row.get(1),
            plan: row.get(2),
            needs_sync: row.get(3),
        };
        rows.into_iter().map(known).collect()
    }

    /// What the ledger holds of this type: the outcome, and whether it is this person's.
    pub(crate) async fn entries(&self, event_type: &str) -> Vec<(String, bool)> {
        let select =
            "select outcome, user_id is not distinct from $2 from payment_logs where event_type = $1";
        let rows = self.owner.query(select, &[&event_type, &self.person.id.uuid()]).await;
        let rows = rows.expect("the rows are readable").into_iter();
        rows.map(|row| (row.get(0), row.get(1))).collect()
    }

    /// Begins a subscription without a page: its id.
    pub(crate) async fn subscribe(&self, more: &str) -> String {
        let (user, customer) = (self.person.id, &self.customer);
        let form = format!("customer={customer}&items[0][price]=price_basic&metadata[user_id]={user}{more}");
        text(&self.api("POST", "/v1/subscriptions", &form).await["id"])
    }

    /// How many events the ledger holds.
    pub(crate) async fn logged(&self) -> i64 {
        self.owner.query_one("select count(*) from payment_logs", &[]).await.expect("it is counted").get(0)
    }

    /// How many events the webhook was to receive.
    pub(crate) async fn wanted(&self) -> i64 {
        let (_, body) = self.send("GET", "/_fake/events", "application/json", "").await;
        let events: Vec<Value> = serde_json::from_slice(&body).expect("a list");
        let wanted = events.iter().filter(|event| event["wanted"] == Value::Bool(true)).count();
        i64::try_from(wanted).expect("a small number")
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
