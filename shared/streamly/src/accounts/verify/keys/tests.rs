//! Which key sets are refused, and what is published.

use super::{InvalidVerifyKeys, VerifyKeys};
use crate::accounts::verify::tests::{jwk, pair, with};
use ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
use serde_json::{Value, json};

#[track_caller]
fn check_keys(set: &str, expected: Option<InvalidVerifyKeys>) {
    let found = set.parse::<VerifyKeys>().err();
    assert_eq!(found, expected, "{set}");
}

#[test]
fn a_key_set_that_must_not_be_used_is_refused() {
    let pair = pair(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let good = jwk("key-1", &pair);
    let one = |key: &Value| json!({ "keys": [key] }).to_string();
    check_keys(&one(&good), None);
    check_keys(&one(&with(with(good.clone(), "use", Value::Null), "alg", Value::Null)), None);
    check_keys(&one(&with(good.clone(), "key_ops", json!(["verify"]))), None);
    check_keys("", Some(InvalidVerifyKeys::Form));
    check_keys("[]", Some(InvalidVerifyKeys::Form));
    check_keys("{}", Some(InvalidVerifyKeys::Form));
    check_keys("{\"keys\":[]}", Some(InvalidVerifyKeys::Empty));
    check_keys(&one(&with(good.clone(), "d", json!("AAAA"))), Some(InvalidVerifyKeys::Private));
    check_keys("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", Some(InvalidVerifyKeys::Private));
    check_keys("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AA\",\"e\":\"AQAB\"}]}", Some(InvalidVerifyKeys::Kind));
    for (name, value) in
        [("kty", "OKP"), ("crv", "P-384"), ("crv", "secp256k1"), ("alg", "HS256"), ("use", "enc")]
    {
        check_keys(&one(&with(good.clone(), name, json!(value))), Some(InvalidVerifyKeys::Kind));
    }
    check_keys(&one(&with(good.clone(), "kid", Value::Null)), Some(InvalidVerifyKeys::MissingKeyId));
    check_keys(&one(&with(good.clone(), "kid", json!("k".repeat(64)))), None);
    check_keys(&one(&with(good.clone(), "kid", json!("k".repeat(65)))), Some(InvalidVerifyKeys::Form));
    let twice = json!({ "keys": [good, good] }).to_string();
    check_keys(&twice, Some(InvalidVerifyKeys::RepeatedKeyId));
    for (name, value) in [("x", "AAAA"), ("y", "AAAA"), ("x", "!"), ("y", &"A".repeat(43))] {
        check_keys(&one(&with(good.clone(), name, json!(value))), Some(InvalidVerifyKeys::Point));
    }
    check_keys(&one(&with(good.clone(), "x", Value::Null)), Some(InvalidVerifyKeys::Point));
}

#[test]
fn a_key_set_is_published_without_anything_that_was_not_asked_for() {
    let pair = pair(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let noisy = with(jwk("key-1", &pair), "x5c", json!(["MIIB"]));
    let keys: VerifyKeys = json!({ "keys": [noisy], "note": "ours" }).to_string().parse().unwrap();
    assert_eq!(serde_json::to_value(&keys).unwrap(), json!({ "keys": [jwk("key-1", &pair)] }));
}
