//! Questions to a function in process, through the same layers as a socket's requests.

use functions_framework::{Body, Function, Request, call};
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::Value;

/// The address of a client, where a test needs one only.
pub const CLIENT: &str = "203.0.113.1";

/// What a function answered.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, byte for byte.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON; panics with the body where it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The end of a problem's `type`; empty where the reply is no problem.
    pub fn slug(&self) -> String {
        let problem = serde_json::from_slice::<Value>(&self.body).unwrap_or_default();
        let kind = problem["type"].as_str().unwrap_or_default();
        kind.strip_prefix("urn:streamly:problem:").unwrap_or_default().to_owned()
    }

    /// The status and a problem's slug, to compare at once.
    pub fn outcome(&self) -> (u16, String) {
        (self.status.as_u16(), self.slug())
    }

    /// A header's value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A GET without a body.
pub fn get(path: &str) -> Request {
    build(Method::GET, path, Body::default())
}

/// A POST of JSON.
pub fn post(path: &str, body: &Value) -> Request {
    let mut request = build(Method::POST, path, body.to_string().into());
    request.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    request
}

/// A request as our proxy passes it on: `address` is what it says of the client.
pub fn passed_on(address: &str, mut request: Request) -> Request {
    let address = header::HeaderValue::from_str(address).expect("a test's address fits a header");
    request.headers_mut().insert("x-forwarded-for", address);
    request
}

fn build(method: Method, path: &str, body: Body) -> Request {
    http::Request::builder().method(method).uri(path).body(body).expect("a test's path is a path")
}

/// Asks and takes the whole reply.
pub async fn ask(function: &impl Function, request: Request) -> Reply {
    let (head, body) = call(function, request).await.into_parts();
    Reply { status: head.status, headers: head.headers, body: body.into_bytes().to_vec() }
}

/// Asks all at once, each in a task of its own, and takes the replies in the requests' order.
pub async fn ask_all(function: &impl Function, requests: impl IntoIterator<Item = Request>) -> Vec<Reply> {
    let asked = requests.into_iter().map(|request| {
        let function = function.clone();
        tokio::spawn(async move { ask(&function, request).await })
    });
    let mut replies = Vec::new();
    for reply in asked.collect::<Vec<_>>() {
        replies.push(reply.await.expect("a function does not panic"));
    }
    replies
}
