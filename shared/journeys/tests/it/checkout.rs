//! From a plan to a page and back: the real checkout at the stand-in for Stripe, which takes no parameter that Stripe does
//! not know, with the real webhook behind it.

use axum::extract::State;
use functions_framework::{Routes, call, env};
use http::{HeaderValue, Request, Response, header};
use local::client;
use local::server::Server;
use local::stripe::{Fault, FaultKind, Options, Stripe, prices_of_plans};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::{Database, Person, Reply, ask, bearer, post, variables};
use tokio::task::JoinSet;
use tokio_postgres::Client;

const PLANS: &str = r#"[
  {"slug": "basic", "name": "Basic", "price_id": "price_basic", "tier": "basic", "amount_minor": 900, "currency": "eur",
   "interval": "month"},
  {"slug": "premium", "name": "Premium", "price_id": "price_premium", "tier": "premium", "trial_days": 7,
   "amount_minor": 1900, "currency": "eur", "interval": "month", "allow_promotion_codes": true, "automatic_tax": true}
]"#;
const SESSIONS: &str = "/v1/checkout/sessions";

struct World {
    owner: Client,
    person: Person,
    stripe: Stripe,
    secret_key: String,
    checkout: Routes<checkout::Parts>,
    _webhook: Server,
    _database: Database,
}

async fn receive(
    State(webhook): State<Routes<webhook::Parts>>,
    request: axum::extract::Request,
) -> Response<axum::body::Body> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 2 << 20).await.expect("the stand-in sends whole bodies");
    let answer = call(&webhook, Request::from_parts(head, body.into())).await;
    answer.map(|body| axum::body::Body::from(body.into_bytes()))
}

impl World {
    async fn new() -> Self {
        let database = Database::new().await;
        let owner = database.owner().await;
        let person = Person::new(&owner).await;
        let of_webhook = variables(&database, "webhook", &[("PLANS", PLANS)]);
        let (secret_key, secret) =
            (of_webhook["STRIPE_SECRET_KEY"].clone(), of_webhook["STRIPE_WEBHOOK_SECRET"].clone());
        let prices = prices_of_plans(PLANS).expect("the plans are readable");
        let retry_delay = Duration::from_millis(20);
        let options = Options { prices, retry_delay, ..Options::new(&*secret_key, secret) };
        let stripe = Stripe::start(options).await.expect("loopback has a free port");
        let config = env::read_from(&of_webhook, webhook::Config::read).expect("variables");
        let webhook = webhook::routes(webhook::Parts::real(config));
        let served = axum::Router::new().fallback(receive).with_state(webhook);
        let webhook = Server::start(0, served).await.expect("loopback has a free port");
        stripe.deliver_to(&format!("{}/v1/webhooks/stripe", webhook.url()));
        let of_checkout =
            variables(&database, "checkout", &[("PLANS", PLANS), ("STRIPE_API_BASE", &stripe.url())]);
        let config = env::read_from(&of_checkout, checkout::Config::read).expect("variables");
        let checkout = checkout::routes(checkout::Parts::real(config));
        Self { owner, person, stripe, secret_key, checkout, _webhook: webhook, _database: database }
    }

    /// The person's wish for a plan; wishes of one key are one, whatever the machine's time.
    fn wish(&self, plan: &str) -> functions_framework::Request {
        let mut request = post("/v1/checkout", &json!({"plan": plan}));
        let headers = request.headers_mut();
        headers.insert(
            header::AUTHORIZATION,
            HeaderValue::from_str(&bearer(&self.person)).expect("header text"),
        );
        headers.insert("idempotency-key", HeaderValue::from_static("one wish"));
        request
    }

    async fn subscribe(&self, plan: &str) -> Reply {
        ask(&self.checkout, self.wish(plan)).await
    }

    /// Gets a page: its session's id.
    async fn page(&self, plan: &str) -> String {
        let reply = self.subscribe(plan).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["checkout_session_id"].as_str().expect("an id").to_owned()
    }

    async fn send(&self, method: &str, path: &str, media_type: &str, body: &str) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.stripe.url()))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.secret_key))
            .header(header::CONTENT_TYPE, media_type)
            .body(body.to_owned().into())
            .expect("the parts are valid");
        let answer = client::send(request).await.expect("the stand-in answers");
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, value) = self.send("GET", path, "application/json", "").await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    /// Pays on the hosted page; the webhook has heard of it when the page answers.
    async fn pay(&self, session: &str) {
        let form = "action=pay&card_number=4242424242424242";
        let path = format!("/c/pay/{session}");
        assert_eq!(self.send("POST", &path, "application/x-www-form-urlencoded", form).await.0, 303);
    }

    /// Switches the stand-in's deliveries on or off.
    async fn deliveries(&self, on: bool) {
        let body = json!({"on": on}).to_string();
        let (status, answer) = self.send("POST", "/_fake/webhooks", "application/json", &body).await;
        assert!((200..300).contains(&status), "{answer}");
    }

    /// How many requests of this path the stand-in received.
    async fn received(&self, path: &str) -> usize {
        let requests = self.get("/_fake/requests").await;
        requests.as_array().expect("a list").iter().filter(|request| request["path"] == path).count()
    }

    async fn customer(&self) -> Option<String> {
        let select = "select stripe_customer_id from users where id = $1";
        self.owner.query_one(select, &[&self.person.id.uuid()]).await.expect("the row is readable").get(0)
    }
}

#[tokio::test]
async fn every_parameter_is_one_of_stripes() {
    let world = World::new().await;
    for plan in ["basic", "premium"] {
        let reply = world.subscribe(plan).await;
        assert_eq!(reply.status, 200, "{plan}: {}", reply.text());
        let session = reply.json();
        let id = session["checkout_session_id"].as_str().expect("an id");
        let stored = world.get(&format!("{SESSIONS}/{id}")).await;
        assert_eq!(stored["status"], "open");
        assert_eq!(stored["client_reference_id"], world.person.id.to_string());
        assert_eq!(stored["url"], session["url"]);
        assert_eq!(stored["success_url"], "https://app.test/welcome?session={CHECKOUT_SESSION_ID}");
    }
}

#[tokio::test]
async fn ten_wishes_at_once_are_one_customer_and_one_page() {
    let world = World::new().await;
    let mut set = JoinSet::new();
    for _ in 0..10 {
        let (checkout, wish) = (world.checkout.clone(), world.wish("basic"));
        set.spawn(async move { ask(&checkout, wish).await });
    }
    let mut pages = Vec::new();
    for reply in set.join_all().await {
        assert_eq!(reply.status, 200, "{}", reply.text());
        pages.push(reply.json()["checkout_session_id"].clone());
    }
    pages.dedup();
    assert_eq!(pages.len(), 1);
    let customer = world.customer().await.expect("a customer");
    let session = world.get(&format!("{SESSIONS}/{}", pages[0].as_str().expect("an id"))).await;
    assert_eq!(session["customer"], customer);
    let events = world.get("/v1/events?types[]=customer.created").await;
    assert_eq!(events["data"].as_array().map(Vec::len), Some(1), "{events}");
}

#[tokio::test]
async fn who_paid_is_sold_no_second_subscription_whether_we_heard_of_it_or_not() {
    let heard = World::new().await;
    let page = heard.page("basic").await;
    heard.pay(&page).await;
    assert_eq!(heard.subscribe("premium").await.outcome(), (409, "already-subscribed".to_owned()));

    let unheard = World::new().await;
    unheard.deliveries(false).await;
    let page = unheard.page("basic").await;
    unheard.pay(&page).await;
    assert_eq!(unheard.subscribe("basic").await.outcome(), (409, "already-subscribed".to_owned()));
    assert_eq!(unheard.subscribe("premium").await.outcome(), (409, "already-subscribed".to_owned()));
    assert_eq!(unheard.subscribe("premium").await.outcome(), (409, "already-subscribed".to_owned()));
}

#[tokio::test]
async fn another_plan_closes_the_page_before_and_coming_back_opens_a_new_one() {
    let world = World::new().await;
    let basic = world.page("basic").await;
    assert_eq!(world.page("basic").await, basic, "who left finds the same page");
    let premium = world.page("premium").await;
    let again = world.page("basic").await;
    let mut states = Vec::new();
    for page in [&basic, &premium, &again] {
        states.push(world.get(&format!("{SESSIONS}/{page}")).await["status"].clone());
    }
    assert_eq!(states, ["expired", "expired", "open"]);
}

#[tokio::test]
async fn a_customer_who_was_deleted_unheard_is_replaced() {
    let world = World::new().await;
    world.page("basic").await;
    let first = world.customer().await.expect("a customer");
    world.deliveries(false).await;
    let path = format!("/v1/customers/{first}");
    assert_eq!(world.send("DELETE", &path, "application/json", "").await.0, 200);
    world.page("premium").await;
    assert_ne!(world.customer().await.expect("a customer"), first);
}

#[tokio::test]
async fn faults_that_pass_are_outlasted_and_others_are_told() {
    let world = World::new().await;
    let refused = (502, "payment-provider-error".to_owned());
    for kind in [FaultKind::Html, FaultKind::Cut] {
        world.stripe.inject(Fault::once("/v1/customers", kind));
        assert_eq!(world.subscribe("basic").await.outcome(), refused);
    }
    let limited = FaultKind::Status { status: 429, should_retry: None, kept: false };
    world.stripe.inject(Fault::once("/v1/customers", limited));
    assert_eq!(world.subscribe("basic").await.outcome(), refused);
    world.stripe.inject(Fault::once("/v1/customers", FaultKind::Close));
    world
        .stripe
        .inject(Fault::once(SESSIONS, FaultKind::Status { status: 500, should_retry: None, kept: false }));
    let before = (world.received("/v1/customers").await, world.received(SESSIONS).await);
    world.page("basic").await;
    let after = (world.received("/v1/customers").await, world.received(SESSIONS).await);
    assert_eq!((after.0 - before.0, after.1 - before.1), (2, 2));
    // The answer is lost after the work: the next wish finds what was made.
    world.stripe.inject(Fault::once(SESSIONS, FaultKind::Cut).after_the_work());
    assert_eq!(world.subscribe("premium").await.outcome(), refused);
    let page = world.page("premium").await;
    assert_eq!(world.page("premium").await, page);
}
