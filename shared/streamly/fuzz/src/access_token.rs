//! The check of access tokens.
//!
//! An input of one line is a token. One of more lines is a header, a line break, and claims, which are signed here with the
//! key that the verifier trusts, since no fuzzer guesses a signature.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use streamly::accounts::verify::Verifier;
use streamly::clock::Clock;
use streamly::ids::UserId;

const NOW: i64 = 1_764_000_000;
const ISSUER: &str = "https://streamly.example";
const AUDIENCE: &str = "streamly";
/// Of tests alone.
const KEY: &str = include_str!("../../testdata/keys/ec-p256.pem");

/// What is taken says, and says only, what the rule below wants, and is of the person whom it names; what says that in the
/// plainest spelling is taken.
pub fn check(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Some((header, claims)) = text.split_once('\n') else { return check_token(text) };
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = pair().sign(&SystemRandom::new(), signed.as_bytes()).expect("the system has randomness");
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    let is_taken = check_token(&token);
    let plain = |text: &str| {
        let value = serde_json::from_str::<Value>(text).ok()?;
        let written = value.to_string();
        (written == text).then_some(value)
    };
    if let (Some(header), Some(claims)) = (plain(header), plain(claims)) {
        assert_eq!(is_taken, token.len() <= 4096 && is_ours(&header, &claims), "{header}\n{claims}");
    }
    is_taken
}

fn check_token(token: &str) -> bool {
    let Ok(caller) = verifier().verify(token) else { return false };
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, _] = parts[..] else { panic!("{token} has not three parts") };
    let [header, claims] = [header, claims].map(|part| {
        let json = URL_SAFE_NO_PAD.decode(part).expect("it was decoded before");
        serde_json::from_slice::<Value>(&json).expect("it was read before")
    });
    assert!(is_ours(&header, &claims), "{header}\n{claims}");
    assert_eq!(claims["sub"], caller.user_id().to_string());
    assert_eq!(claims["sid"], caller.session_id().to_string());
    assert_eq!(claims["scope"] == "user admin", caller.is_admin());
    true
}

/// The rule: three members and nine claims, no more; our key, issuer and audience; ids in their one spelling; signed in the
/// last fifteen minutes, half a minute of difference between two clocks granted.
fn is_ours(header: &Value, claims: &Value) -> bool {
    let has_just =
        |value: &Value, count: usize| value.as_object().is_some_and(|members| members.len() == count);
    let of_header = header["alg"] == "ES256"
        && header["kid"] == "key-1"
        && (header["typ"] == "at+jwt" || header["typ"] == "application/at+jwt");
    let is_id = |name: &str| {
        let text = claims[name].as_str().unwrap_or_default();
        text.parse::<UserId>().is_ok() && text.to_lowercase() == text
    };
    let time = |name: &str| claims[name].as_i64().map(i128::from);
    let (Some(from), Some(to), Some(proved)) = (time("iat"), time("exp"), time("auth_time")) else {
        return false;
    };
    let now = i128::from(NOW);
    let timely = now < to + 30 && from <= now + 30 && proved <= now + 30 && (1..=900).contains(&(to - from));
    let scope = claims["scope"] == "user" || claims["scope"] == "user admin";
    has_just(header, 3)
        && has_just(claims, 9)
        && of_header
        && claims["iss"] == ISSUER
        && claims["aud"] == AUDIENCE
        && ["sub", "sid", "jti"].iter().all(|name| is_id(name))
        && timely
        && scope
}

fn pair() -> EcdsaKeyPair {
    let text: String = KEY.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = STANDARD.decode(text).expect("a PEM holds base64");
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key, &SystemRandom::new());
    pair.expect("a key of this curve")
}

fn verifier() -> Verifier {
    let pair = pair();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    let key =
        json!({"kty": "EC", "crv": "P-256", "kid": "key-1", "use": "sig", "alg": "ES256", "x": x, "y": y});
    let keys = json!({ "keys": [key] }).to_string().parse().expect("a key set");
    let now = u64::try_from(NOW).expect("after 1970");
    let (issuer, audience) = (ISSUER.parse().expect("a name"), AUDIENCE.parse().expect("a name"));
    Verifier::new(keys, issuer, audience, Clock::fixed(now))
}
