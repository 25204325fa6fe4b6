//! Who calls: the check of an access token, with public keys alone and without asking anyone.
//!
//! The jsonwebtoken crate verifies the signature and nothing else. Its own reading of a token lets too much pass (a header's
//! unknown members, any `typ`, a token of a megabyte, claims of another type, times that make no sense), so header and
//! claims are read here, once. Signatures of ECDSA are malleable, so nothing may be keyed on a token's text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderName, header};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use super::claims::{Claims, KEY_ID_BYTES_MAX, LEEWAY_S, LIFETIME_S, TYPE};
use super::es256;
use super::{Audience, Issuer, Scope};
use crate::clock::Clock;
use crate::ids::{SessionId, TokenId, UserId};

mod keys;

pub use keys::{InvalidVerifyKeys, VerifyKeys};

/// The longest token, in bytes; longer ones are refused undecoded.
const TOKEN_BYTES_MAX: usize = 4096;
/// The long spelling of [`TYPE`], which RFC 9068 section 4 wants accepted.
const TYPE_LONG: &str = "application/at+jwt";

/// The one header that is read for the caller's token: `AUTH_TOKEN_HEADER`, `authorization` by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHeader(HeaderName);

impl TokenHeader {
    /// The header's name.
    pub fn name(&self) -> &HeaderName {
        &self.0
    }
}

impl Default for TokenHeader {
    fn default() -> Self {
        Self(header::AUTHORIZATION)
    }
}

impl FromStr for TokenHeader {
    type Err = InvalidTokenHeader;

    fn from_str(text: &str) -> Result<Self, InvalidTokenHeader> {
        match text {
            "authorization" => Ok(Self::default()),
            "x-forwarded-authorization" => Ok(Self(HeaderName::from_static("x-forwarded-authorization"))),
            _ => Err(InvalidTokenHeader),
        }
    }
}

/// A header that carries no caller's token behind either edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be authorization or x-forwarded-authorization")]
pub struct InvalidTokenHeader;

/// A person whose token was verified. Only [`Verifier::verify`] makes one, so whoever holds it may trust it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    user_id: UserId,
    session_id: SessionId,
    scope: Scope,
}

impl Caller {
    /// The person.
    pub fn user_id(&self) -> UserId {
        self.user_id
    }

    /// The login that the token belongs to. Whether it was ended meanwhile, the database knows.
    pub fn session_id(&self) -> SessionId {
        self.session_id
    }

    /// Whether an operator made this person an administrator.
    pub fn is_admin(&self) -> bool {
        self.scope == Scope::UserAdmin
    }
}

/// A token that does not hold. Why is nobody's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bearer token is not valid")]
pub struct InvalidToken;

/// Verifies access tokens.
pub struct Verifier {
    keys: HashMap<String, DecodingKey>,
    issuer: Issuer,
    audience: Audience,
    clock: Clock,
}

/// A token's protected header: these three members and no other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// A token taken apart (JWS compact serialization, RFC 7515 section 7.1), nothing of it decoded yet.
struct Parts<'a> {
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
    /// What was signed: the first two parts, as they were received.
    signed: &'a [u8],
}

impl Verifier {
    /// A verifier of tokens that this issuer signed for this audience.
    pub fn new(keys: VerifyKeys, issuer: Issuer, audience: Audience, clock: Clock) -> Self {
        es256::install();
        Self { keys: keys.into_decoding_keys(), issuer, audience, clock }
    }

    /// The caller, if every part of the token holds.
    pub fn verify(&self, token: &str) -> Result<Caller, InvalidToken> {
        let claims = self.claims(token).ok_or(InvalidToken)?;
        self.caller(&claims).ok_or(InvalidToken)
    }

    /// What the token says, if it has the form of ours and one of our keys signed it; no claim is looked at before.
    fn claims(&self, token: &str) -> Option<Claims> {
        let parts = Parts::of(token)?;
        let key = self.keys.get(&parts.key_id()?)?;
        if parts.are_signed_by(key) { object(parts.claims) } else { None }
    }

    /// Who the claims say calls, if they are ours and of this time.
    fn caller(&self, claims: &Claims) -> Option<Caller> {
        let now = self.clock.unix_seconds();
        let ours = claims.iss == self.issuer.as_str() && claims.aud == self.audience.as_str();
        let life = claims.exp.checked_sub(claims.iat)?;
        let timely = now < claims.exp.checked_add(LEEWAY_S)?
            && claims.iat <= now + LEEWAY_S
            && claims.auth_time <= now + LEEWAY_S
            && (1..=LIFETIME_S).contains(&life);
        canonical::<TokenId>(&claims.jti)?;
        let user_id = canonical(&claims.sub)?;
        let session_id = canonical(&claims.sid)?;
        (ours && timely).then_some(Caller { user_id, session_id, scope: claims.scope })
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Verifier")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

impl<'a> Parts<'a> {
    /// The three parts, if the token is no longer than ours get. That each has base64url's characters and no other is seen
    /// when it is decoded; a fourth part's dot is none of them.
    fn of(token: &'a str) -> Option<Self> {
        let token = Some(token).filter(|token| token.len() <= TOKEN_BYTES_MAX)?;
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self { header, claims, signature, signed: signed.as_bytes() })
    }

    /// Whether the owner of this key signed them.
    fn are_signed_by(&self, key: &DecodingKey) -> bool {
        crypto::verify(self.signature, self.signed, key, Algorithm::ES256).unwrap_or(false)
    }

    /// The key that the header names, if the header is one of ours.
    fn key_id(&self) -> Option<String> {
        let Header { alg, typ, kid } = object(self.header)?;
        let expected = alg == "ES256" && (typ == TYPE || typ == TYPE_LONG) && kid.len() <= KEY_ID_BYTES_MAX;
        expected.then_some(kid)
    }
}

/// A part's JSON object. serde would read a struct from an array too.
fn object<T: DeserializeOwned>(part: &str) -> Option<T> {
    let json = URL_SAFE_NO_PAD.decode(part).ok().filter(|json| json.starts_with(b"{"))?;
    serde_json::from_slice(&json).ok()
}

/// An id in its one spelling: hyphenated, which is all that it is read from, and lower-case.
fn canonical<T: FromStr>(text: &str) -> Option<T> {
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    text.parse().ok().filter(|_| is_lower)
}

#[cfg(test)]
mod tests;
