//! The API page: the OpenAPI document for people to read, and beside it the document itself. One page without a script,
//! made anew from the document at each start, so that it cannot say anything else.

mod page;
mod prose;
mod schema;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header;
use std::future::ready;
use std::io;

use crate::gateway::Document;
use crate::server::Server;

/// A running API page; it ends when this is dropped.
#[derive(Debug)]
pub struct Reference {
    server: Server,
}

impl Reference {
    /// Serves this document on loopback, with examples that ask this gateway; port 0 lets the kernel choose.
    pub async fn start(port: u16, document: &Document, gateway_url: &str) -> io::Result<Self> {
        let html = page::render(document, gateway_url)?;
        let yaml = document.text().to_owned();
        let routes = Router::new()
            .route("/", get(move || ready(answer("text/html; charset=utf-8", html))))
            .route("/openapi.yaml", get(move || ready(answer("application/yaml", yaml))));
        Ok(Self { server: Server::start(port, routes).await? })
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> String {
        self.server.url()
    }
}

fn answer(media_type: &'static str, text: String) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}
