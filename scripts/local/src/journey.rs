//! The journey of a new customer against a running stack: register, log in, be refused, pay, watch. Each step says in one
//! line what was sent and what came back, and the first that does not hold ends it.

mod hls;
mod hosted;
mod steps;

use bytes::Bytes;
use http::{Method, Request, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::io;

use crate::client;

/// The most of an answer that a line shows, in characters.
const SHOWN_MAX: usize = 120;

/// Why a journey ended early.
#[derive(Debug, thiserror::Error)]
pub enum JourneyError {
    /// `stack.env` lacks a variable.
    #[error("stack.env has no {0}")]
    Variable(&'static str),
    /// Nothing answers, or the answer broke off.
    #[error("{0} cannot be asked")]
    Io(String, #[source] io::Error),
    /// Another answer than the step needs.
    #[error("{asked}: {wanted} was expected, but this came back: {got}")]
    Unexpected {
        /// What was asked.
        asked: String,
        /// What the step needs.
        wanted: String,
        /// What came back.
        got: String,
    },
}

/// Walks the whole way; `tell` gets one line a step. Returns how many steps held.
pub async fn walk(
    environment: &BTreeMap<String, String>,
    tell: &(dyn Fn(&str) + Send + Sync),
) -> Result<usize, JourneyError> {
    steps::Walk::new(environment, tell)?.all().await
}

/// Whether the stack of these variables answers.
pub async fn answers(environment: &BTreeMap<String, String>) -> bool {
    let Some(gateway) = environment.get("STREAMLY_GATEWAY_URL") else { return false };
    let asked = get(&format!("{gateway}/.well-known/jwks.json")).await;
    asked.is_ok_and(|reply| reply.status == 200)
}

/// A reply, and what it replies to.
struct Reply {
    asked: String,
    status: u16,
    location: Option<String>,
    body: Bytes,
}

impl Reply {
    /// The reply itself, where it has this status.
    fn expect(self, status: u16) -> Result<Self, JourneyError> {
        if self.status == status { Ok(self) } else { Err(self.unexpected(&format!("status {status}"))) }
    }

    /// The reply itself, where it is this problem.
    fn expect_problem(self, status: u16, slug: &str) -> Result<Self, JourneyError> {
        #[derive(Deserialize)]
        struct Problem {
            #[serde(rename = "type")]
            kind: String,
        }
        let kind =
            serde_json::from_slice(&self.body).map(|problem: Problem| problem.kind).unwrap_or_default();
        if self.status == status && kind == format!("urn:streamly:problem:{slug}") {
            return Ok(self);
        }
        Err(self.unexpected(&format!("{status} {slug}")))
    }

    /// What it holds.
    fn json<T: DeserializeOwned>(&self) -> Result<T, JourneyError> {
        serde_json::from_slice(&self.body)
            .map_err(|fault| self.unexpected(&format!("another body ({fault})")))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn unexpected(&self, wanted: &str) -> JourneyError {
        let got = format!("{} {}", self.status, shortened(&self.text()));
        JourneyError::Unexpected { asked: self.asked.clone(), wanted: wanted.to_owned(), got }
    }
}

async fn get(url: &str) -> Result<Reply, JourneyError> {
    send(Method::GET, url, &[], Bytes::new()).await
}

async fn send(
    method: Method,
    url: &str,
    headers: &[(header::HeaderName, &str)],
    body: Bytes,
) -> Result<Reply, JourneyError> {
    let asked = format!("{method} {}", url.split('?').next().unwrap_or(url));
    let fault = |error| JourneyError::Io(asked.clone(), error);
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(body).map_err(|error| fault(io::Error::other(error)))?;
    let response = client::send(request).await.map_err(fault)?;
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    Ok(Reply {
        status: response.status().as_u16(),
        location: location.map(str::to_owned),
        body: response.into_body(),
        asked,
    })
}

/// The beginning of a text, on one line.
fn shortened(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
