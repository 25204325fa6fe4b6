//! Asks a function: once more when the first attempt found no connection or lost it before the answer began, whatever the
//! method, and within the function's deadline.

use bytes::Bytes;
use http::{Request, Response, Version, request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::document::Backend;
use super::refusal::Refusal;

/// The first attempt and one more.
const ATTEMPTS_MAX: usize = 2;

/// The function's answer, whole.
pub(super) async fn ask(
    backend: &Backend,
    head: &request::Parts,
    body: &Bytes,
) -> Result<Response<Bytes>, Refusal> {
    timeout(backend.deadline, attempts(backend, head, body)).await.unwrap_or(Err(Refusal::TimedOut))
}

async fn attempts(
    backend: &Backend,
    head: &request::Parts,
    body: &Bytes,
) -> Result<Response<Bytes>, Refusal> {
    for _ in 0..ATTEMPTS_MAX {
        let Ok(response) = attempt(backend, head, body).await else { continue };
        let (head, body) = response.into_parts();
        // The answer has begun, so a second attempt would be a second answer.
        let body = body.collect().await.map_err(|_| Refusal::Unreachable)?.to_bytes();
        return Ok(Response::from_parts(head, body));
    }
    Err(Refusal::Unreachable)
}

/// One attempt on a connection of its own, so that none is ever found stale.
async fn attempt(
    backend: &Backend,
    head: &request::Parts,
    body: &Bytes,
) -> Result<Response<Incoming>, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(backend.authority()).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the answer; its error reaches the sender as well.
    tokio::spawn(connection);
    let mut request = Request::new(Full::new(body.clone()));
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = head.uri.clone();
    *request.headers_mut() = head.headers.clone();
    *request.version_mut() = Version::HTTP_11;
    Ok(sender.send_request(request).await?)
}
