//! The attack list against the verifier, with tokens made by hand.

use super::{Caller, InvalidToken, InvalidTokenHeader, TokenHeader, Verifier, VerifyKeys};
use crate::clock::Clock;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    KeyPair as _,
};
use serde_json::{Value, json};

mod claims;
mod wycheproof;

const NOW: u64 = 1_764_000_000;
const ISSUER: &str = "https://streamly.example";
const AUDIENCE: &str = "streamly";
const USER: &str = "01936f5a-7c00-7000-8000-000000000001";
const SESSION: &str = "01936f5a-7c00-7000-8000-000000000002";
const TOKEN: &str = "01936f5a-7c00-7000-8000-000000000003";

pub(super) fn pair(algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap()
}

pub(super) fn jwk(id: &str, pair: &EcdsaKeyPair) -> Value {
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    json!({ "kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "alg": "ES256",
        "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) })
}

/// A verifier of `key-1`, whose private half makes the tokens.
struct Suite {
    pair: EcdsaKeyPair,
}

impl Suite {
    fn new() -> Self {
        Self { pair: pair(&ECDSA_P256_SHA256_FIXED_SIGNING) }
    }

    fn verifier_at(&self, now: u64) -> Verifier {
        let keys: VerifyKeys = json!({ "keys": [jwk("key-1", &self.pair)] }).to_string().parse().unwrap();
        Verifier::new(keys, ISSUER.parse().unwrap(), AUDIENCE.parse().unwrap(), Clock::fixed(now))
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        sign_with(&self.pair, header, claims)
    }

    /// Asks about a token with these parts.
    #[track_caller]
    fn check(&self, header: &Value, claims: &Value, good: bool) {
        self.check_token(&self.sign(&header.to_string(), &claims.to_string()), good);
    }

    #[track_caller]
    fn check_token(&self, token: &str, good: bool) {
        let found = self.verifier_at(NOW).verify(token);
        let shown: String = token.chars().take(200).collect();
        assert_eq!(found.is_ok(), good, "{shown}");
    }

    /// Asks about a good token with this header member changed, or taken out by null.
    #[track_caller]
    fn check_header(&self, name: &str, value: Value, good: bool) {
        self.check(&with(header(), name, value), &claims(), good);
    }

    /// Asks about a good token with this claim changed, or taken out by null.
    #[track_caller]
    fn check_claim(&self, name: &str, value: Value, good: bool) {
        self.check(&header(), &with(claims(), name, value), good);
    }
}

fn sign_with(pair: &EcdsaKeyPair, header: &str, claims: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn header() -> Value {
    json!({ "alg": "ES256", "typ": "at+jwt", "kid": "key-1" })
}

fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": USER, "sid": SESSION, "jti": TOKEN,
        "iat": NOW, "exp": NOW + 900, "auth_time": NOW, "scope": "user" })
}

pub(super) fn with(mut object: Value, name: &str, value: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
    object
}

#[test]
fn a_good_token_names_its_caller() {
    let suite = Suite::new();
    let token = suite.sign(&header().to_string(), &claims().to_string());
    let caller: Caller = suite.verifier_at(NOW).verify(&token).unwrap();
    assert_eq!(caller.user_id().to_string(), USER);
    assert_eq!(caller.session_id().to_string(), SESSION);
    assert!(!caller.is_admin());
    let token = suite.sign(&header().to_string(), &with(claims(), "scope", json!("user admin")).to_string());
    assert!(suite.verifier_at(NOW).verify(&token).unwrap().is_admin());
}

#[test]
fn another_algorithm_is_refused() {
    let suite = Suite::new();
    for alg in ["none", "nOnE", "", "RS256", "PS256", "ES384", "ES512", "EdDSA", "HS256", "es256", "ES256 "] {
        suite.check_header("alg", json!(alg), false);
    }
    suite.check_header("alg", Value::Null, false);
    suite.check_header("alg", json!(256), false);
    suite.check_header("alg", json!(["ES256"]), false);
    let unsigned = suite.sign(&with(header(), "alg", json!("none")).to_string(), &claims().to_string());
    let (message, _) = unsigned.rsplit_once('.').unwrap();
    suite.check_token(&format!("{message}."), false);
    suite.check_token(message, false);
}

#[test]
fn an_es384_signature_is_refused() {
    let suite = Suite::new();
    let other = pair(&ECDSA_P384_SHA384_FIXED_SIGNING);
    let header = with(header(), "alg", json!("ES384"));
    suite.check_token(&sign_with(&other, &header.to_string(), &claims().to_string()), false);
}

#[test]
fn a_mac_keyed_with_our_public_key_is_refused() {
    let suite = Suite::new();
    let point = suite.pair.public_key().as_ref().to_vec();
    // SubjectPublicKeyInfo of P-256 (RFC 5480), as a PEM holds it.
    let prefix = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
        0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];
    let der = [&prefix[..], &point].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&der));
    for key in [point, der, pem.into_bytes(), jwk("key-1", &suite.pair).to_string().into_bytes()] {
        for alg in ["HS256", "ES256"] {
            let header = with(header(), "alg", json!(alg)).to_string();
            let message = format!(
                "{}.{}",
                URL_SAFE_NO_PAD.encode(header),
                URL_SAFE_NO_PAD.encode(claims().to_string())
            );
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
            let mac = ring::hmac::sign(&key, message.as_bytes());
            suite.check_token(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac)), false);
        }
    }
}

#[test]
fn another_key_under_our_kid_is_refused() {
    let suite = Suite::new();
    let other = pair(&ECDSA_P256_SHA256_FIXED_SIGNING);
    suite.check_token(&sign_with(&other, &header().to_string(), &claims().to_string()), false);
}

#[test]
fn a_signature_of_another_length_or_of_zeros_is_refused() {
    let suite = Suite::new();
    let token = suite.sign(&header().to_string(), &claims().to_string());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let variants = [
        &signature[..63],
        &[&signature[..], &[0]].concat(),
        &[0; 64],
        &[0xff; 64],
        &signature[32..],
        &[48; 70],
    ];
    for variant in variants {
        suite.check_token(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(variant)), false);
    }
}

#[test]
fn a_key_id_that_is_none_of_ours_is_refused() {
    let suite = Suite::new();
    suite.check_header("kid", json!("key-1"), true);
    suite.check_header("kid", Value::Null, false);
    suite.check_header("kid", json!(1), false);
    for kid in ["", "key-2", "KEY-1", "key-1 ", "../../etc/passwd", "/dev/null", "key-1' or '1'='1"] {
        suite.check_header("kid", json!(kid), false);
    }
    suite.check_header("kid", json!("k".repeat(65)), false);
    suite.check_header("kid", json!("k".repeat(100_000)), false);
}

#[test]
fn any_other_header_member_is_refused() {
    let suite = Suite::new();
    let members = [
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("jwk", jwk("key-1", &pair(&ECDSA_P256_SHA256_FIXED_SIGNING))),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("abc")),
        ("crit", json!(["x"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("cty", json!("JWT")),
        ("x", json!(1)),
    ];
    for (name, value) in members {
        suite.check_header(name, value, false);
    }
}

#[test]
fn only_the_type_of_access_tokens_is_accepted() {
    let suite = Suite::new();
    suite.check_header("typ", json!("at+jwt"), true);
    suite.check_header("typ", json!("application/at+jwt"), true);
    suite.check_header("typ", Value::Null, false);
    for typ in ["JWT", "", "id+jwt", "logout+jwt", "AT+JWT", "application/jwt", "at+jwt "] {
        suite.check_header("typ", json!(typ), false);
    }
}

#[test]
fn a_header_or_claims_in_another_form_are_refused() {
    let suite = Suite::new();
    let good = (header().to_string(), claims().to_string());
    suite.check_token(&suite.sign(&good.0, &good.1), true);
    for header in [
        "[\"ES256\",\"at+jwt\",\"key-1\"]",
        "{\"alg\":\"ES256\",\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"key-1\"}",
        "{\"alg\":\"none\",\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"key-1\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"key-1\"}x",
        "\u{feff}{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"key-1\"}",
        "{",
        "null",
        "{}",
    ] {
        suite.check_token(&suite.sign(header, &good.1), false);
    }
    let repeated = format!("{{\"sub\":\"{USER}\",{}", &good.1[1..]);
    let array = json!([ISSUER, AUDIENCE, USER, NOW, NOW + 900, TOKEN, SESSION, NOW, "user"]).to_string();
    for claims in
        [repeated, array, format!("{}x", good.1), "{".to_owned(), "null".to_owned(), "{}".to_owned()]
    {
        suite.check_token(&suite.sign(&good.0, &claims), false);
    }
}

#[test]
fn a_token_of_another_shape_is_refused() {
    let suite = Suite::new();
    let token = suite.sign(&header().to_string(), &claims().to_string());
    let parts: Vec<&str> = token.split('.').collect();
    suite.check_token("", false);
    suite.check_token("..", false);
    suite.check_token(&parts[..2].join("."), false);
    suite.check_token(&format!("{token}.{}", parts[2]), false);
    suite.check_token(&format!("{token}.a.b"), false);
    suite.check_token(&format!(".{}.{}", parts[1], parts[2]), false);
    suite.check_token(&format!("{}..{}", parts[0], parts[2]), false);
    for odd in ["{", "\"", " ", "=", "+", "/", "\n", "\u{e9}"] {
        suite.check_token(&format!("{token}{odd}"), false);
        suite.check_token(&format!("{odd}{token}"), false);
        suite.check_token(&format!("{}.{}{odd}.{}", parts[0], parts[1], parts[2]), false);
    }
    let serialized = json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] });
    suite.check_token(&serialized.to_string(), false);
}

#[test]
fn every_changed_character_is_refused() {
    let suite = Suite::new();
    let token = suite.sign(&header().to_string(), &claims().to_string());
    let verifier = suite.verifier_at(NOW);
    for index in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(verifier.verify(&changed), Err(InvalidToken), "{index}");
    }
}

#[test]
fn a_token_longer_than_4096_bytes_is_refused_undecoded() {
    let suite = Suite::new();
    // White space between members is JSON, so the token may be of any length and is signed.
    let padded = |length: usize| {
        let token =
            |spaces: usize| suite.sign(&header().to_string(), &format!("{}{}", claims(), " ".repeat(spaces)));
        (2_500..4096).map(token).find(|token| token.len() >= length).unwrap()
    };
    let longest = (4090..=4096).rev().map(padded).find(|token| token.len() <= 4096).unwrap();
    suite.check_token(&longest, true);
    suite.check_token(&padded(4097), false);
    suite.check_token(&"a".repeat(1 << 20), false);
}

#[test]
fn two_keys_verify_side_by_side_while_they_are_rotated() {
    let (old, new) = (pair(&ECDSA_P256_SHA256_FIXED_SIGNING), pair(&ECDSA_P256_SHA256_FIXED_SIGNING));
    let set = json!({ "keys": [jwk("old", &old), jwk("new", &new)] }).to_string();
    let verifier = Verifier::new(
        set.parse().unwrap(),
        ISSUER.parse().unwrap(),
        AUDIENCE.parse().unwrap(),
        Clock::fixed(NOW),
    );
    let token = |pair, id: &str| {
        sign_with(pair, &with(header(), "kid", json!(id)).to_string(), &claims().to_string())
    };
    assert!(verifier.verify(&token(&old, "old")).is_ok());
    assert!(verifier.verify(&token(&new, "new")).is_ok());
    assert!(verifier.verify(&token(&old, "new")).is_err());
    assert!(verifier.verify(&token(&new, "old")).is_err());
}

#[test]
fn one_of_two_headers_is_read() {
    for (text, name) in [
        ("authorization", Ok("authorization")),
        ("x-forwarded-authorization", Ok("x-forwarded-authorization")),
        ("cookie", Err(InvalidTokenHeader)),
        ("x-apigateway-api-userinfo", Err(InvalidTokenHeader)),
        ("", Err(InvalidTokenHeader)),
    ] {
        let found = text.parse::<TokenHeader>();
        assert_eq!(found.as_ref().map(|header| header.name().as_str()), name.as_ref().map(|name| *name));
    }
    assert_eq!(TokenHeader::default().name(), "authorization");
}

proptest! {
    #[test]
    fn no_text_makes_the_verifier_panic(token in ".{0,200}") {
        prop_assert!(Suite::new().verifier_at(NOW).verify(&token).is_err());
    }

    #[test]
    fn no_json_in_the_right_shape_makes_it_panic(header in any::<Vec<u8>>(), claims in any::<Vec<u8>>()) {
        let suite = Suite::new();
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = suite.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
        prop_assert!(suite.verifier_at(NOW).verify(&token).is_err());
    }
}
