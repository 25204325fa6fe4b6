//! Refresh tokens: which session, and the how-manieth of it, under a key that the database does not hold.
//!
//! The text is `rt1.` and, in base64url, 16 bytes of session id, 8 bytes of counter and an HMAC-SHA-256 of both. One row
//! a session is all that is stored; reading it forges nothing, and the present token can be computed again for a client
//! that lost the reply. A new key ends every session.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

use crate::ids::SessionId;

/// What every token starts with: the form's name and version.
const PREFIX: &str = "rt1.";
/// What is authenticated before the session and the counter, so that a key used elsewhere signs nothing for here.
const CONTEXT: &[u8] = b"rt1";
/// The bytes of a session's id.
const SESSION_BYTES: usize = 16;
/// The bytes of session and counter.
const MESSAGE_BYTES: usize = SESSION_BYTES + 8;
/// The bytes of session, counter and MAC.
const TOKEN_BYTES: usize = MESSAGE_BYTES + 32;
/// The bytes of the key.
const KEY_BYTES: usize = 32;

/// The key of all refresh tokens: `REFRESH_TOKEN_KEY`, 32 bytes in base64.
pub struct RefreshKey(hmac::Key);

impl FromStr for RefreshKey {
    type Err = InvalidRefreshKey;

    fn from_str(text: &str) -> Result<Self, InvalidRefreshKey> {
        let bytes = STANDARD.decode(text).map_err(|_| InvalidRefreshKey)?;
        if bytes.len() != KEY_BYTES {
            return Err(InvalidRefreshKey);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }
}

impl fmt::Debug for RefreshKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RefreshKey")
    }
}

/// A text that is no key of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 32 bytes in base64")]
pub struct InvalidRefreshKey;

/// What a genuine token names. Whether it is the present one, the session's row knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// The session.
    pub session_id: SessionId,
    /// How often it was refreshed before.
    pub counter: u64,
}

impl RefreshKey {
    /// The token of this session and counter.
    pub fn token(&self, named: Named) -> String {
        let mut bytes = [0; TOKEN_BYTES];
        bytes[..SESSION_BYTES].copy_from_slice(named.session_id.uuid().as_bytes());
        bytes[SESSION_BYTES..MESSAGE_BYTES].copy_from_slice(&named.counter.to_be_bytes());
        let mac = hmac::sign(&self.0, &authenticated(&bytes[..MESSAGE_BYTES]));
        bytes[MESSAGE_BYTES..].copy_from_slice(mac.as_ref());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What a token names, if this key made it. Costs no query, and the comparison takes the same time wherever the
    /// MAC differs.
    pub fn open(&self, token: &str) -> Option<Named> {
        let mut bytes = [0; TOKEN_BYTES];
        let text = token.strip_prefix(PREFIX)?;
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        let (message, mac) = bytes.split_at(MESSAGE_BYTES);
        if length != TOKEN_BYTES || hmac::verify(&self.0, &authenticated(message), mac).is_err() {
            return None;
        }
        let (session, counter) = message.split_at(SESSION_BYTES);
        Some(Named {
            session_id: Uuid::from_slice(session).ok()?.into(),
            counter: u64::from_be_bytes(counter.try_into().ok()?),
        })
    }
}

fn authenticated(message: &[u8]) -> Vec<u8> {
    [CONTEXT, message].concat()
}

#[cfg(test)]
mod tests {
    use super::{Named, RefreshKey};
    use crate::ids::SessionId;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    fn key(byte: u8) -> RefreshKey {
        STANDARD.encode([byte; 32]).parse().unwrap()
    }

    fn named() -> Named {
        Named { session_id: SessionId::new(), counter: 7 }
    }

    #[track_caller]
    fn refuse(token: &str) {
        assert_eq!(key(1).open(token), None, "{token}");
    }

    #[test]
    fn a_token_names_its_session_and_counter() {
        for counter in [0, 1, u64::MAX] {
            let named = Named { counter, ..named() };
            let token = key(1).token(named);
            assert_eq!(token.len(), 79);
            assert_eq!(key(1).open(&token), Some(named));
            assert_eq!(key(1).token(named), token);
        }
    }

    #[test]
    fn its_bytes_are_the_ones_that_were_agreed() {
        let session_id = "01936f5a-7c00-7000-8000-000000000002".parse().unwrap();
        let token = key(1).token(Named { session_id, counter: 258 });
        let bytes = URL_SAFE_NO_PAD.decode(&token[4..]).unwrap();
        let message = [&session_id.uuid().as_bytes()[..], &[0, 0, 0, 0, 0, 0, 1, 2]].concat();
        let mac_key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[1; 32]);
        let mac = ring::hmac::sign(&mac_key, &[&b"rt1"[..], &message].concat());
        assert_eq!(bytes, [&message[..], mac.as_ref()].concat());
    }

    #[test]
    fn what_the_key_did_not_make_is_refused() {
        let token = key(1).token(named());
        assert_eq!(key(2).open(&token), None);
        for text in ["", "rt1.", "rt2.", "rt1", "rt1.AAAA", "null", &"a".repeat(10_240), &"rt1.".repeat(30)] {
            refuse(text);
        }
        refuse(&token.replacen("rt1", "rt2", 1));
        refuse(&token.replacen("rt1", "RT1", 1));
        refuse(&token[4..]);
        for odd in ["=", " ", "\n", "A", "AA", "AAAA"] {
            refuse(&format!("{token}{odd}"));
            refuse(&format!("{odd}{token}"));
        }
        refuse(&format!("rt1.{}", URL_SAFE_NO_PAD.encode([0; 56])));
        refuse(&format!("rt1.{}", URL_SAFE_NO_PAD.encode([0; 55])));
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let token = key(1).token(named());
        let bytes = URL_SAFE_NO_PAD.decode(&token[4..]).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            refuse(&format!("rt1.{}", URL_SAFE_NO_PAD.encode(changed)));
        }
        // The last character has two bits that no byte uses.
        let last = token.pop_last();
        for other in 'A'..='Z' {
            if other != last.1 {
                refuse(&format!("{}{other}", last.0));
            }
        }
    }

    trait PopLast {
        fn pop_last(&self) -> (&str, char);
    }

    impl PopLast for String {
        fn pop_last(&self) -> (&str, char) {
            let (start, last) = self.split_at(self.len() - 1);
            (start, last.chars().next().unwrap())
        }
    }

    #[test]
    fn a_key_is_32_bytes_in_base64() {
        for text in ["", "secret", &STANDARD.encode([1; 31]), &STANDARD.encode([1; 33])] {
            assert!(text.parse::<RefreshKey>().is_err(), "{text}");
        }
        assert_eq!(format!("{:?}", key(1)), "RefreshKey");
    }

    proptest! {
        #[test]
        fn any_text_is_refused_without_a_panic(text in any::<String>()) {
            prop_assert_eq!(key(1).open(&text), None);
            prop_assert_eq!(key(1).open(&format!("rt1.{text}")), None);
        }
    }
}
