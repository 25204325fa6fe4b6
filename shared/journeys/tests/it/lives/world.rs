//! One person and their subscriptions at a stand-in of their own.

use functions_framework::Request;
use http::{HeaderValue, StatusCode, header};
use local::client;
use local::stripe::{
    AfterRetries, Deliveries as Off, Options, PendingEvent, Retries, SeedPrice, Stripe, prices_of_plans,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::Duration;
use streamly::clock::Clock;
use testkit::{Person, ask, bearer, get};
use tokio::task::JoinSet;

use super::deliveries::{Chance, Deliveries, Delivery};
use super::rules::{right_of, shown};
use super::stage::Stage;
use super::step::Step;

const DAY: u64 = 86_400;
/// How long ago a life begins at the most: it goes on into the future, or ends before the present.
const AGO: u64 = 60 * DAY;
/// How many deliveries arrive at once.
const AT_ONCE: usize = 4;

pub(crate) struct World<'a> {
    stage: &'a Stage,
    person: Person,
    customer: String,
    stripe: Stripe,
    subscriptions: Mutex<Vec<String>>,
    events: Mutex<Vec<PendingEvent>>,
    /// The events that arrived whole.
    heard: Mutex<Vec<String>>,
    /// What happened, for the report of a failure.
    history: Mutex<Vec<String>>,
}

impl<'a> World<'a> {
    pub(crate) async fn new(stage: &'a Stage) -> Self {
        stage.clear().await;
        let person = Person::new(&stage.owner).await;
        let mut prices = prices_of_plans(&stage.variables["PLANS"]).expect("the plans are readable");
        prices.push(SeedPrice {
            id: "price_foreign".to_owned(),
            name: "Foreign".to_owned(),
            amount_minor: 100,
            currency: "eur".to_owned(),
            interval: "month".to_owned(),
        });
        let system = Clock::system();
        let clock = Clock::from_fn(move || (system.now() - Duration::from_secs(AGO)).into());
        let deliveries = Off { on: false, ..Off::default() };
        let (secret_key, secret) =
            (&*stage.variables["STRIPE_SECRET_KEY"], &*stage.variables["STRIPE_WEBHOOK_SECRET"]);
        let options = Options { prices, clock, deliveries, ..Options::new(secret_key, secret) };
        let stripe = Stripe::start(options).await.expect("loopback has a free port");
        let mut world = Self {
            stage,
            person,
            customer: String::new(),
            stripe,
            subscriptions: Mutex::default(),
            events: Mutex::default(),
            heard: Mutex::default(),
            history: Mutex::default(),
        };
        let form = format!("metadata[user_id]={}", world.person.id);
        let (_, customer) = world.api("POST", "/v1/customers", &form).await;
        customer["id"].as_str().expect("an id").clone_into(&mut world.customer);
        world
    }

    /// Decides what becomes of subscriptions whose renewal fails for the last time.
    pub(crate) fn choose_end(&self, chance: &mut Chance) {
        let ends = [AfterRetries::Cancel, AfterRetries::Unpaid, AfterRetries::PastDue];
        self.stripe.set_retries(Retries { then: ends[chance.below(ends.len())], ..Retries::default() });
    }

    fn note(&self, what: String) {
        self.history.lock().expect("no test panics with the lock").push(what);
    }

    fn history(&self) -> String {
        self.history.lock().expect("no test panics with the lock").join("\n  ")
    }

    async fn api(&self, method: &str, path: &str, form: &str) -> (u16, Value) {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.stripe.url()))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.stage.variables["STRIPE_SECRET_KEY"]))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.to_owned().into())
            .expect("the parts are valid");
        let answer = client::send(request).await.expect("the stand-in answers");
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or_default())
    }

    fn subscription(&self, number: usize) -> Option<String> {
        self.subscriptions.lock().expect("no test panics with the lock").get(number).cloned()
    }

    /// Lets this happen, where Stripe allows it.
    pub(crate) async fn take(&self, step: Step) {
        let at = self.stripe.now();
        let post = async |number: usize, rest: &str, form: String| match self.subscription(number) {
            Some(id) => self.api("POST", &format!("/v1/subscriptions/{id}{rest}"), &form).await.0,
            None => 0,
        };
        let answered = match step {
            Step::Hold(held) => {
                self.stripe.hold(held);
                0
            }
            Step::Seconds(seconds) => {
                self.stripe.advance(Duration::from_secs(seconds.into()));
                0
            }
            Step::Days(days) => {
                self.stripe.advance(Duration::from_secs(u64::from(days) * DAY));
                0
            }
            Step::Subscribe { plan, pays, trial } => self.subscribe(plan.price(), pays, trial).await,
            Step::Change(number, plan) => {
                let id = self.subscription(number).unwrap_or_default();
                let item = self.stripe.object(&id).unwrap_or_default()["items"]["data"][0]["id"].clone();
                let item = item.as_str().unwrap_or_default();
                post(number, "", format!("items[0][id]={item}&items[0][price]={}", plan.price())).await
            }
            Step::CancelAtPeriodEnd(number, on) => {
                post(number, "", format!("cancel_at_period_end={on}")).await
            }
            Step::CancelIn(number, days) => {
                let end = at + i64::from(days) * 86_400;
                post(number, "", format!("cancel_at={end}")).await
            }
            Step::End(number) => match self.subscription(number) {
                Some(id) => self.api("DELETE", &format!("/v1/subscriptions/{id}"), "").await.0,
                None => 0,
            },
            Step::PauseCollection(number, true) => {
                post(number, "", "pause_collection[behavior]=void".to_owned()).await
            }
            Step::PauseCollection(number, false) => post(number, "", "pause_collection=".to_owned()).await,
            Step::Pause(number) => post(number, "/pause", "type=subscription".to_owned()).await,
            Step::Resume(number) => post(number, "/resume", String::new()).await,
            Step::Describe(number, text) => post(number, "", format!("metadata[note]={text}")).await,
            Step::Trial(number, days) => {
                let end = at + i64::from(days) * 86_400;
                post(number, "", format!("trial_end={end}")).await
            }
            Step::EndTrial(number) => post(number, "", "trial_end=now".to_owned()).await,
            Step::Ask(number) => {
                let card = self.on_file("pm_card_authenticationRequired").await;
                post(number, "", format!("default_payment_method={card}")).await
            }
            Step::Card(number, pays) => {
                let card = self.card(pays).await;
                post(number, "", format!("default_payment_method={card}")).await
            }
            Step::Pay(number) => self.pay_latest_invoice(number).await,
            Step::DeleteCustomer => {
                self.api("DELETE", &format!("/v1/customers/{}", self.customer), "").await.0
            }
        };
        let kind = format!("{step:?}");
        let kind = kind.split(['(', ' ']).next().unwrap_or_default();
        self.stage.tally.count(format!("step: {kind}"));
        self.note(format!("{at}: {step:?}, answered {answered}"));
    }

    /// Pays what a subscription asks for: the answer's status.
    async fn pay_latest_invoice(&self, number: usize) -> u16 {
        let object = self.stripe.object(&self.subscription(number).unwrap_or_default());
        let invoice = object.unwrap_or_default()["latest_invoice"].clone();
        let path = format!("/v1/invoices/{}/pay", invoice.as_str().unwrap_or("in_0"));
        let card = self.card(true).await;
        self.api("POST", &path, &format!("payment_method={card}")).await.0
    }

    async fn card(&self, pays: bool) -> String {
        self.on_file(if pays { "pm_card_visa" } else { "pm_card_chargeCustomerFail" }).await
    }

    async fn on_file(&self, card: &str) -> String {
        let path = format!("/v1/payment_methods/{card}/attach");
        let (_, method) = self.api("POST", &path, &format!("customer={}", self.customer)).await;
        method["id"].as_str().unwrap_or("pm_none").to_owned()
    }

    async fn subscribe(&self, price: &str, pays: bool, trial: bool) -> u16 {
        if self.subscription(1).is_some() {
            return 0;
        }
        let card = self.card(pays).await;
        let mut form = format!(
            "customer={}&items[0][price]={price}&default_payment_method={card}&metadata[user_id]={}",
            self.customer, self.person.id
        );
        if trial {
            form.push_str("&trial_period_days=7");
        }
        let (status, made) = self.api("POST", "/v1/subscriptions", &form).await;
        if let Some(id) = made["id"].as_str().filter(|_| status == 200) {
            self.subscriptions.lock().expect("no test panics with the lock").push(id.to_owned());
        }
        status
    }

    /// What Stripe has to tell by now, as chance lets it arrive.
    pub(crate) fn news(&self, chance: &mut Chance, is_lossy: bool) -> Deliveries {
        let events = self.stripe.take_pending();
        let news = Deliveries::of(&events, chance, is_lossy, &self.stage.tally);
        self.events.lock().expect("no test panics with the lock").extend(events);
        news
    }

    /// Lets these things happen, with the news of each at its heels.
    pub(crate) async fn live_on(&self, steps: &[Step], chance: &mut Chance, is_lossy: bool) {
        for step in steps {
            self.take(*step).await;
            self.deliver(&self.news(chance, is_lossy)).await;
        }
        self.stage.tally.count("job: beside life".to_owned());
    }

    /// Everything that Stripe ever told, once more, and complete.
    pub(crate) fn everything(&self, chance: &mut Chance) -> Deliveries {
        let events = self.events.lock().expect("no test panics with the lock").clone();
        Deliveries::of(&events, chance, false, &self.stage.tally).shuffled(chance)
    }

    /// Delivers to the webhook, some at once.
    pub(crate) async fn deliver(&self, deliveries: &Deliveries) {
        for together in deliveries.0.chunks(AT_ONCE) {
            let mut set = JoinSet::new();
            for delivery in together {
                let Delivery { event, body, is_whole } = delivery.clone();
                let (webhook, signature) = (self.stage.webhook.clone(), self.stripe.sign(&body));
                set.spawn(async move {
                    loop {
                        let reply = ask(&webhook, delivery_of(&body, &signature)).await;
                        // Stripe delivers again, too, what a busy endpoint did not take.
                        if reply.status != StatusCode::SERVICE_UNAVAILABLE {
                            return (event, is_whole, reply);
                        }
                    }
                });
            }
            for (event, is_whole, reply) in set.join_all().await {
                assert_eq!(reply.status, 200, "{}", reply.text());
                let (thin, body) = (if is_whole { "" } else { ", thin" }, reply.json());
                let outcome = body["outcome"].as_str().unwrap_or_default();
                self.stage.tally.count(format!("outcome: {outcome}"));
                self.note(format!("{event:?}{thin}: {outcome}"));
                if is_whole {
                    self.stripe.note_answer(event.id(), 200);
                    self.heard.lock().expect("no test panics with the lock").push(event.id().to_owned());
                }
            }
        }
    }

    /// Runs the job; whatever is due gets settled.
    pub(crate) async fn reconcile(&self, arguments: &str) {
        // Time has passed: what failed before is due again.
        let due = "update subscriptions set sync_after = null";
        self.stage.owner.batch_execute(due).await.expect("the owner may update");
        let summary = self.run(arguments).await;
        assert_eq!(summary.verdict(), Ok(()), "{summary:?}\n  {}", self.history());
        self.note(format!("{}: reconcile {arguments}", self.stripe.now()));
    }

    /// Runs the job a few times while news arrive, which may keep it from settling everything.
    pub(crate) async fn reconcile_beside(&self) {
        for _ in 0..3 {
            let summary = self.run("").await;
            let (asked, newer) = (summary.requests, summary.newer);
            self.note(format!("{}: reconcile beside, {asked} requests, {newer} newer", self.stripe.now()));
        }
        self.stage.tally.count("job: beside deliveries".to_owned());
    }

    async fn run(&self, arguments: &str) -> reconcile::Summary {
        let words: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        let arguments = reconcile::Arguments::read(&words).expect("arguments");
        reconcile::run(self.stage.job(&self.stripe.url()), &arguments, std::future::pending()).await
    }

    /// Whether everything about a subscription arrived whole.
    fn is_heard(&self, subscription: &str) -> bool {
        let events = self.events.lock().expect("no test panics with the lock");
        let heard = self.heard.lock().expect("no test panics with the lock");
        let about = events.iter().filter(|event| {
            event.object_id() == subscription && event.kind().starts_with("customer.subscription.")
                || event.kind() == "customer.deleted"
        });
        about.into_iter().all(|event| heard.iter().any(|heard| heard == event.id()))
    }

    /// Every subscription is stored as it stands at Stripe; before the job, that or a mark is asked of those alone of
    /// which everything was heard.
    pub(crate) async fn right_or_marked(&self, is_settled: bool) -> Result<(), TestCaseError> {
        let subscriptions = self.subscriptions.lock().expect("no test panics with the lock").clone();
        for id in subscriptions.iter().filter(|id| is_settled || self.is_heard(id)) {
            let stored = self.stored(id).await;
            let stripes = shown(&self.stripe.object(id).expect("it is there"));
            let marked = stored["needs_sync"] == json!(true);
            let equal = stripes.iter().all(|(name, value)| stored[name] == *value);
            // What a deleted customer had is never given to anyone; it has ended.
            let status = stripes.iter().find(|(name, _)| *name == "status").map(|(_, value)| value);
            let status = status.and_then(Value::as_str).unwrap_or_default();
            self.stage.tally.count(format!("status: {status}"));
            self.stage.tally.count(format!("row: {}", if marked { "marked" } else { "right unmarked" }));
            let forgotten = stored.is_null() && self.customer_is_deleted();
            let right = forgotten || if marked { !is_settled } else { equal };
            prop_assert!(
                right,
                "{id}: settled {is_settled}, marked {marked}\n  stored {stored}\n  Stripe {stripes:?}\n  {}",
                self.history()
            );
        }
        Ok(())
    }

    fn customer_is_deleted(&self) -> bool {
        self.stripe.object(&self.customer).is_none_or(|customer| customer["deleted"] == json!(true))
    }

    async fn stored(&self, id: &str) -> Value {
        let select = "
            select to_jsonb(s) || jsonb_build_object(
                     'current_period_start', extract(epoch from current_period_start)::bigint,
                     'current_period_end', extract(epoch from current_period_end)::bigint,
                     'trial_end', extract(epoch from trial_end)::bigint,
                     'cancel_at', extract(epoch from cancel_at)::bigint,
                     'canceled_at', extract(epoch from canceled_at)::bigint,
                     'ended_at', extract(epoch from ended_at)::bigint)
              from subscriptions s
             where stripe_subscription_id = $1";
        let row = self.stage.owner.query_opt(select, &[&id]).await.expect("the row is readable");
        row.map_or(Value::Null, |row| row.get(0))
    }

    /// What playback answers is what the table of access says of the stored rows.
    pub(crate) async fn access_is_as_the_table_says(&self) -> Result<(), TestCaseError> {
        // What was asked before is no second screen.
        self.stage.owner.execute("delete from streams", &[]).await.expect("the owner may delete");
        let mut request = get(&format!("/v1/videos/{}/playback", self.stage.video.id));
        let token = HeaderValue::from_str(&bearer(&self.person)).expect("header text");
        request.headers_mut().insert(header::AUTHORIZATION, token);
        let reply = ask(&self.stage.playback, request).await;
        let answered = if reply.status == 200 { "access".to_owned() } else { reply.slug() };
        let select = "
            select to_jsonb(s) || jsonb_build_object(
                     'end', extract(epoch from current_period_end - now())::float8,
                     'made', extract(epoch from created_at - now())::float8,
                     'cancel', extract(epoch from cancel_at - now())::float8,
                     'due', extract(epoch from past_due_since - now())::float8)
              from subscriptions s
             where user_id = $1";
        let rows =
            self.stage.owner.query(select, &[&self.person.id.uuid()]).await.expect("the rows are readable");
        let words = rows.iter().map(|row| right_of(&row.get(0)));
        let order = ["access", "payment-required", "subscription-lapsed", "subscription-required"];
        let best = words.min_by_key(|word| order.iter().position(|known| known == word));
        let expected = best.unwrap_or("subscription-required");
        self.stage.tally.count(format!("playback: {answered}"));
        prop_assert_eq!(answered, expected, "{}", self.history());
        Ok(())
    }
}

fn delivery_of(body: &[u8], signature: &str) -> Request {
    let request = http::Request::post("/v1/webhooks/stripe").header("stripe-signature", signature);
    request.body(body.to_vec().into()).expect("the parts are valid")
}
