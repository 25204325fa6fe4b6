//! A client that changes nothing: what it is told to send goes out, what comes back is kept.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// An answer with its body read to the end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// A header's text; empty where it is absent.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers here are text"))
    }

    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("this body is text")
    }
}

/// Sends one request without a body to an address on loopback.
pub(crate) async fn send(method: Method, url: &str) -> Answer {
    let uri: Uri = url.parse().expect("the test wrote an address");
    let authority = uri.authority().expect("the address names a host").as_str();
    let stream = TcpStream::connect(authority).await.expect("the server listens");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("it speaks HTTP/1.1");
    tokio::spawn(connection);
    let target = uri.path_and_query().expect("the address has a path").as_str();
    let request = Request::builder().method(method).uri(target).header(header::HOST, authority);
    let request = request.body(Empty::<Bytes>::new()).expect("the parts are valid");
    let (head, body) = sender.send_request(request).await.expect("it answers").into_parts();
    let body = body.collect().await.expect("the body arrives").to_bytes();
    Answer { status: head.status, headers: head.headers, body }
}

pub(crate) async fn get(url: &str) -> Answer {
    send(Method::GET, url).await
}
