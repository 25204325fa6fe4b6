//! Tokens that are mailed and used once. Their text exists in the mail alone; the database holds a hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use std::fmt;

/// The random bytes of a token: so many that a fast hash protects them (ASVS 6.5.2).
const BYTES: usize = 32;
/// The characters of its text.
const LENGTH: usize = (BYTES * 4).div_ceil(3);

/// A token's text. Its `Debug` hides it.
pub struct OneTimeToken(String);

impl OneTimeToken {
    /// A new token.
    pub fn new() -> Result<Self, NoRandomness> {
        let mut bytes = [0; BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// A token as somebody sends it; none where no token of ours looks so.
    pub fn parse(text: &str) -> Option<Self> {
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (text.len() == LENGTH && text.bytes().all(is_base64url)).then(|| Self(text.to_owned()))
    }

    /// The text, for the mail.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored: the SHA-256 of the text.
    pub fn hash(&self) -> [u8; 32] {
        digest(&SHA256, self.0.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes")
    }
}

impl fmt::Debug for OneTimeToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OneTimeToken")
    }
}

/// The machine's source of random numbers failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no random numbers for a token")]
pub struct NoRandomness;

#[cfg(test)]
mod tests {
    use super::OneTimeToken;

    #[test]
    fn tokens_are_random_and_hashed_and_hidden() {
        let (one, other) = (OneTimeToken::new().unwrap(), OneTimeToken::new().unwrap());
        assert_eq!(one.expose().len(), 43);
        assert_ne!(one.expose(), other.expose());
        assert_ne!(one.hash(), other.hash());
        assert_eq!(one.hash(), one.hash());
        assert_eq!(format!("{one:?}"), "OneTimeToken");
    }

    #[test]
    fn a_text_that_no_token_has_is_none() {
        let token = OneTimeToken::new().unwrap();
        assert_eq!(OneTimeToken::parse(token.expose()).map(|read| read.hash()), Some(token.hash()));
        let good = "aA0-_aA0-_aA0-_aA0-_aA0-_aA0-_aA0-_aA0-_aA0";
        assert!(OneTimeToken::parse(good).is_some());
        for text in ["", &good[1..], &format!("{good}a"), &good.replace('-', "+"), &good.replace('_', "/")] {
            assert!(OneTimeToken::parse(text).is_none(), "{text}");
        }
        for bad in ["=", " ", "\u{e9}"] {
            let text = format!("{}{bad}", &good[..43 - bad.len()]);
            assert!(OneTimeToken::parse(&text).is_none(), "{text}");
        }
    }
}
