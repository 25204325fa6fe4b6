//! Signed playback tokens: JWS compact (RFC 7515) under RS256, signed by *ring* with a key that was parsed once.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cache::{Cache, TOKENS_MAX};
use super::key::{KeyId, PrivateKey};
use super::lifetime::Window;

/// A right to play until its end, whoever holds it. It goes to the viewer and nowhere else, so it shows itself only on
/// request.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Arc<str>);

impl Token {
    pub(super) fn new(text: String) -> Self {
        Self(text.into())
    }

    /// The token's text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token")
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A token and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The token.
    pub token: Token,
    /// Its `exp`, in Unix seconds.
    pub expires_at: i64,
}

/// Counts what one key has signed, as the dearest thing that an answer can take.
#[derive(Debug, Clone, Default)]
pub struct Signatures(Arc<AtomicU64>);

impl Signatures {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a token says. Without an end it is what tokens are kept under.
pub(super) trait Claims: Serialize {
    /// The same with this end.
    fn ending(self, expires_at: i64) -> Self;
}

/// Signs the tokens of one provider, and keeps those that it signed.
pub(super) struct Issuer {
    id: KeyId,
    key: PrivateKey,
    /// The header, already encoded: it is the same for every token.
    header: String,
    cache: Cache,
    signatures: Signatures,
}

impl Issuer {
    /// An issuer with this key, whose tokens carry this [`encoded`] header.
    pub(super) fn new(id: KeyId, key: PrivateKey, header: String) -> Self {
        Self { id, key, header, cache: Cache::new(TOKENS_MAX), signatures: Signatures::default() }
    }

    /// The key's id.
    pub(super) fn key_id(&self) -> &str {
        self.id.as_str()
    }

    /// Counts what it signs.
    pub(super) fn signatures(&self) -> &Signatures {
        &self.signatures
    }

    /// A token that says this: a kept one whose end will do, else a fresh one.
    pub(super) fn issue(&self, claims: impl Claims, window: Window) -> Signed {
        let key = serde_json::to_string(&claims).expect("claims serialize to JSON");
        self.cache.token(key, window, || {
            let token = self.sign(&claims.ending(window.latest));
            Signed { token, expires_at: window.latest }
        })
    }

    fn sign(&self, claims: &impl Serialize) -> Token {
        let mut text = format!("{}.{}", self.header, encoded(claims));
        let signature = self.key.sign(text.as_bytes());
        self.signatures.0.fetch_add(1, Ordering::Relaxed);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Token::new(text)
    }
}

/// A header or claims as a token holds them.
pub(super) fn encoded(part: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).expect("headers and claims serialize to JSON"))
}

/// What the tests of providers share: reading a token as a stranger would.
#[cfg(test)]
pub(super) mod tests {
    use super::Token;
    use crate::video::key::PrivateKey;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::signature::RSA_PKCS1_2048_8192_SHA256;
    use serde_json::Value;

    pub(in crate::video) const KEY: &str = include_str!("../../testdata/keys/rsa-2048-pkcs1.pem");

    /// The decoded header and claims of a token whose signature holds under the public half of [`KEY`].
    #[track_caller]
    pub(in crate::video) fn opened(token: &str) -> (Value, Value) {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else { panic!("a token has three parts") };
        let key: PrivateKey = KEY.parse().expect("the key is good");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("the signature is base64url");
        let message = format!("{header}.{claims}");
        key.public()
            .verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature)
            .expect("the signature holds");
        let decoded = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part).expect("the part is base64url");
            serde_json::from_slice(&bytes).expect("the part is JSON")
        };
        (decoded(header), decoded(claims))
    }

    #[test]
    fn a_token_shows_itself_only_on_request() {
        let token = Token::new("eyJh.eyJz.c2ln".to_owned());
        assert_eq!(format!("{token:?}"), "Token");
        assert_eq!(token.expose(), "eyJh.eyJz.c2ln");
    }
}
