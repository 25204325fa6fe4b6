//! What a signed token says, and which keys sign.

use super::{EXPIRES_IN_S, InvalidSigningKey, Signer, SigningKey, Subject};
use crate::accounts::Scope;
use crate::accounts::verify::{Verifier, VerifyKeys};
use crate::clock::Clock;
use crate::ids::{SessionId, UserId};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

const NOW: u64 = 1_764_000_000;

fn pem_of(pkcs8: &[u8]) -> String {
    let text = STANDARD.encode(pkcs8);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

fn pem() -> String {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    pem_of(pkcs8.as_ref())
}

fn signer(pem: &str) -> Signer {
    Signer::new(
        pem.parse().unwrap(),
        "key-1".parse().unwrap(),
        "https://streamly.example".parse().unwrap(),
        "streamly".parse().unwrap(),
        Clock::fixed(NOW),
    )
    .unwrap()
}

fn subject(scope: Scope) -> Subject {
    let auth_time = Clock::fixed(NOW - 60).now();
    Subject { user_id: UserId::new(), session_id: SessionId::new(), auth_time, scope }
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[track_caller]
fn check_key(text: &str, good: bool) {
    assert_eq!(text.parse::<SigningKey>().is_ok(), good, "{text}");
}

#[test]
fn a_token_says_exactly_what_it_must() {
    let subject = subject(Scope::UserAdmin);
    let token = signer(&pem()).sign(&subject).unwrap();
    assert_eq!(part(&token, 0), json!({ "alg": "ES256", "typ": "at+jwt", "kid": "key-1" }));
    let claims = part(&token, 1);
    let expected = json!({ "iss": "https://streamly.example", "aud": "streamly",
        "sub": subject.user_id.to_string(), "sid": subject.session_id.to_string(), "jti": claims["jti"],
        "iat": NOW, "exp": NOW + 900, "auth_time": NOW - 60, "scope": "user admin" });
    assert_eq!(claims, expected);
    assert_eq!(EXPIRES_IN_S, 900);
}

#[test]
fn every_token_has_an_id_of_its_own() {
    let signer = signer(&pem());
    let subject = subject(Scope::User);
    let first = part(&signer.sign(&subject).unwrap(), 1)["jti"].clone();
    assert_ne!(first, part(&signer.sign(&subject).unwrap(), 1)["jti"]);
}

#[test]
fn a_key_is_read_from_pem_and_from_pem_in_base64_and_from_nothing_else() {
    let pem = pem();
    check_key(&pem, true);
    check_key(pem.trim(), true);
    check_key(&STANDARD.encode(&pem), true);
    let p384 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    check_key(&pem_of(p384.as_ref()), false);
    check_key(&pem_of(b"no key"), false);
    check_key(&pem.replace("PRIVATE KEY", "PUBLIC KEY"), false);
    check_key(&pem.replace("PRIVATE KEY", "EC PRIVATE KEY"), false);
    check_key(&pem[..pem.len() / 2], false);
    check_key("", false);
    check_key("secret", false);
    assert!(!InvalidSigningKey.to_string().contains("secret"));
}

#[test]
fn nothing_of_the_key_is_shown() {
    let pem = pem();
    assert_eq!(format!("{:?}", pem.parse::<SigningKey>().unwrap()), "SigningKey");
    let body = pem.lines().nth(1).unwrap();
    assert!(!format!("{:?}", signer(&pem)).contains(body));
}

#[test]
fn a_signer_is_held_against_the_published_keys() {
    let (ours, other) = (pem(), pem());
    let published = |pem: &str| {
        let key: SigningKey = pem.parse().unwrap();
        VerifyKeys::of_point(&"key-1".parse().unwrap(), key.public_point())
    };
    assert!(signer(&ours).check_against(&published(&ours)).is_ok());
    assert!(signer(&ours).check_against(&published(&other)).is_err());
}

#[test]
fn a_token_verifies_and_names_its_subject() {
    let pem = pem();
    let key: SigningKey = pem.parse().unwrap();
    let keys = VerifyKeys::of_point(&"key-1".parse().unwrap(), key.public_point());
    let verifier = Verifier::new(
        keys,
        "https://streamly.example".parse().unwrap(),
        "streamly".parse().unwrap(),
        Clock::fixed(NOW + 929),
    );
    let subject = subject(Scope::User);
    let caller = verifier.verify(&signer(&pem).sign(&subject).unwrap()).unwrap();
    assert_eq!((caller.user_id(), caller.session_id()), (subject.user_id, subject.session_id));
}
