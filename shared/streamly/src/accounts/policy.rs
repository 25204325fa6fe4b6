//! Passwords: how they are counted, and which are too weak to be set.
//!
//! The rules are those of NIST SP 800-63B-4 section 3.1.1.2: any character is allowed, nothing is trimmed, cut or asked
//! for, but what everybody tries first is refused: the most common passwords, and those made of the own address or of
//! the product's name.

use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::str::FromStr;
use unicode_normalization::UnicodeNormalization as _;

use super::address::Address;

mod blocklist;

/// The longest password, in code points; ASVS 6.2.9 asks for at least 64.
const LENGTH_MAX: usize = 256;
/// The least that a new password may be asked to have, in code points (ASVS 6.2.1).
const LENGTH_MIN: usize = 8;
/// The most that a new password may be asked to have: 64 must always be allowed.
const LENGTH_MIN_MAX: usize = 64;
/// The names of the product, as people put them into passwords.
const PRODUCT_NAMES: [&str; 1] = ["streamly"];
/// Shorter words stand in too many good passwords.
const CONTEXT_WORD_LENGTH_MIN: usize = 4;
/// What must remain of a password without the context's words, in code points.
const REMAINDER_MIN: usize = 5;

/// A password as it is hashed: in Unicode's form NFC, so that two keyboards type the same, and of bounded length.
#[derive(Clone)]
pub struct Password(SecretString);

/// A text that cannot be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// Nothing.
    #[error("the password is empty")]
    Empty,
    /// More than 256 code points.
    #[error("the password is too long")]
    TooLong,
}

impl Password {
    /// The text in NFC, unless it is empty or too long.
    pub fn new(text: &str) -> Result<Self, InvalidPassword> {
        if text.is_empty() {
            return Err(InvalidPassword::Empty);
        }
        let composed: String = text.nfc().collect();
        if composed.chars().count() > LENGTH_MAX {
            return Err(InvalidPassword::TooLong);
        }
        Ok(Self(composed.into()))
    }

    /// Whether this is the same password.
    pub fn is(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }

    /// The bytes that are hashed.
    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password")
    }
}

/// The least length of a new password: `PASSWORD_MIN_LENGTH`, 8 by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    length_min: usize,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self { length_min: LENGTH_MIN }
    }
}

impl FromStr for PasswordPolicy {
    type Err = InvalidMinimum;

    fn from_str(text: &str) -> Result<Self, InvalidMinimum> {
        match text.parse() {
            Ok(length_min @ LENGTH_MIN..=LENGTH_MIN_MAX) => Ok(Self { length_min }),
            _ => Err(InvalidMinimum),
        }
    }
}

/// A minimum that is too weak, or that refuses good passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a number from 8 to 64")]
pub struct InvalidMinimum;

/// Why a password must not be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer code points than the deployment wants.
    TooShort {
        /// How many it wants.
        length_min: usize,
    },
    /// Among the most common ones, or one character over and over, or nothing but white space.
    TooCommon,
    /// Little more than the own address or the product's name.
    ContainsContext,
}

impl PasswordPolicy {
    /// The least length, in code points.
    pub fn length_min(self) -> usize {
        self.length_min
    }

    /// Whether this password may be set for this address.
    pub fn check(&self, password: &Password, address: &Address) -> Result<(), Weakness> {
        let text = password.expose();
        if text.chars().count() < self.length_min {
            return Err(Weakness::TooShort { length_min: self.length_min });
        }
        let lower = text.to_lowercase();
        if blocklist::contains(&lower) || is_monotonous(text) {
            return Err(Weakness::TooCommon);
        }
        if is_context(&lower, address) {
            return Err(Weakness::ContainsContext);
        }
        Ok(())
    }
}

/// Nothing but white space, or one character over and over.
fn is_monotonous(text: &str) -> bool {
    let first = text.chars().next();
    text.chars().all(char::is_whitespace) || text.chars().all(|character| Some(character) == first)
}

/// Whether a word of the context stands in the password, and too little stands beside all of them.
fn is_context(lower: &str, address: &Address) -> bool {
    let typed = address.typed().to_lowercase();
    let typed_host = typed.split_once('@').map_or("", |(_, host)| host);
    let words = [address.canonical(), &typed, address.local()]
        .into_iter()
        .chain(address.local().split(['.', '_', '+', '-']))
        .chain(address.host().split('.'))
        .chain(typed_host.split('.'))
        .chain(PRODUCT_NAMES)
        .filter(|word| word.chars().count() >= CONTEXT_WORD_LENGTH_MIN);
    // Words may overlap, so what they cover is marked before anything is counted.
    let mut covered = vec![false; lower.len()];
    for word in words {
        for (start, found) in lower.match_indices(word) {
            covered[start..start + found.len()].fill(true);
        }
    }
    let remainder = lower.char_indices().filter(|(index, _)| !covered[*index]).count();
    covered.contains(&true) && remainder < REMAINDER_MIN
}

#[cfg(test)]
mod tests;
