//! What holds of every reply of the functions of accounts, and what a test expects of one besides.

use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::Reply;

/// Expects this status and this problem (empty for none), and what goes with the status: when to come again with a 429
/// or 503, the challenge of a 401, no body with a 204, and never a reply that may be stored.
#[track_caller]
pub fn check(reply: &Reply, expected: (u16, &str)) {
    assert_eq!(reply.outcome(), (expected.0, expected.1.to_owned()), "{}", reply.text());
    match expected.0 {
        429 | 503 => {
            let seconds = reply.header("retry-after").parse::<u32>();
            assert!(seconds.is_ok_and(|seconds| seconds >= 1), "{:?}", reply.headers);
        }
        401 => {
            // An access token that does not hold is said to be the reason; whatever else is refused is not.
            let is_token = matches!(expected.1, "invalid-token" | "session-revoked");
            let challenge = if is_token { "Bearer error=\"invalid_token\"" } else { "Bearer" };
            assert_eq!(reply.header("www-authenticate"), challenge);
        }
        204 => assert_eq!(reply.text(), ""),
        _ => {}
    }
    assert_eq!(reply.header("cache-control"), "no-store");
}

/// Expects a 422 of this problem with these pointers and codes, in this order.
#[track_caller]
pub fn check_fields(reply: &Reply, slug: &str, expected: &[[&str; 2]]) {
    check(reply, (422, slug));
    let body = reply.json();
    let errors = body["errors"].as_array().unwrap_or_else(|| panic!("no errors: {body}"));
    let found: Vec<Value> = errors.iter().map(|error| json!([error["pointer"], error["code"]])).collect();
    assert_eq!(json!(found), json!(expected));
}

/// How often each outcome came.
pub fn outcomes(replies: &[Reply]) -> BTreeMap<(u16, String), usize> {
    let mut counts = BTreeMap::new();
    for reply in replies {
        *counts.entry(reply.outcome()).or_default() += 1;
    }
    counts
}

/// The same as a test expects it.
pub fn counts<const N: usize>(expected: [((u16, &str), usize); N]) -> BTreeMap<(u16, String), usize> {
    expected.map(|((status, slug), count)| ((status, slug.to_owned()), count)).into()
}
