//! The mail catcher: takes every mail that mailer hands over, sends none on, and shows them on a page, to people as they
//! would be read and to programs as JSON. It forgets them when it ends.

mod pages;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};
use mail_parser::MessageParser;
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::Arc;
use testkit::smtp::{self, Smtp};
use time::OffsetDateTime;

use crate::server::Server;

/// A running catcher; it ends when this is dropped.
#[derive(Debug)]
pub struct Catcher {
    smtp: Arc<Smtp>,
    server: Server,
}

impl Catcher {
    /// Starts both servers on loopback, on ports that the kernel chooses.
    pub async fn start() -> io::Result<Self> {
        let smtp = Arc::new(Smtp::start().await?);
        let server = Server::start(0, routes(Arc::clone(&smtp))).await?;
        Ok(Self { smtp, server })
    }

    /// Where mails are handed over: `SMTP_URL`.
    pub fn smtp_url(&self) -> String {
        self.smtp.url()
    }

    /// The page, without a slash at the end: `STREAMLY_MAIL_URL`.
    pub fn url(&self) -> String {
        self.server.url()
    }
}

/// A mail as it is shown.
#[derive(Debug, Serialize)]
struct Shown {
    number: usize,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    from: String,
    to: Vec<String>,
    subject: String,
    text: String,
    html: String,
    /// The addresses in the text, in its order.
    links: Vec<String>,
}

impl Shown {
    fn new(mail: &smtp::Mail) -> Self {
        let message = MessageParser::default().parse(&mail.content).unwrap_or_default();
        let body = |body: Option<std::borrow::Cow<'_, str>>| body.unwrap_or_default().replace("\r\n", "\n");
        let text = body(message.body_text(0));
        Self {
            number: mail.number,
            at: mail.at,
            from: mail.sender.clone(),
            to: mail.recipients.clone(),
            subject: message.subject().unwrap_or_default().to_owned(),
            html: body(message.body_html(0)),
            links: text.split_whitespace().filter(|word| is_link(word)).map(str::to_owned).collect(),
            text,
        }
    }
}

fn is_link(word: &str) -> bool {
    word.starts_with("http://") || word.starts_with("https://")
}

/// Which mails are wanted.
#[derive(Debug, Deserialize)]
struct Wanted {
    /// To this address alone, in any case.
    to: Option<String>,
}

impl Wanted {
    /// The newest first.
    fn of(&self, smtp: &Smtp) -> Vec<Shown> {
        let is_wanted = |mail: &smtp::Mail| match &self.to {
            Some(to) => mail.recipients.iter().any(|recipient| recipient.eq_ignore_ascii_case(to)),
            None => true,
        };
        smtp.mails().iter().rev().filter(|mail| is_wanted(mail)).map(Shown::new).collect()
    }
}

fn routes(smtp: Arc<Smtp>) -> Router {
    Router::new()
        .route("/", get(list))
        .route("/mails.json", get(json))
        .route("/mails/{number}", get(mail))
        .route("/mails/{number}/html", get(html))
        .route("/mails/{number}/raw", get(raw))
        .with_state(smtp)
}

async fn list(State(smtp): State<Arc<Smtp>>, Query(wanted): Query<Wanted>) -> Response {
    pages::respond(&pages::list(&wanted.of(&smtp), wanted.to.as_deref()))
}

async fn json(State(smtp): State<Arc<Smtp>>, Query(wanted): Query<Wanted>) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(wanted.of(&smtp))).into_response()
}

async fn mail(State(smtp): State<Arc<Smtp>>, Path(number): Path<usize>) -> Response {
    match find(&smtp, number) {
        Some(mail) => pages::respond(&pages::mail(&Shown::new(&mail))),
        None => gone(),
    }
}

async fn html(State(smtp): State<Arc<Smtp>>, Path(number): Path<usize>) -> Response {
    match find(&smtp, number) {
        Some(mail) => pages::respond_framed(&Shown::new(&mail).html),
        None => gone(),
    }
}

async fn raw(State(smtp): State<Arc<Smtp>>, Path(number): Path<usize>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    find(&smtp, number).map_or_else(gone, |mail| (headers, mail.content).into_response())
}

fn find(smtp: &Smtp, number: usize) -> Option<smtp::Mail> {
    smtp.mails().into_iter().find(|mail| mail.number == number)
}

fn gone() -> Response {
    (StatusCode::NOT_FOUND, "no such mail\n").into_response()
}
