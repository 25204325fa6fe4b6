//! Who calls: the check of an access token, with public keys alone and without asking anyone.
//!
//! The jsonwebtoken crate verifies the signature, and then issuer and audience; what it lets pass by itself (a header's
//! unknown members, any `typ`, a token of a megabyte, claims of another type, times that make no sense) is refused here
//! before and after. Signatures of ECDSA are malleable, so nothing may be keyed on a token's text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderName, header};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
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
    validation: Validation,
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

impl Verifier {
    /// A verifier of tokens that this issuer signed for this audience.
    pub fn new(keys: VerifyKeys, issuer: Issuer, audience: Audience, clock: Clock) -> Self {
        es256::install();
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[&audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The crate reads the machine's clock; times are compared here, by the clock that was given.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self { keys: keys.into_decoding_keys(), validation, issuer, audience, clock }
    }

    /// The caller, if every part of the token holds.
    pub fn verify(&self, token: &str) -> Result<Caller, InvalidToken> {
        let key = key_id(token).and_then(|id| self.keys.get(&id)).ok_or(InvalidToken)?;
        let decoded =
            jsonwebtoken::decode::<Claims>(token, key, &self.validation).map_err(|_| InvalidToken)?;
        self.caller(&decoded.claims).ok_or(InvalidToken)
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

/// The key that the header names, if form and header are those of our tokens.
fn key_id(token: &str) -> Option<String> {
    if token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if ![header, claims, signature].iter().all(|part| !part.is_empty() && part.bytes().all(is_base64url)) {
        return None;
    }
    // serde would read a struct from an array too.
    let json = URL_SAFE_NO_PAD.decode(header).ok().filter(|json| json.starts_with(b"{"))?;
    let header: Header = serde_json::from_slice(&json).ok()?;
    let expected = header.alg == "ES256"
        && (header.typ == TYPE || header.typ == TYPE_LONG)
        && header.kid.len() <= KEY_ID_BYTES_MAX;
    expected.then_some(header.kid)
}

/// An id in its one spelling: hyphenated, lower-case.
fn canonical<T: FromStr + fmt::Display>(text: &str) -> Option<T> {
    text.parse().ok().filter(|id: &T| id.to_string() == text)
}

#[cfg(test)]
mod tests;
