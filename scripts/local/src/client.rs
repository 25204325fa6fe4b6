//! A small HTTP client for loopback: one connection a request, no redirects followed, nothing but plain HTTP.

use bytes::Bytes;
use http::{Request, Response, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use std::io;
use tokio::net::TcpStream;

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Sends this request to the server that its URI names, and reads the answer to its end.
pub async fn send(request: Request<Bytes>) -> io::Result<Response<Bytes>> {
    let (mut head, body) = request.into_parts();
    let authority = head.uri.authority().ok_or_else(|| io::Error::other("the URI has no host"))?.clone();
    let address = (authority.host(), authority.port_u16().unwrap_or(80));
    let stream = TcpStream::connect(address).await?;
    let host = http::HeaderValue::from_str(authority.as_str()).map_err(io::Error::other)?;
    head.headers.entry(header::HOST).or_insert(host);
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    head.uri = target.parse::<Uri>().map_err(io::Error::other)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    // It ends with the sender, that is with this function.
    let connection = tokio::spawn(connection);
    let exchange = async {
        let response = sender.send_request(Request::from_parts(head, Full::new(body))).await;
        let (head, body) = response.map_err(io::Error::other)?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(io::Error::other)?;
        Ok(Response::from_parts(head, body.to_bytes()))
    };
    let answer = exchange.await;
    connection.abort();
    answer
}
