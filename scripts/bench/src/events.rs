//! Stripe's events as the load delivers them: changes of subscriptions that are stored, in the shape of a current API
//! version, each with an id and a second of its own.

use ring::hmac;
use serde_json::{Value, json};
use std::error::Error;
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::load::Shot;

/// The secret that the variables of tests name.
const SECRET: &str = "whsec_test_secret";
/// A subscription as Stripe tells of it.
const SHAPE: &str = include_str!("../../../shared/streamly/tests/events/dahlia_subscription_updated.json");
/// The number of the first subscription, so that all have as many digits.
pub(crate) const FIRST_SUBJECT: u64 = 1_000_000;
/// Connections deliver at once; more is no event's number apart from the next one's of the same connection.
pub(crate) const EVENTS_A_SECOND: u64 = 1_000;

/// What tells one event from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Numbers {
    /// Whose subscription it is about.
    pub(crate) subject: u64,
    /// Its own number.
    pub(crate) event: u64,
    /// Its second.
    pub(crate) created: u64,
}

/// The names that the tables and the events use.
impl Numbers {
    /// The person of a subscription, in SQL where `n` is its number.
    pub(crate) const USER_SQL: &str = "('00000000-0000-7000-8000-00000' || n)::uuid";
    /// The customer, likewise.
    pub(crate) const CUSTOMER_SQL: &str = "'cus_load' || n";
    /// The subscription, likewise.
    pub(crate) const SUBSCRIPTION_SQL: &str = "'sub_load' || n";

    fn fill(template: &str, [event, subject, created]: [&str; 3]) -> String {
        template.replace("@event", event).replace("@subject", subject).replace("\"@created\"", created)
    }
}

/// Writes events.
pub(crate) struct Pen {
    template: String,
    key: hmac::Key,
}

impl Pen {
    /// A pen that knows the shape and the secret.
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let mut event: Value = serde_json::from_str(SHAPE)?;
        event["id"] = json!("evt_load@event");
        event["created"] = json!("@created");
        event["data"]["previous_attributes"] = json!({ "latest_invoice": "in_0" });
        let object = &mut event["data"]["object"];
        object["id"] = json!("sub_load@subject");
        object["customer"] = json!("cus_load@subject");
        object["metadata"]["user_id"] = json!("00000000-0000-7000-8000-00000@subject");
        object["pause_collection"] = Value::Null;
        Ok(Self { template: event.to_string(), key: hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()) })
    }

    /// The text of an event.
    pub(crate) fn body(&self, numbers: Numbers) -> String {
        let Numbers { subject, event, created } = numbers;
        let texts = [event, subject, created].map(|number| number.to_string());
        Numbers::fill(&self.template, texts.each_ref().map(String::as_str))
    }

    /// The text of an event of the past, in SQL: of subscription `n`, its own number `i`, its second `s`.
    pub(crate) fn body_sql(&self) -> String {
        format!("'{}'", Numbers::fill(&self.template, ["' || i || '", "' || n || '", "' || s || '"]))
    }

    /// Its delivery, signed now.
    pub(crate) fn delivery(&self, numbers: Numbers) -> Shot {
        let (body, at) = (self.body(numbers), now());
        let mut context = hmac::Context::with_key(&self.key);
        context.update(format!("{at}.").as_bytes());
        context.update(body.as_bytes());
        let mut signature = format!("t={at},v1=");
        for byte in context.sign().as_ref() {
            // Writing to a string cannot fail.
            let _ = write!(signature, "{byte:02x}");
        }
        let headers = [("stripe-signature", signature.as_str()), ("content-type", "application/json")];
        Shot::new("POST", "/v1/webhooks/stripe", &headers, body.as_bytes())
    }
}

/// The machine's second.
#[expect(clippy::disallowed_methods, reason = "the programs live in the machine's time")]
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// Who delivers what: each connection has subscriptions of its own, so that the order of its events is the order in which
/// they are applied, and takes them in an order that follows no index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course {
    /// How many subscriptions there are; a multiple of the connections.
    pub(crate) subjects: u64,
    /// How many connections deliver.
    pub(crate) connections: u64,
    /// The second of the first events, later than every one before.
    pub(crate) from: u64,
}

impl Course {
    /// A prime that divides no number of subscriptions, so that a connection comes to each of its own before any comes
    /// again.
    pub(crate) const STRIDE: u64 = 48_271;

    /// The event that a connection delivers in its so manieth turn.
    pub(crate) fn numbers(self, connection: u64, turn: u64) -> Numbers {
        let place = turn * Self::STRIDE % (self.subjects / self.connections);
        let created = self.from + turn;
        Numbers {
            subject: FIRST_SUBJECT + place * self.connections + connection,
            event: created * EVENTS_A_SECOND + connection,
            created,
        }
    }
}
