//! The public keys: `JWT_VERIFY_KEYS`, a JWK set (RFC 7517). One key id means one key and one algorithm.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::rand::SystemRandom;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use crate::accounts::KeyId;

/// The first byte of an uncompressed point (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 4;
/// The length of a P-256 coordinate, in bytes.
const COORDINATE_BYTES: usize = 32;

/// Public keys by their id. It serializes as the JWK set that `/.well-known/jwks.json` serves.
#[derive(Debug, Clone, Serialize)]
pub struct VerifyKeys {
    keys: Vec<PublicKey>,
}

/// One key as it is published.
#[derive(Debug, Clone, Serialize)]
struct PublicKey {
    kty: &'static str,
    crv: &'static str,
    kid: String,
    #[serde(rename = "use")]
    usage: &'static str,
    alg: &'static str,
    x: String,
    y: String,
}

/// A set as it is read.
#[derive(Deserialize)]
struct Set {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kty: String,
    crv: Option<String>,
    kid: Option<KeyName>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// Every private key has `d`, every shared one `k` (RFC 7518 section 6).
    d: Option<IgnoredAny>,
    k: Option<IgnoredAny>,
}

/// A `kid` that was checked while it was read.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct KeyName(KeyId);

impl TryFrom<String> for KeyName {
    type Error = super::super::InvalidName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

/// A key set that must not be used. None of these names a value of the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVerifyKeys {
    /// Not a JSON object with `keys`.
    #[error("must be a JWK set in JSON")]
    Form,
    /// Verifying nothing is no configuration.
    #[error("holds no key")]
    Empty,
    /// A private key in a public place.
    #[error("holds a private key; it must be replaced everywhere")]
    Private,
    /// Not EC P-256 for ES256 signatures.
    #[error("every key must be of kty EC, crv P-256, use sig and alg ES256")]
    Kind,
    /// A key without a name.
    #[error("every key must have a kid")]
    MissingKeyId,
    /// Two keys of one name.
    #[error("a kid stands there twice")]
    RepeatedKeyId,
    /// Coordinates that are no point of the curve.
    #[error("a key's x and y are no point of P-256")]
    Point,
}

impl FromStr for VerifyKeys {
    type Err = InvalidVerifyKeys;

    fn from_str(text: &str) -> Result<Self, InvalidVerifyKeys> {
        let set: Set = serde_json::from_str(text).map_err(|_| InvalidVerifyKeys::Form)?;
        if set.keys.is_empty() {
            return Err(InvalidVerifyKeys::Empty);
        }
        let mut seen = HashSet::new();
        let mut keys = Vec::with_capacity(set.keys.len());
        for key in set.keys {
            let key = public(key)?;
            if !seen.insert(key.kid.clone()) {
                return Err(InvalidVerifyKeys::RepeatedKeyId);
            }
            keys.push(key);
        }
        Ok(Self { keys })
    }
}

impl VerifyKeys {
    /// The one key with this id and this uncompressed point.
    pub(in crate::accounts) fn of_point(id: &KeyId, point: &[u8]) -> Self {
        let (x, y) = point[1..].split_at(COORDINATE_BYTES);
        Self { keys: vec![published(id, x, y)] }
    }

    /// What the jsonwebtoken crate verifies with.
    pub(super) fn into_decoding_keys(self) -> HashMap<String, DecodingKey> {
        let keys = self.keys.into_iter();
        keys.map(|key| {
            let decoding = DecodingKey::from_ec_components(&key.x, &key.y);
            (key.kid, decoding.expect("the coordinates were decoded before"))
        })
        .collect()
    }
}

/// The key as it is published, if it is one that may be.
fn public(key: Key) -> Result<PublicKey, InvalidVerifyKeys> {
    if key.d.is_some() || key.k.is_some() {
        return Err(InvalidVerifyKeys::Private);
    }
    let optional =
        |value: &Option<String>, expected: &str| value.as_deref().is_none_or(|value| value == expected);
    let kind = key.kty == "EC"
        && key.crv.as_deref() == Some("P-256")
        && optional(&key.usage, "sig")
        && optional(&key.alg, "ES256");
    if !kind {
        return Err(InvalidVerifyKeys::Kind);
    }
    let KeyName(id) = key.kid.ok_or(InvalidVerifyKeys::MissingKeyId)?;
    let coordinate = |value: Option<String>| {
        let bytes = URL_SAFE_NO_PAD.decode(value.unwrap_or_default()).ok();
        bytes.filter(|bytes| bytes.len() == COORDINATE_BYTES).ok_or(InvalidVerifyKeys::Point)
    };
    let (x, y) = (coordinate(key.x)?, coordinate(key.y)?);
    if !is_on_curve(&x, &y) {
        return Err(InvalidVerifyKeys::Point);
    }
    Ok(published(&id, &x, &y))
}

fn published(id: &KeyId, x: &[u8], y: &[u8]) -> PublicKey {
    PublicKey {
        kty: "EC",
        crv: "P-256",
        kid: id.to_string(),
        usage: "sig",
        alg: "ES256",
        x: URL_SAFE_NO_PAD.encode(x),
        y: URL_SAFE_NO_PAD.encode(y),
    }
}

/// Whether P-256 has this point. ring tells by agreeing on a key with it; a signature check would only ever fail.
fn is_on_curve(x: &[u8], y: &[u8]) -> bool {
    let point = [&[UNCOMPRESSED], x, y].concat();
    let Ok(ours) = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()) else { return false };
    agree_ephemeral(ours, &UnparsedPublicKey::new(&ECDH_P256, point), |_| ()).is_ok()
}

#[cfg(test)]
mod tests;
