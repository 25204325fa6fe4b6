//! A mailer over a database and a relay of its own, and rows in the outbox.

use functions_framework::env::read_from;
use functions_framework::{Body, Request, Routes};
use mail_parser::{Message, MessageParser, MimeHeaders};
use mailer::{Config, Parts};
use streamly::ids::MailId;
use testkit::smtp::{Mail, Options, Smtp};
use testkit::{Database, Reply, ask, variables};
use tokio_postgres::Client;
use tokio_postgres::types::FromSqlOwned;

/// The token of every mail that has one.
pub(crate) const TOKEN: &str = "mM1tN0-o5kEn_0123456789abcdefghijklmnopqrstu";

pub(crate) struct Suite {
    pub(crate) database: Database,
    pub(crate) owner: Client,
    pub(crate) smtp: Smtp,
    pub(crate) function: Routes<Parts>,
}

impl Suite {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default(), &[], |parts| parts).await
    }

    /// A mailer whose relay is like this and whose variables and parts the test changes.
    pub(crate) async fn with(
        options: Options,
        changes: &[(&str, &str)],
        change: impl FnOnce(Parts) -> Parts,
    ) -> Self {
        let (database, smtp) = (Database::new().await, Smtp::start_with(options).await.unwrap());
        let owner = database.owner().await;
        let (url, mut all) = (smtp.url(), changes.to_vec());
        if !changes.iter().any(|(name, _)| *name == "SMTP_URL") {
            all.push(("SMTP_URL", &url));
        }
        let config = read_from(&variables(&database, "mailer", &all), Config::read).unwrap();
        let function = mailer::routes(change(Parts::real(config)));
        Self { database, owner, smtp, function }
    }

    /// A mail to verify this address.
    pub(crate) async fn put(&self, recipient: &str) -> MailId {
        self.put_as("verify", recipient, Some(TOKEN)).await
    }

    pub(crate) async fn put_as(&self, template: &str, recipient: &str, token: Option<&str>) -> MailId {
        let id = MailId::new();
        let insert = "
            insert into mail_outbox (id, recipient, template, params, expires_at)
            values ($1, $2, $3, jsonb_strip_nulls(jsonb_build_object('token', $4::text)), now() + interval '1 day')";
        self.owner.execute(insert, &[&id.uuid(), &recipient, &template, &token]).await.unwrap();
        id
    }

    /// Lets every wait be over.
    pub(crate) async fn let_the_waits_pass(&self) {
        self.owner.batch_execute("update mail_outbox set not_before = now()").await.unwrap();
    }

    /// The one value that this query finds.
    pub(crate) async fn value<T: FromSqlOwned>(&self, sql: &str) -> T {
        self.owner.query_one(sql, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn count(&self, which: &str) -> i64 {
        self.value(&format!("select count(*) from mail_outbox where {which}")).await
    }

    pub(crate) async fn last_error(&self) -> String {
        self.value("select last_error from mail_outbox where last_error is not null").await
    }

    pub(crate) async fn drain(&self) -> Reply {
        ask(&self.function, request()).await
    }

    /// Drains, and finds that this many were sent and failed, and that nothing was said that no client may say.
    #[track_caller]
    pub(crate) fn check(&self, sent: usize, failed: usize) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let reply = self.drain().await;
            let expected = format!(r#"{{"sent":{sent},"failed":{failed}}}"#);
            assert_eq!((reply.status.as_u16(), reply.text()), (200, expected), "{caller}");
            assert_eq!(self.smtp.violations(), Vec::<String>::new(), "{caller}");
        }
    }

    /// The recipients of what the relay took, in its order.
    pub(crate) fn recipients(&self) -> Vec<String> {
        self.smtp.mails().into_iter().flat_map(|mail| mail.recipients).collect()
    }

    /// The one mail that the relay took.
    #[track_caller]
    pub(crate) fn only_mail(&self) -> Mail {
        let mails = self.smtp.mails();
        assert_eq!(mails.len(), 1);
        mails.into_iter().next().unwrap()
    }
}

/// As the scheduler asks: a POST without a body.
pub(crate) fn request() -> Request {
    http::Request::post("/drain").body(Body::default()).unwrap()
}

pub(crate) fn parse(mail: &Mail) -> Message<'_> {
    MessageParser::default().parse(&mail.content).unwrap()
}

/// The plain body and the HTML body.
#[track_caller]
pub(crate) fn bodies(message: &Message<'_>) -> (String, String) {
    let types: Vec<String> = message
        .parts
        .iter()
        .filter_map(|part| part.content_type())
        .map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()))
        .collect();
    assert_eq!(types, ["multipart/alternative", "text/plain", "text/html"]);
    (message.body_text(0).unwrap().into_owned(), message.body_html(0).unwrap().into_owned())
}
