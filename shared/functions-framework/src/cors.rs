//! Which browser origins may read replies (the Fetch standard's CORS protocol).

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use std::str::FromStr;
use std::sync::Arc;

/// The origins that `CORS_ALLOWED_ORIGINS` names, comma-separated; none by default. Never a wildcard.
#[derive(Debug, Clone, Default)]
pub struct Origins(Arc<[HeaderValue]>);

/// Why a list of origins was refused.
#[derive(Debug, thiserror::Error)]
pub enum InvalidOrigin {
    /// A wildcard, which would let every page read replies.
    #[error("a wildcard is not accepted: name each origin")]
    Wildcard,
    /// Not `scheme://host[:port]`.
    #[error("an origin is written https://host or https://host:port, in lower case and without a path")]
    Form,
}

impl FromStr for Origins {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        text.split(',')
            .map(str::trim)
            .filter(|origin| !origin.is_empty())
            .map(origin)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn origin(text: &str) -> Result<HeaderValue, InvalidOrigin> {
    if text.contains('*') {
        return Err(InvalidOrigin::Wildcard);
    }
    // Browsers send the ASCII serialization (RFC 6454, section 6.2), so anything else would never match.
    let uri: Uri = text.parse().map_err(|_| InvalidOrigin::Form)?;
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'));
    match (uri.scheme_str(), authority) {
        (Some(scheme @ ("http" | "https")), Some(authority))
            if text == format!("{scheme}://{authority}") && !text.contains(char::is_uppercase) =>
        {
            HeaderValue::from_str(text).map_err(|_| InvalidOrigin::Form)
        }
        _ => Err(InvalidOrigin::Form),
    }
}

impl Origins {
    /// The caller's origin, when it is one of these; none where the header is repeated.
    pub(crate) fn matching(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut sent = headers.get_all(header::ORIGIN).iter();
        let (Some(origin), None) = (sent.next(), sent.next()) else { return None };
        self.0.iter().find(|allowed| *allowed == origin).cloned()
    }

    /// The answer to a preflight from one of these origins (the Fetch standard, section 3.2.4).
    pub(crate) fn answer_preflight(methods: HeaderValue, headers: &mut HeaderMap) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(PREFLIGHT_CACHE_S_MAX));
    }

    /// What every reply says of origins: who may read this one, and that others may not.
    pub(crate) fn finish(&self, origin: Option<HeaderValue>, headers: &mut HeaderMap) {
        if !self.0.is_empty() {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(REPLY_HEADERS));
        } else {
            for name in ACCESS_CONTROL {
                headers.remove(name);
            }
        }
    }
}

/// What a page may send beside the headers that need no leave.
const REQUEST_HEADERS: &str = "authorization, content-type, idempotency-key, x-request-id";
/// What a page may read beside the headers that need no leave.
const REPLY_HEADERS: &str = "retry-after, www-authenticate, x-request-id";
/// How long a browser may keep a preflight's answer, in seconds: the longest that Chromium takes.
const PREFLIGHT_CACHE_S_MAX: u64 = 7200;
/// Every header by which a reply lets a page of another origin read it.
const ACCESS_CONTROL: [HeaderName; 6] = [
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(list: &str, sent: &[&'static str], expected: Option<&str>) {
        let origins: Origins = list.parse().expect("a list of origins");
        let mut headers = HeaderMap::new();
        for origin in sent {
            headers.append(header::ORIGIN, HeaderValue::from_static(origin));
        }
        let matching = origins.matching(&headers);
        assert_eq!(matching.as_ref().and_then(|origin| origin.to_str().ok()), expected);
    }

    #[test]
    fn an_origin_matches_exactly_or_not_at_all() {
        let list = " https://app.example , http://localhost:5173,";
        check(list, &["https://app.example"], Some("https://app.example"));
        check(list, &["http://localhost:5173"], Some("http://localhost:5173"));
        check(list, &[], None);
        check(list, &["https://app.example.evil.test"], None);
        check(list, &["http://app.example"], None);
        check(list, &["http://localhost"], None);
        check(list, &["null"], None);
        check(list, &["https://app.example", "https://app.example"], None);
        check("", &["https://app.example"], None);
    }

    #[test]
    fn a_list_that_could_let_in_more_than_it_says_is_refused() {
        let listed = [
            "*",
            "https://*.example",
            "app.example",
            "https://app.example/",
            "https://app.example/x",
            "https://",
            "ftp://app.example",
            "https://user@app.example",
            "https://app.example?x",
            "https://APP.example",
            "null",
            "https://app.example https://b.example",
        ];
        for list in listed {
            assert!(list.parse::<Origins>().is_err(), "{list}");
        }
    }
}
