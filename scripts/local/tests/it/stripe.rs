//! The stand-in for Stripe, asked as a client, as a payer and as a webhook endpoint.

mod api;
mod authentication;
mod deliveries;
mod desk;
mod disorder;
mod faults;
mod idempotency;
mod memory;
mod payers;
mod payments;
mod portal;
mod reversals;
mod time;
mod trials;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use http::{Request, Response, header};
use local::client;
use local::server::Server;
use local::stripe::{Options, SeedPrice, Stripe};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;

const SECRET_KEY: &str = "sk_test_of_the_tests";
const WEBHOOK_SECRET: &str = "whsec_of_the_tests";
const PRICE: &str = "price_basic";

/// What the webhook endpoint received.
struct Delivery {
    headers: HeaderMap,
    body: Bytes,
}

impl Delivery {
    fn event(&self) -> Value {
        serde_json::from_slice(&self.body).expect("an event is JSON")
    }

    fn kind(&self) -> String {
        self.event()["type"].as_str().expect("an event has a type").to_owned()
    }

    fn signature(&self) -> &str {
        self.headers["stripe-signature"].to_str().expect("the header is text")
    }
}

type Inbox = (mpsc::UnboundedSender<Delivery>, Arc<Mutex<VecDeque<StatusCode>>>);

/// A webhook endpoint: the first answers are as told, the others 200.
struct Endpoint {
    server: Server,
    deliveries: mpsc::UnboundedReceiver<Delivery>,
}

impl Endpoint {
    async fn start(answers: &[StatusCode]) -> Self {
        async fn receive(
            State((inbox, answers)): State<Inbox>,
            headers: HeaderMap,
            body: Bytes,
        ) -> StatusCode {
            let answer = answers.lock().expect("no test panics in here").pop_front();
            inbox.send(Delivery { headers, body }).expect("the test still listens");
            answer.unwrap_or(StatusCode::OK)
        }
        let (inbox, deliveries) = mpsc::unbounded_channel();
        let answers = Arc::new(Mutex::new(answers.iter().copied().collect()));
        let routes = axum::Router::new().fallback(receive).with_state((inbox, answers));
        Self { server: Server::start(0, routes).await.expect("loopback has a free port"), deliveries }
    }

    fn url(&self) -> String {
        format!("{}/webhook", self.server.url())
    }

    /// The next delivery; a stand-in that sends none fails the test.
    async fn next(&mut self) -> Delivery {
        let next = tokio::time::timeout(Duration::from_secs(10), self.deliveries.recv()).await;
        next.expect("a delivery comes").expect("the endpoint runs")
    }

    /// As many deliveries as told, in the order in which they came.
    async fn take(&mut self, count: usize) -> Vec<Delivery> {
        let mut taken = Vec::new();
        while taken.len() < count {
            taken.push(self.next().await);
        }
        taken
    }

    /// The next delivery of this type; the others are passed over.
    async fn next_of(&mut self, kind: &str) -> Delivery {
        loop {
            let delivery = self.next().await;
            if delivery.kind() == kind {
                return delivery;
            }
        }
    }
}

/// A running stand-in with one price.
struct Stand {
    stripe: Stripe,
}

impl Stand {
    async fn start() -> Self {
        Self::with(options()).await
    }

    async fn with(options: Options) -> Self {
        Self { stripe: Stripe::start(options).await.expect("loopback has a free port") }
    }

    /// One that delivers to an endpoint which answers so.
    async fn delivering(answers: &[StatusCode]) -> (Self, Endpoint) {
        let endpoint = Endpoint::start(answers).await;
        let stand = Self::start().await;
        stand.stripe.deliver_to(&endpoint.url());
        (stand, endpoint)
    }

    fn request(&self, method: &str, path: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.stripe.url()))
            .header(header::AUTHORIZATION, format!("Bearer {SECRET_KEY}"))
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request("GET", path), "").await
    }

    async fn delete(&self, path: &str) -> Answer {
        Answer::to(self.request("DELETE", path), "").await
    }

    async fn post(&self, path: &str, form: &str) -> Answer {
        Answer::to(self.form(path), form).await
    }

    async fn post_with_key(&self, path: &str, form: &str, key: &str) -> Answer {
        Answer::to(self.form(path).header("Idempotency-Key", key), form).await
    }

    fn form(&self, path: &str) -> http::request::Builder {
        self.request("POST", path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
    }

    async fn control(&self, path: &str, json: &str) -> Answer {
        let request = self.request("POST", path).header(header::CONTENT_TYPE, "application/json");
        Answer::to(request, json).await
    }

    async fn customer(&self) -> String {
        let customer = self.post("/v1/customers", "email=a%40example.com&metadata[user_id]=u1").await;
        customer.json()["id"].as_str().expect("a customer has an id").to_owned()
    }

    /// A session for a new customer: its id.
    async fn session(&self, more: &str) -> String {
        let customer = self.customer().await;
        let form = session_form(&customer, more);
        let session = self.post("/v1/checkout/sessions", &form).await;
        assert_eq!(session.status(), 200, "{}", session.text());
        session.json()["id"].as_str().expect("a session has an id").to_owned()
    }

    /// The types of everything that has happened, oldest first.
    async fn kinds(&self) -> Vec<String> {
        let events = self.get("/v1/events?limit=100").await.json();
        let events = events["data"].as_array().expect("a list").iter().rev();
        events.map(|event| event["type"].as_str().expect("a type").to_owned()).collect()
    }

    /// Presses a button of the hosted page.
    async fn press(&self, session: &str, form: &str) -> Answer {
        let url = self.get(&format!("/v1/checkout/sessions/{session}")).await.json()["url"].clone();
        let url =
            url.as_str().map_or_else(|| format!("{}/c/pay/{session}", self.stripe.url()), str::to_owned);
        let request = Request::post(url).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        Answer::to(request, form).await
    }
}

fn options() -> Options {
    let price = SeedPrice {
        id: PRICE.to_owned(),
        name: "Basic".to_owned(),
        amount_minor: 999,
        currency: "usd".to_owned(),
        interval: "month".to_owned(),
    };
    Options {
        prices: vec![price],
        retry_delay: Duration::from_millis(1),
        ..Options::new(SECRET_KEY, WEBHOOK_SECRET)
    }
}

fn session_form(customer: &str, more: &str) -> String {
    format!(
        "mode=subscription&customer={customer}&client_reference_id=u1&metadata[user_id]=u1\
         &subscription_data[metadata][user_id]=u1&line_items[0][price]={PRICE}&line_items[0][quantity]=1\
         &success_url=https%3A%2F%2Fshop.test%2Fdone%3Fid%3D%7BCHECKOUT_SESSION_ID%7D\
         &cancel_url=https%3A%2F%2Fshop.test%2Fback{more}"
    )
}

/// An answer read to its end.
struct Answer(Response<Bytes>);

impl Answer {
    async fn to(request: http::request::Builder, body: &str) -> Self {
        let request =
            request.body(Bytes::copy_from_slice(body.as_bytes())).expect("the test wrote a request");
        Self(client::send(request).await.expect("it answers"))
    }

    fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    fn header(&self, name: &str) -> &str {
        self.0.headers().get(name).map_or("", |value| value.to_str().expect("headers here are text"))
    }

    fn text(&self) -> &str {
        std::str::from_utf8(self.0.body()).expect("this body is text")
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_slice(self.0.body()).expect("this body is JSON")
    }

    /// Status and code of a refusal.
    fn refusal(&self) -> (u16, String) {
        let error = &self.json()["error"];
        let code = error["code"].as_str().or(error["type"].as_str()).expect("a refusal says why");
        (self.status(), code.to_owned())
    }
}
