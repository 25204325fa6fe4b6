//! A stand-in for API Gateway on loopback, so that what the gateway does to a request is met before a deployment meets it.
//!
//! It routes by the project's OpenAPI document, rendered as for the cloud, and applies the rules by which the real one
//! changes or refuses a request. The one to know: the caller's `Authorization` arrives as `X-Forwarded-Authorization`.
//! It checks no token and limits no caller, as the real one does neither.

mod document;
mod forward;
mod headers;
mod path;
mod refusal;
mod table;

pub use document::{Backend, Document, DocumentError, Operation, Rendering};

use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use streamly::clock::Clock;
use tokio::net::TcpListener;

use crate::server::Server;
use refusal::Refusal;
use table::Table;

/// The longest body of a request, in bytes.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A running gateway; it ends when this is dropped.
#[derive(Debug)]
pub struct Gateway {
    server: Server,
}

impl Gateway {
    /// Serves this rendering on loopback; port 0 lets the kernel choose.
    pub async fn start(port: u16, rendering: &Rendering) -> io::Result<Self> {
        Self::on(TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?, rendering)
    }

    /// Serves this rendering on a listener that is bound already.
    pub fn on(listener: TcpListener, rendering: &Rendering) -> io::Result<Self> {
        let table =
            Table::new(rendering).map_err(|fault| io::Error::new(io::ErrorKind::InvalidInput, fault))?;
        let state = Arc::new(Inside { table, clock: Clock::system() });
        let routes = axum::Router::new().fallback(answer).with_state(state);
        Ok(Self { server: Server::on(listener, routes)? })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> String {
        self.server.url()
    }
}

struct Inside {
    table: Table,
    clock: Clock,
}

async fn answer(
    State(inside): State<Arc<Inside>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: axum::extract::Request,
) -> Response {
    match route(&inside, peer, request).await {
        Ok(response) => response.map(axum::body::Body::from),
        Err(refusal) => refusal.into_response(),
    }
}

/// What is wrong with the request's form is refused before anything is asked; the body is read whole, since the real
/// gateway does not stream and a repeated attempt needs it again.
async fn route(
    inside: &Inside,
    peer: SocketAddr,
    request: axum::extract::Request,
) -> Result<http::Response<Bytes>, Refusal> {
    let (mut head, body) = request.into_parts();
    headers::check(&head.headers)?;
    let path = path::normalized(head.uri.path());
    let backend = inside.table.find(&head.method, &path)?;
    headers::rewrite(&mut head.headers, backend, peer.ip(), inside.clock.unix_seconds());
    head.uri = path::target(&path, head.uri.query())?;
    let body = match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if is_too_long(&*error) => return Err(Refusal::TooLarge),
        Err(_) => return Err(Refusal::BadRequest),
    };
    let mut response = forward::ask(backend, &head, &body).await?;
    headers::remove_hop_by_hop(response.headers_mut());
    Ok(response)
}

/// axum wraps the limit's error in its own.
fn is_too_long(error: &(dyn Error + 'static)) -> bool {
    error.is::<LengthLimitError>() || error.source().is_some_and(is_too_long)
}
