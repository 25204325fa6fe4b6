//! The ids under which providers know a title. They end up in signed claims and in addresses, so their shape is checked
//! again each time before one is signed.

use std::fmt;
use std::str::FromStr;

/// The longest playback id of Mux, in characters.
const MUX_LENGTH_MAX: usize = 128;
/// The length of a uid of Cloudflare Stream, in characters.
const CLOUDFLARE_LENGTH: usize = 32;

/// A playback id of Mux: 1 to 128 letters and digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MuxId(String);

/// A uid of Cloudflare Stream: 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudflareId(String);

/// A text that is no id of that provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a playback id of this provider")]
pub struct InvalidPlaybackId;

impl MuxId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MuxId {
    type Err = InvalidPlaybackId;

    fn from_str(text: &str) -> Result<Self, InvalidPlaybackId> {
        let fits = (1..=MUX_LENGTH_MAX).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPlaybackId)
        }
    }
}

impl fmt::Display for MuxId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl CloudflareId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CloudflareId {
    type Err = InvalidPlaybackId;

    fn from_str(text: &str) -> Result<Self, InvalidPlaybackId> {
        let fits = text.len() == CLOUDFLARE_LENGTH;
        if fits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPlaybackId)
        }
    }
}

impl fmt::Display for CloudflareId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{CloudflareId, MuxId};

    #[track_caller]
    fn check(text: &str, mux: bool, cloudflare: bool) {
        assert_eq!(text.parse::<MuxId>().is_ok(), mux, "Mux: {text}");
        assert_eq!(text.parse::<CloudflareId>().is_ok(), cloudflare, "Cloudflare: {text}");
    }

    #[test]
    fn only_the_shapes_of_the_providers_are_ids() {
        check("DS00Spx1CV902MCtPj5WknGlR102V5HFkDe", true, false);
        check("6b9e68b07dfee8cc2d116e4c51d6a957", true, true);
        check("6B9e68b07dfee8cc2d116e4c51d6a957", true, false);
        check("6b9e68b07dfee8cc2d116e4c51d6a95", true, false);
        check("6b9e68b07dfee8cc2d116e4c51d6a9570", true, false);
        check("6b9e68b07dfee8cc2d116e4c51d6a95g", true, false);
        check("a", true, false);
        check(&"a".repeat(128), true, false);
        check(&"a".repeat(129), false, false);
        check("", false, false);
        check("../../etc/passwd", false, false);
        check("a.m3u8?token=x", false, false);
        check("a/b", false, false);
        check("DS00\n", false, false);
        check("é", false, false);
    }
}
