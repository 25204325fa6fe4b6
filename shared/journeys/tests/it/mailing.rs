//! From a registration to the mail that it sends: the outbox joins two functions that do not know each other.

use functions_framework::Routes;
use functions_framework::env::read_from;
use http::HeaderValue;
use mail_parser::MessageParser;
use serde_json::json;
use testkit::smtp::{At, Fault, Smtp};
use testkit::{Database, Reply, ask, post, variables};
use tokio::task::JoinSet;
use tokio_postgres::Client;

/// A registration, a mailer and a relay over one database.
struct Town {
    owner: Client,
    register: Routes<register::Parts>,
    mailer: Routes<mailer::Parts>,
    smtp: Smtp,
    _database: Database,
}

impl Town {
    async fn new(changes: &[(&str, &str)]) -> Self {
        let (database, smtp) = (Database::new().await, Smtp::start().await.expect("a free port"));
        let mut all = vec![("THROTTLE_IP_REGISTER", "100000/60")];
        all.extend_from_slice(changes);
        let config = read_from(&variables(&database, "register", &all), register::Config::read);
        let register = register::Parts::real(config.expect("the standard variables suffice"));
        let all = [("SMTP_URL", &*smtp.url())];
        let config = read_from(&variables(&database, "mailer", &all), mailer::Config::read);
        let mailer = mailer::Parts::real(config.expect("the standard variables suffice"));
        Self {
            owner: database.owner().await,
            register: register::routes(register.expect("its parts hold")),
            mailer: mailer::routes(mailer),
            smtp,
            _database: database,
        }
    }

    async fn register(&self, email: &str) -> Reply {
        let body = json!({ "email": email, "password": "difference engine no 2" });
        let mut request = post("/v1/register", &body);
        for name in ["host", "x-forwarded-host", "origin", "referer"] {
            request.headers_mut().insert(name, HeaderValue::from_static("https://evil.example"));
        }
        ask(&self.register, request).await
    }

    async fn drain(&self) -> String {
        ask(&self.mailer, post("/drain", &json!({}))).await.text()
    }

    /// The links of the mails to this address, the oldest mail first.
    fn links(&self, email: &str) -> Vec<String> {
        let mails = self.smtp.mails();
        let to = mails.iter().filter(|mail| mail.recipients == [email]);
        let texts = to.map(|mail| {
            let message = MessageParser::default().parse(&mail.content).expect("a message");
            message.body_text(0).unwrap_or_default().into_owned()
        });
        let links = texts
            .map(|text| text.split_whitespace().find(|word| word.contains("#token=")).map(str::to_owned));
        links.map(|link| link.expect("a link with a token")).collect()
    }
}

#[tokio::test]
async fn a_mailed_link_leads_to_the_product_whatever_a_request_claims_and_its_token_is_the_stored_one() {
    for (changes, status) in [(&[][..], 201), (&[("EMAIL_VERIFICATION", "required")][..], 202)] {
        let town = Town::new(changes).await;
        assert_eq!(town.register("ada@example.com").await.status, status);
        assert_eq!(town.drain().await, r#"{"sent":1,"failed":0}"#);
        let links = town.links("ada@example.com");
        let token =
            links[0].strip_prefix("https://app.test/verify-email#token=").expect("a link to the product");
        let stored = "select count(*) from one_time_tokens where hash = sha256(convert_to($1, 'utf8'))";
        let count: i64 = town.owner.query_one(stored, &[&token]).await.expect("the owner may read").get(0);
        assert_eq!(count, 1, "{status}");
        for mail in town.smtp.mails() {
            assert!(!String::from_utf8_lossy(&mail.content).contains("evil"));
        }
    }
}

#[tokio::test]
async fn without_a_relay_registrations_are_answered_as_ever_and_their_mails_are_sent_later() {
    let town = Town::new(&[]).await;
    town.smtp.fault(At::Greeting, Fault::Answer(421));
    for number in 0..3 {
        assert_eq!(town.register(&format!("person-{number}@example.com")).await.status, 201);
    }
    assert_eq!(town.drain().await, r#"{"sent":0,"failed":3}"#);
    town.smtp.heal();
    town.owner.batch_execute("update mail_outbox set not_before = now()").await.expect("the owner may");
    assert_eq!(town.drain().await, r#"{"sent":3,"failed":0}"#);
    assert_eq!(town.links("person-1@example.com").len(), 1);
}

#[tokio::test]
async fn mails_of_registrations_at_once_are_sent_once_each_by_drains_at_once() {
    let town = std::sync::Arc::new(Town::new(&[]).await);
    let mut work = JoinSet::new();
    for number in 0..12 {
        let town = std::sync::Arc::clone(&town);
        work.spawn(async move {
            let reply = town.register(&format!("person-{number}@example.com")).await;
            assert_eq!(reply.status, 201, "{}", reply.text());
            town.drain().await;
        });
    }
    work.join_all().await;
    town.drain().await;
    assert_eq!(town.smtp.mails().len(), 12);
    for number in 0..12 {
        assert_eq!(town.links(&format!("person-{number}@example.com")).len(), 1);
    }
}
