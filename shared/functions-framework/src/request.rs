//! What a handler asks of a request beyond the `http` types.

use http::{HeaderMap, HeaderName, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::log::RequestLog;
use crate::{Problem, Request, Severity, TraceContext};

/// The values of the route's `{parameters}`, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters(pub(crate) Vec<(&'static str, String)>);

/// What a header says of the caller's bearer token (RFC 6750).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearer<'a> {
    /// No such header, another scheme, or a scheme without credentials.
    Absent,
    /// The credentials, unverified.
    Token(&'a str),
    /// The header stands there more than once, or is not text.
    Ambiguous,
}

/// Questions to a request's head.
pub trait RequestExt {
    /// The value of the route's `{name}`, percent-decoded; empty where the route has none of that name.
    fn param(&self, name: &str) -> &str;

    /// Every value of a query parameter, decoded, in order.
    fn query(&self, name: &str) -> Vec<String>;

    /// The caller's token, from this one header.
    fn bearer(&self, name: &HeaderName) -> Bearer<'_>;

    /// The caller's token where the route takes one but needs none; 401 where the header is ambiguous.
    fn optional_bearer(&self, name: &HeaderName) -> Result<Option<&str>, Problem> {
        match self.bearer(name) {
            Bearer::Absent => Ok(None),
            Bearer::Token(token) => Ok(Some(token)),
            Bearer::Ambiguous => Err(Problem::invalid_token()),
        }
    }

    /// The caller's token where the route needs one; 401 without.
    fn required_bearer(&self, name: &HeaderName) -> Result<&str, Problem> {
        self.optional_bearer(name)?.ok_or_else(Problem::missing_token)
    }

    /// The client's address: with `hops` > 0 the hops-th entry of `X-Forwarded-For` from the right, else the peer, which
    /// is the request's extension of type [`SocketAddr`]: `run` sets it, and so may a test. An IPv4 address mapped into
    /// IPv6 counts as IPv4. None where the list is too short or unreadable.
    fn client_address(&self, hops: usize) -> Option<IpAddr>;

    /// The id under which this request is logged and answered.
    fn request_id(&self) -> &str;

    /// The trace this request belongs to, if it carries one.
    fn trace(&self) -> Option<&TraceContext>;

    /// Adds a field to the one line that is logged when this request is answered, whatever the answer:
    /// `request.log_field("webhook.outcome", "applied")`. A later value replaces an earlier one.
    fn log_field(&self, name: &'static str, value: impl Into<Value>);

    /// Logs a line of its own in this request's trace, for what someone must act on.
    fn log(&self, severity: Severity, message: &str, fields: &[(&str, Value)]);
}

impl RequestExt for Request {
    fn param(&self, name: &str) -> &str {
        let parameters = self.extensions().get::<Parameters>();
        let found = parameters.and_then(|list| list.0.iter().find(|(known, _)| *known == name));
        found.map_or("", |(_, value)| value)
    }

    fn query(&self, name: &str) -> Vec<String> {
        let query = self.uri().query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes())
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .collect()
    }

    fn bearer(&self, name: &HeaderName) -> Bearer<'_> {
        let mut values = self.headers().get_all(name).iter();
        let Some(value) = values.next() else { return Bearer::Absent };
        if values.next().is_some() {
            return Bearer::Ambiguous;
        }
        let Ok(text) = value.to_str() else { return Bearer::Ambiguous };
        match text.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => {
                match rest.trim_start_matches(' ') {
                    "" => Bearer::Absent,
                    token => Bearer::Token(token),
                }
            }
            _ => Bearer::Absent,
        }
    }

    fn client_address(&self, hops: usize) -> Option<IpAddr> {
        if hops == 0 {
            return self.extensions().get::<SocketAddr>().map(|peer| peer.ip().to_canonical());
        }
        forwarded(self.headers(), hops)
    }

    fn request_id(&self) -> &str {
        request_log(self).map_or("", |log| &log.id)
    }

    fn trace(&self) -> Option<&TraceContext> {
        request_log(self)?.trace.as_ref()
    }

    fn log_field(&self, name: &'static str, value: impl Into<Value>) {
        if let Some(log) = request_log(self) {
            log.keep(name, value.into());
        }
    }

    fn log(&self, severity: Severity, message: &str, fields: &[(&str, Value)]) {
        match request_log(self) {
            Some(log) => log.write(severity, message, fields),
            None => crate::log(severity, message, fields),
        }
    }
}

/// Every request that came through the layers has one; one that a test built by hand has none.
fn request_log(request: &Request) -> Option<&RequestLog> {
    request.extensions().get::<Arc<RequestLog>>().map(AsRef::as_ref)
}

/// The hops-th entry from the right of all `X-Forwarded-For` lines taken as one list.
fn forwarded(headers: &HeaderMap, hops: usize) -> Option<IpAddr> {
    let lines: Option<Vec<&str>> =
        headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().ok()).collect();
    let lines = lines?;
    let entries: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).map(str::trim).collect();
    let entry = entries.len().checked_sub(hops).and_then(|index| entries.get(index))?;
    entry.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Questions to a request's body.
pub trait RequestPayloadExt {
    /// The body as JSON: 400 where it is not one well-formed text in UTF-8 without repeated members and at most 32 levels
    /// deep, 422 with a pointer for each fault where it does not fit the type (the first 16 of them). An unknown member
    /// is a fault where the type derives `Deserialize` with `deny_unknown_fields`, as bodies of clients do. A number too
    /// large for any type is not well-formed here.
    fn json<T: DeserializeOwned>(&self) -> Result<T, Problem>;

    /// The body as fields of a form (`application/x-www-form-urlencoded`), each of them text: 400 where one is repeated,
    /// 422 as in [`json`](Self::json).
    fn form<T: DeserializeOwned>(&self) -> Result<T, Problem>;
}

impl RequestPayloadExt for Request {
    fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        crate::json::read(self.body())
    }

    fn form<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        crate::json::read_form(self.body())
    }
}

/// Whether the `Content-Type` is `application/json`, with or without parameters.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests;
