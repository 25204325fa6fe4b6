//! What the gateway does to headers.
//!
//! The caller's `Authorization` moves to `X-Forwarded-Authorization`, and the gateway's own identity takes its place, so
//! that the function's platform can check who calls. A caller who sends no `Authorization` but an
//! `X-Forwarded-Authorization` gets that through as it is: a function must treat it as unverified either way.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHENTICATE, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::net::IpAddr;

use super::document::Backend;
use super::refusal::Refusal;

/// The most bytes of all names and values together.
const BYTES_MAX: usize = 60 * 1024;

const FORWARDED_AUTHORIZATION: HeaderName = HeaderName::from_static("x-forwarded-authorization");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// What belongs to one connection, and what the framing of the next one sets anew.
const HOP_BY_HOP: [HeaderName; 10] = [
    CONNECTION,
    CONTENT_LENGTH,
    EXPECT,
    KEEP_ALIVE,
    PROXY_AUTHENTICATE,
    PROXY_CONNECTION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Refuses what the gateway does not let through.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.keys().any(|name| name.as_str().contains('_')) {
        return Err(Refusal::BadRequest);
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > BYTES_MAX { Err(Refusal::HeadersTooLarge) } else { Ok(()) }
}

/// Makes the caller's headers those that the function sees. `now` is in Unix seconds.
pub(super) fn rewrite(headers: &mut HeaderMap, backend: &Backend, peer: IpAddr, now: i64) {
    // First, or a caller could name one of the headers below in `Connection` and so have it removed.
    remove_hop_by_hop(headers);
    headers.insert(HOST, value(backend.authority()));
    let claimed: Vec<HeaderValue> = headers.get_all(FORWARDED_FOR).iter().cloned().collect();
    headers.insert(FORWARDED_FOR, joined(&claimed, peer));
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    if backend.disable_auth {
        return;
    }
    let callers: Vec<HeaderValue> = headers.get_all(AUTHORIZATION).iter().cloned().collect();
    if !callers.is_empty() {
        headers.remove(&FORWARDED_AUTHORIZATION);
        for caller in callers {
            headers.append(FORWARDED_AUTHORIZATION, caller);
        }
    }
    headers.insert(AUTHORIZATION, identity(&backend.jwt_audience, now));
}

/// Removes what belongs to one connection, and what its `Connection` header names.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

/// The gateway's identity as a function sees it: the platform has checked the token and taken its signature off.
fn identity(audience: &str, now: i64) -> HeaderValue {
    const LIFE_S: i64 = 3600;
    let header = r#"{"alg":"RS256","kid":"local","typ":"JWT"}"#;
    let claims = serde_json::json!({
        "iss": "https://accounts.google.com",
        "aud": audience,
        "email": "gateway@local.invalid",
        "iat": now,
        "exp": now + LIFE_S,
    });
    let (header, claims) = (URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
    value(&format!("Bearer {header}.{claims}.SIGNATURE_REMOVED_BY_GOOGLE"))
}

/// One list on one line, our own entry last. What a caller claims may hold any bytes.
fn joined(claimed: &[HeaderValue], peer: IpAddr) -> HeaderValue {
    let own = peer.to_string();
    let parts: Vec<&[u8]> = claimed.iter().map(HeaderValue::as_bytes).chain([own.as_bytes()]).collect();
    HeaderValue::from_bytes(&parts.join(&b","[..])).expect("header values and a comma are a header value")
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("addresses and base64 are header text")
}
