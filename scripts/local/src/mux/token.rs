//! Signed tokens: read strictly, then held against the key, the path and the clock; and what they allow.

use super::answer::Refusal;
use super::key::Key;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// No token of ours comes near this.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// The caps that a token can name, lowest first.
const RESOLUTIONS: [(&str, u32); 8] = [
    ("270p", 270),
    ("360p", 360),
    ("480p", 480),
    ("540p", 540),
    ("720p", 720),
    ("1080p", 1080),
    ("1440p", 1440),
    ("2160p", 2160),
];

/// What a token is for: its `aud`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    Video,
    Thumbnail,
    Storyboard,
}

impl Audience {
    fn name(self) -> &'static str {
        match self {
            Self::Video => "v",
            Self::Thumbnail => "t",
            Self::Storyboard => "s",
        }
    }
}

/// What a token allows beyond the asset itself; the default of each is "no bound".
#[derive(Debug, Default, PartialEq)]
pub(super) struct Grant {
    /// The second at which the video ends.
    pub(super) end: Option<f64>,
    /// The highest rendition, in lines.
    pub(super) lines_max: Option<u32>,
    /// The second that a thumbnail shows.
    pub(super) time: Option<f64>,
    /// How wide a thumbnail is.
    pub(super) width: Option<u32>,
}

#[derive(Deserialize)]
struct Header {
    alg: Option<String>,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    kid: Option<String>,
    sub: Option<String>,
    aud: Option<String>,
    exp: Option<i64>,
    #[serde(flatten)]
    parameters: Parameters,
}

/// What shapes an answer: claims of a token, or the query of an address that needs none.
#[derive(Default, Deserialize)]
pub(super) struct Parameters {
    pub(super) asset_end_time: Option<String>,
    pub(super) max_resolution: Option<String>,
    pub(super) time: Option<String>,
    pub(super) width: Option<String>,
}

/// Checks a token for one playback id and purpose at this second of the Unix epoch.
pub(super) fn verify(
    token: &str,
    key: &Key,
    playback_id: &str,
    audience: Audience,
    now: i64,
) -> Result<Grant, Refusal> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Refusal::Malformed("the token is too long"));
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed("the token has one part"))?;
    let (header, claims) = signed.split_once('.').ok_or(Refusal::Malformed("the token has two parts"))?;
    let header: Header = json(header, "the header")?;
    let claims: Claims = json(claims, "the claims")?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Refusal::Malformed("the signature"))?;

    if header.alg.as_deref() != Some("RS256") {
        return Err(Refusal::Forbidden("alg is not RS256"));
    }
    // Signers put the key's id in the header or among the claims; where it stands, it must be right.
    let named = [header.kid.as_deref(), claims.kid.as_deref()];
    if named == [None, None] || named.into_iter().flatten().any(|id| id != key.id) {
        return Err(Refusal::Forbidden("kid names no known key"));
    }
    if !key.verifies(signed, &signature) {
        return Err(Refusal::Forbidden("the signature is not this key's"));
    }
    if claims.aud.as_deref() != Some(audience.name()) {
        return Err(Refusal::Forbidden("aud is for something else"));
    }
    if claims.sub.as_deref() != Some(playback_id) {
        return Err(Refusal::Forbidden("sub is another playback id"));
    }
    if claims.exp.is_none_or(|expiry| expiry <= now) {
        return Err(Refusal::Forbidden("exp is missing or past"));
    }
    grant(&claims.parameters)
}

/// What these parameters allow.
pub(super) fn grant(parameters: &Parameters) -> Result<Grant, Refusal> {
    Ok(Grant {
        end: parameter(parameters.asset_end_time.as_deref(), seconds, "asset_end_time")?,
        lines_max: parameter(parameters.max_resolution.as_deref(), lines, "max_resolution")?,
        time: parameter(parameters.time.as_deref(), seconds, "time")?,
        width: parameter(parameters.width.as_deref(), pixels, "width")?,
    })
}

/// An absent parameter bounds nothing; one that cannot be read is refused rather than ignored.
fn parameter<T>(
    text: Option<&str>,
    read: fn(&str) -> Option<T>,
    name: &'static str,
) -> Result<Option<T>, Refusal> {
    text.map(|text| read(text).ok_or(Refusal::Malformed(name))).transpose()
}

/// A decimal without sign or exponent.
fn seconds(text: &str) -> Option<f64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain { text.parse().ok() } else { None }
}

fn pixels(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok().filter(|width| *width > 0) } else { None }
}

fn lines(text: &str) -> Option<u32> {
    RESOLUTIONS.iter().find(|(name, _)| *name == text).map(|(_, lines)| *lines)
}

fn json<T: DeserializeOwned>(part: &str, name: &'static str) -> Result<T, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Malformed(name))?;
    serde_json::from_slice(&bytes).map_err(|_| Refusal::Malformed(name))
}
