//! Every function over one database, each under its own role, asked without a socket; and every operation of the document,
//! so that what holds for all of them is tried on one that is added, too.

use functions_framework::env::{Invalid, Reader, read_from};
use functions_framework::{Body, Request, Routes};
use http::{Method, header};
use local::gateway::Document;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::pin::Pin;
use testkit::{Database, Reply, ask, variables};

type Answer = Pin<Box<dyn Future<Output = Reply>>>;

/// A function: its routes, and how it is asked.
struct Function {
    routes: Vec<(Method, String)>,
    ask: Box<dyn Fn(Request) -> Answer>,
}

/// All functions.
pub(crate) struct House {
    pub(crate) database: Database,
    functions: BTreeMap<&'static str, Function>,
}

impl House {
    pub(crate) async fn new() -> Self {
        let mut house = Self { database: Database::new().await, functions: BTreeMap::new() };
        let account = account::Parts::real(house.read("account", account::Config::read));
        house.add("account", account::routes(account.expect("its parts hold")));
        let catalog = catalog::Parts::real(house.read("catalog", catalog::Config::read));
        house.add("catalog", catalog::routes(catalog));
        let checkout = checkout::Parts::real(house.read("checkout", checkout::Config::read));
        house.add("checkout", checkout::routes(checkout));
        let email = email::Parts::real(house.read("email", email::Config::read));
        house.add("email", email::routes(email.expect("its parts hold")));
        let login = login::Parts::real(house.read("login", login::Config::read));
        house.add("login", login::routes(login.expect("its parts hold")));
        let mailer = mailer::Parts::real(house.read("mailer", mailer::Config::read));
        house.add("mailer", mailer::routes(mailer));
        let password = password::Parts::real(house.read("password", password::Config::read));
        house.add("password", password::routes(password.expect("its parts hold")));
        let playback = playback::Parts::real(house.read("playback", playback::Config::read));
        house.add("playback", playback::routes(playback));
        let portal = portal::Parts::real(house.read("portal", portal::Config::read));
        house.add("portal", portal::routes(portal));
        let progress = progress::Parts::real(house.read("progress", progress::Config::read));
        house.add("progress", progress::routes(progress));
        let register = register::Parts::real(house.read("register", register::Config::read));
        house.add("register", register::routes(register.expect("its parts hold")));
        let subscription = subscription::Parts::real(house.read("subscription", subscription::Config::read));
        house.add("subscription", subscription::routes(subscription));
        let token = token::Parts::real(house.read("token", token::Config::read));
        house.add("token", token::routes(token));
        let from_videos =
            video_webhook::Parts::real(house.read("video-webhook", video_webhook::Config::read));
        house.add("video-webhook", video_webhook::routes(from_videos));
        let webhook = webhook::Parts::real(house.read("webhook", webhook::Config::read));
        house.add("webhook", webhook::routes(webhook));
        house
    }

    fn read<T>(&self, function: &str, read: impl FnOnce(&mut Reader<'_>) -> Result<T, Invalid>) -> T {
        read_from(&variables(&self.database, function, &[]), read).expect("the standard variables suffice")
    }

    fn add<T: Send + Sync + 'static>(&mut self, name: &'static str, routes: Routes<T>) {
        let list = routes.list().into_iter().map(|(method, path)| (method, path.to_owned())).collect();
        let answer = move |request| -> Answer {
            let routes = routes.clone();
            Box::pin(async move { ask(&routes, request).await })
        };
        self.functions.insert(name, Function { routes: list, ask: Box::new(answer) });
    }

    /// Every route: its function, method and path.
    pub(crate) fn routes(&self) -> impl Iterator<Item = (&'static str, &Method, &str)> {
        self.functions.iter().flat_map(|(name, function)| {
            function.routes.iter().map(|(method, path)| (*name, method, path.as_str()))
        })
    }

    /// What a function answers.
    pub(crate) async fn ask(&self, function: &str, request: Request) -> Reply {
        (self.functions[function].ask)(request).await
    }
}

/// An operation of the document, as a test asks it: with its example for a body, and an id for each part of its path.
pub(crate) struct Operation {
    pub(crate) function: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// The body that the document shows, where the operation takes JSON.
    pub(crate) body: Option<Value>,
    /// Whether a body may be left out.
    pub(crate) body_is_optional: bool,
    /// Whether it wants a caller's token, or takes one.
    pub(crate) bearer: Bearer,
}

/// What an operation does with a caller's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bearer {
    Unread,
    Optional,
    Required,
}

/// Every operation of the document but preflights.
pub(crate) fn operations() -> Vec<Operation> {
    let document = Document::project();
    let operations = document.operations().expect("the document is readable");
    let asked = operations.into_iter().filter(|operation| operation.method != Method::OPTIONS);
    asked.map(|operation| Operation::of(&document, operation)).collect()
}

impl Operation {
    fn of(document: &Document, operation: local::gateway::Operation) -> Self {
        let method = operation.method.as_str().to_ascii_lowercase();
        let said = &document.tree()["paths"][&operation.path][&method];
        let ways = said["security"].as_array().map_or(&[][..], Vec::as_slice);
        let bearer = match ways {
            [] => Bearer::Unread,
            ways if ways.iter().any(|way| way.as_object().is_some_and(Map::is_empty)) => Bearer::Optional,
            _ => Bearer::Required,
        };
        let body = &said["requestBody"];
        Self {
            path: filled(&operation.path),
            function: operation.function,
            method: operation.method,
            body: body.pointer("/content/application~1json/example").cloned(),
            body_is_optional: body["required"] != Value::Bool(true),
            bearer,
        }
    }

    /// A request with these bytes, as JSON.
    pub(crate) fn request(&self, body: Option<Vec<u8>>) -> Request {
        let mut builder = http::Request::builder().method(&self.method).uri(&self.path);
        if body.is_some() {
            builder = builder.header(header::CONTENT_TYPE, "application/json");
        }
        builder.body(body.map_or_else(Body::default, Body::from)).expect("a path of the document is a path")
    }

    /// The request that the document shows.
    pub(crate) fn example(&self) -> Request {
        self.request(self.body.as_ref().map(|body| body.to_string().into_bytes()))
    }
}

/// A path template with an id in each of its places.
fn filled(template: &str) -> String {
    let parts = template
        .split('/')
        .map(|part| if part.starts_with('{') { "01935f3c-7a10-7c3e-9b1f-000000000002" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
