//! The demo page: walks a person from an account to a playing video, and shows each request and reply on the way.
//!
//! It is plain HTML with a script and a stylesheet, without a build step, and a player from the repository, so it works
//! without a network. What it talks to comes from `/config.json`, and what is on offer from `GET /v1/plans`. The page is on an origin of its own, as a front end is in
//! the cloud, so that a fault in the functions' CORS shows here.

use crate::server::Server;
use axum::extract::State;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, extract::Request, routing::get};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use std::future::ready;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

/// What the page needs to know of the stack.
#[derive(Clone, Debug, Serialize)]
pub struct Config {
    /// The base of every route.
    pub gateway_url: String,
    /// What can be watched, in the order in which it is shown.
    pub videos: Vec<Video>,
    /// Every path of the gateway: the page offers what there is.
    pub paths: Vec<String>,
    /// Where mails are caught, if they are.
    pub mail_url: Option<String>,
    /// Pages beside this one.
    pub links: Vec<Link>,
    /// The origins that videos and pictures come from, as a content security policy names them.
    #[serde(skip)]
    pub media_origins: Vec<String>,
}

/// A video of the stack's seeds.
#[derive(Clone, Debug, Serialize)]
pub struct Video {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Who may watch: `free`, `members` or `tier`.
    pub access: String,
    /// The lowest tier that may, where `access` is `tier`.
    pub min_tier: Option<String>,
    /// How much everyone may see.
    pub preview_seconds: Option<u32>,
    /// What to expect of it, in a sentence.
    pub about: String,
}

/// A page beside this one.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    /// What it is.
    pub name: String,
    /// Where it is.
    pub url: String,
}

/// A running demo page, which ends when this is dropped.
#[derive(Debug)]
pub struct Demo {
    server: Server,
    config: Shared,
}

/// Absent until the stack knows it.
type Shared = Arc<RwLock<Option<Config>>>;

impl Demo {
    /// Starts the page on loopback; port 0 lets the kernel choose. Functions are told its address before they start, and
    /// the page is told about them last, by [`Demo::publish`].
    pub async fn start(port: u16) -> io::Result<Self> {
        let config = Shared::default();
        let server = Server::start(port, routes(Arc::clone(&config))).await?;
        Ok(Self { server, config })
    }

    /// Its address and origin: `STREAMLY_DEMO_URL`, and one of `CORS_ALLOWED_ORIGINS`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Where a paid checkout returns: `CHECKOUT_SUCCESS_URL`.
    pub fn success_url(&self) -> String {
        format!("{}/?checkout=success&session_id={{CHECKOUT_SESSION_ID}}", self.url())
    }

    /// Where the billing portal returns: `PORTAL_RETURN_URL`.
    pub fn portal_return_url(&self) -> String {
        format!("{}/?portal=return", self.url())
    }

    /// Where a checkout returns that was left: `CHECKOUT_CANCEL_URL`.
    pub fn cancel_url(&self) -> String {
        format!("{}/?checkout=cancel", self.url())
    }

    /// Tells the page what it talks to.
    pub fn publish(&self, config: Config) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Some(config);
    }
}

/// The page itself, which mails lead to as well: its script reads what comes with the address.
const PAGES: [&str; 4] = ["/", "/verify-email", "/reset-password", "/forgot-password"];
/// The types of its files.
const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Its other files.
const FILES: &[(&str, &str, &[u8])] = &[
    ("/account.js", SCRIPT, include_bytes!("../demo/account.js")),
    ("/demo.js", SCRIPT, include_bytes!("../demo/demo.js")),
    ("/page.js", SCRIPT, include_bytes!("../demo/page.js")),
    ("/plan.js", SCRIPT, include_bytes!("../demo/plan.js")),
    ("/session.js", SCRIPT, include_bytes!("../demo/session.js")),
    ("/watch.js", SCRIPT, include_bytes!("../demo/watch.js")),
    ("/wire.js", SCRIPT, include_bytes!("../demo/wire.js")),
    ("/demo.css", "text/css; charset=utf-8", include_bytes!("../demo/demo.css")),
    ("/icon.svg", "image/svg+xml", include_bytes!("../demo/icon.svg")),
    ("/hls.min.js", SCRIPT, include_bytes!("../assets/hls/hls.min.js")),
];

fn routes(config: Shared) -> Router {
    let page = include_bytes!("../demo/index.html");
    let pages = PAGES.iter().map(|path| (*path, HTML, &page[..]));
    let routes = pages.chain(FILES.iter().copied()).fold(Router::new(), |routes, (path, kind, bytes)| {
        routes.route(path, get(move || ready(([(header::CONTENT_TYPE, kind)], bytes))))
    });
    routes
        .route("/config.json", get(published))
        .layer(middleware::from_fn_with_state(Arc::clone(&config), guarded))
        .with_state(config)
}

async fn published(State(config): State<Shared>) -> Response {
    match &*config.read().unwrap_or_else(PoisonError::into_inner) {
        Some(config) => Json(config).into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, "the stack is still starting\n").into_response(),
    }
}

/// The headers of every answer. The policy lets the page load its own files and reach the stack, and nothing else.
async fn guarded(State(config): State<Shared>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let policy = policy(config.read().unwrap_or_else(PoisonError::into_inner).as_ref());
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        // An address that is no header value could only come from the stack itself; the page then gets no policy of its
        // making and loads nothing.
        let value =
            HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"));
        headers.insert(name, value);
    }
    response
}

fn policy(config: Option<&Config>) -> String {
    let gateway = config.map_or("", |config| &config.gateway_url);
    let media = config.map_or(String::new(), |config| config.media_origins.join(" "));
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' {media}; media-src blob: {media}; \
         connect-src 'self' {gateway} {media}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
