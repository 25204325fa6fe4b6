//! What a well-signed token may claim.

use super::{AUDIENCE, ISSUER, NOW, Suite, USER, claims, header};
use serde_json::{Value, json};

#[test]
fn issuer_and_audience_are_compared_byte_for_byte() {
    let suite = Suite::new();
    for issuer in [
        json!(format!("{ISSUER}/")),
        json!("http://streamly.example"),
        json!("https://STREAMLY.example"),
        json!("https://streamly.test"),
        json!(""),
        json!([ISSUER]),
        json!([ISSUER, "https://evil.example"]),
        json!(1),
        Value::Null,
    ] {
        suite.check_claim("iss", issuer, false);
    }
    for audience in
        [json!("other"), json!(""), json!([AUDIENCE]), json!([AUDIENCE, "other"]), json!(1), Value::Null]
    {
        suite.check_claim("aud", audience, false);
    }
    let null = claims().to_string().replace(&format!("\"aud\":\"{AUDIENCE}\""), "\"aud\":null");
    suite.check_token(&suite.sign(&header().to_string(), &null), false);
}

#[test]
fn times_hold_within_the_leeway_and_no_further() {
    let suite = Suite::new();
    let token = suite.sign(&header().to_string(), &claims().to_string());
    for (now, good) in [
        (NOW + 929, true),
        (NOW + 930, false),
        (NOW - 25, true),
        (NOW + 25, true),
        (NOW - 30, true),
        (NOW - 31, false),
    ] {
        assert_eq!(suite.verifier_at(now).verify(&token).is_ok(), good, "{now}");
    }
    suite.check_claim("auth_time", json!(NOW + 30), true);
    suite.check_claim("auth_time", json!(NOW + 31), false);
    suite.check_claim("auth_time", json!(NOW - 86_400), true);
    suite.check_claim("exp", json!(NOW + 1), true);
    suite.check_claim("exp", json!(NOW), false);
    suite.check_claim("exp", json!(NOW + 901), false);
    suite.check_claim("exp", json!(1_000_000_000_000_000_000_u64), false);
    suite.check_claim("exp", json!(u64::MAX), false);
    suite.check_claim("exp", json!(i64::MAX), false);
    suite.check_claim("iat", json!(i64::MIN), false);
    suite.check_claim("iat", json!(NOW + 86_400), false);
    for time in [json!(format!("{}", NOW + 900)), json!(-1), json!(1.5), Value::Null, json!(1_764_000_900.0)]
    {
        suite.check_claim("exp", time, false);
    }
    for name in ["iat", "auth_time"] {
        suite.check_claim(name, Value::Null, false);
        suite.check_claim(name, json!("now"), false);
    }
}

#[test]
fn another_claim_is_refused() {
    let suite = Suite::new();
    suite.check_claim("nbf", json!(NOW), false);
    suite.check_claim("email", json!("a@example.com"), false);
    suite.check_claim("client_id", json!("web"), false);
}

#[test]
fn ids_are_canonical() {
    let suite = Suite::new();
    for name in ["sub", "sid", "jti"] {
        for id in [
            Value::Null,
            json!(""),
            json!(1),
            json!("me"),
            json!(USER.to_uppercase()),
            json!(USER.replace('-', "")),
            json!(format!("urn:uuid:{USER}")),
            json!(format!("{{{USER}}}")),
            json!(format!("{USER} ")),
        ] {
            suite.check_claim(name, id, false);
        }
    }
}

#[test]
fn an_unknown_scope_is_refused() {
    let suite = Suite::new();
    for scope in
        [json!(""), json!("admin"), json!("user  admin"), json!("root"), json!(["user"]), Value::Null]
    {
        suite.check_claim("scope", scope, false);
    }
}
