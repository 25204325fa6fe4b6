//! Access tokens: signed here, by the few functions that hold the private key.
//!
//! A token is a JWS (RFC 7515) of type `at+jwt` (RFC 9068) that says who the caller is and in which session, and nothing
//! that changes within its life: no address, no plan, no price.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{EcdsaKeyPair, KeyPair as _};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;
use time::OffsetDateTime;

use super::claims::{Claims, LIFETIME_S, TYPE};
use super::es256;
use super::verify::{Verifier, VerifyKeys};
use super::{Audience, Issuer, KeyId, Scope};
use crate::clock::Clock;
use crate::ids::{SessionId, TokenId, UserId};

/// The life of an access token in whole seconds, the `expires_in` of a reply.
pub const EXPIRES_IN_S: i64 = LIFETIME_S;

/// The private key: `JWT_SIGNING_KEY`, an EC P-256 key in PKCS#8 PEM, or that PEM in base64.
///
/// It is read once: reading holds the public point against the private key, a multiplication on the curve as a signature
/// is. That is why tokens are put together here and not by the jsonwebtoken crate, which reads the key for every one.
pub struct SigningKey(EcdsaKeyPair);

impl SigningKey {
    /// Its public half under this id, as it is published.
    pub fn verify_keys(&self, id: &KeyId) -> VerifyKeys {
        VerifyKeys::of_point(id, self.public_point())
    }

    /// The uncompressed public point.
    fn public_point(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }
}

impl FromStr for SigningKey {
    type Err = InvalidSigningKey;

    fn from_str(text: &str) -> Result<Self, InvalidSigningKey> {
        let pem = if text.starts_with("-----BEGIN") {
            text.as_bytes().to_vec()
        } else {
            let compact: String = text.split_ascii_whitespace().collect();
            STANDARD.decode(compact).map_err(|_| InvalidSigningKey)?
        };
        let key = PrivatePkcs8KeyDer::from_pem_slice(&pem).map_err(|_| InvalidSigningKey)?;
        es256::key_pair(key.secret_pkcs8_der()).map(Self).ok_or(InvalidSigningKey)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey")
    }
}

/// A text that holds no usable private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an EC P-256 private key in PKCS#8 PEM, or that PEM in base64")]
pub struct InvalidSigningKey;

/// Signs access tokens with one key for one audience.
pub struct Signer {
    key: SigningKey,
    /// The first part of every token, with the dot behind it.
    header: String,
    random: SystemRandom,
    key_id: KeyId,
    issuer: Issuer,
    audience: Audience,
    clock: Clock,
}

/// What an access token says of its bearer.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// The person.
    pub user_id: UserId,
    /// The login that the token belongs to.
    pub session_id: SessionId,
    /// When the person last proved who they are.
    pub auth_time: OffsetDateTime,
    /// What they may do.
    pub scope: Scope,
}

impl Signer {
    /// A signer that has signed and verified one token of its own, so that a key or a machine that cannot is noticed at
    /// the start.
    pub fn new(
        key: SigningKey,
        key_id: KeyId,
        issuer: Issuer,
        audience: Audience,
        clock: Clock,
    ) -> Result<Self, SelfCheckFailed> {
        let header = Header { typ: TYPE, alg: "ES256", kid: key_id.as_str() };
        let mut header = URL_SAFE_NO_PAD.encode(json(&header));
        header.push('.');
        let signer = Self { key, header, random: SystemRandom::new(), key_id, issuer, audience, clock };
        signer.check_against(&signer.key.verify_keys(&signer.key_id))?;
        Ok(signer)
    }

    /// Whether these keys verify this signer's tokens; those that are published must.
    pub fn check_against(&self, keys: &VerifyKeys) -> Result<(), SelfCheckFailed> {
        let subject = Subject {
            user_id: UserId::new(),
            session_id: SessionId::new(),
            auth_time: self.clock.now(),
            scope: Scope::User,
        };
        let token = self.sign(&subject).map_err(|_| SelfCheckFailed)?;
        let verifier =
            Verifier::new(keys.clone(), self.issuer.clone(), self.audience.clone(), self.clock.clone());
        verifier.verify(&token).map(|_| ()).map_err(|_| SelfCheckFailed)
    }

    /// A token that is good from now on, for [`EXPIRES_IN_S`] seconds.
    pub fn sign(&self, subject: &Subject) -> Result<String, SigningFailed> {
        let now = self.clock.unix_seconds();
        let claims = Claims {
            iss: self.issuer.to_string(),
            aud: self.audience.to_string(),
            sub: subject.user_id.to_string(),
            iat: now,
            exp: now + LIFETIME_S,
            jti: TokenId::new().to_string(),
            sid: subject.session_id.to_string(),
            auth_time: subject.auth_time.unix_timestamp(),
            scope: subject.scope,
        };
        // JWS compact serialization (RFC 7515 section 7.1).
        let mut token = self.header.clone();
        URL_SAFE_NO_PAD.encode_string(json(&claims), &mut token);
        let signature = self.key.0.sign(&self.random, token.as_bytes()).map_err(|_| SigningFailed)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Signer")
            .field("key_id", &self.key_id)
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

/// A signer whose own tokens do not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token signed with JWT_SIGNING_KEY does not verify")]
pub struct SelfCheckFailed;

/// The machine could not sign: its source of random numbers failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signing an access token failed")]
pub struct SigningFailed;

/// A token's protected header.
#[derive(Serialize)]
struct Header<'a> {
    typ: &'static str,
    alg: &'static str,
    kid: &'a str,
}

/// A part's text before its base64url.
fn json(part: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(part).expect("a struct of texts and numbers is JSON")
}

#[cfg(test)]
mod tests;
