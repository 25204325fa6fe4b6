//! What an access token says, word for word alike for those who sign and those who verify.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// How long an access token lives, in seconds: between Keycloak's 300 and Supabase Auth's 3600.
pub(super) const LIFETIME_S: i64 = 900;
/// How far two machines' clocks may stand apart, in seconds.
pub(super) const LEEWAY_S: i64 = 30;
/// The `typ` of an access token (RFC 9068 section 2.1).
pub(super) const TYPE: &str = "at+jwt";
/// The longest issuer, audience or key id, in bytes.
const NAME_BYTES_MAX: usize = 255;
/// The longest key id, in bytes.
pub(super) const KEY_ID_BYTES_MAX: usize = 64;

/// What the caller may do, as `users.scope` and the claim `scope` spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// A person's own affairs.
    #[serde(rename = "user")]
    User,
    /// The catalogue too; an operator grants it in the database.
    #[serde(rename = "user admin")]
    UserAdmin,
}

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        match text {
            "user" => Ok(Self::User),
            "user admin" => Ok(Self::UserAdmin),
            _ => Err(InvalidScope),
        }
    }
}

/// A scope that nobody grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be user or user admin")]
pub struct InvalidScope;

/// The nine claims, all required. Anything more is refused, so `nbf` and an unsigned extension are too.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    pub(super) sub: String,
    pub(super) iat: i64,
    pub(super) exp: i64,
    pub(super) jti: String,
    pub(super) sid: String,
    pub(super) auth_time: i64,
    pub(super) scope: Scope,
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $max:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text, as it stands in tokens.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// Reads 1 to so many bytes of visible ASCII.
        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
                if visible && (1..=$max).contains(&text.len()) { Ok(Self(text.into())) } else { Err(InvalidName) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// Who signs access tokens: `JWT_ISSUER`, the claim `iss`, compared byte for byte.
    Issuer, NAME_BYTES_MAX;
    /// Whom access tokens are for: `JWT_AUDIENCE`, the claim `aud`, compared byte for byte.
    Audience, NAME_BYTES_MAX;
    /// Which key signed: `JWT_SIGNING_KEY_ID`, the header's `kid`.
    KeyId, KEY_ID_BYTES_MAX;
}

/// A name that is empty, too long, or not of visible ASCII characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a short text of visible ASCII characters")]
pub struct InvalidName;

#[cfg(test)]
mod tests {
    use super::{Audience, InvalidScope, Issuer, KeyId, Scope};

    #[test]
    fn names_are_short_and_visible() {
        assert_eq!(
            "https://streamly.example".parse::<Issuer>().unwrap().as_str(),
            "https://streamly.example"
        );
        assert!("a".repeat(255).parse::<Audience>().is_ok());
        assert!("a".repeat(256).parse::<Audience>().is_err());
        assert!("k".repeat(64).parse::<KeyId>().is_ok());
        assert!("k".repeat(65).parse::<KeyId>().is_err());
        for text in ["", "two words", "line\n", "\u{e9}"] {
            assert!(text.parse::<Issuer>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_two_scopes_of_the_database_are_those_of_tokens() {
        for (text, scope) in [("user", Scope::User), ("user admin", Scope::UserAdmin)] {
            assert_eq!(text.parse(), Ok(scope));
            assert_eq!(serde_json::to_value(scope).unwrap(), text);
        }
        assert_eq!("admin".parse::<Scope>(), Err(InvalidScope));
    }
}
