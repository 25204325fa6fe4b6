//! Tokens and addresses of Mux.
//!
//! Mux wants one token for each use (`aud`), with the parameters of the address as claims: query parameters beside a token do
//! nothing. The key's id stands in header and claims, since versions of Mux's own library put it in the one or the other.

use serde::Serialize;

use super::BaseUrl;
use super::key::{KeyId, PrivateKey};
use super::lifetime::Window;
use super::playback_id::MuxId;
use super::token::{self, Issuer, Signatures, Signed, Token};

/// The width of a poster, in pixels.
const POSTER_WIDTH: &str = "640";

/// Mux, as far as playing goes: the key, and where it serves.
pub struct Mux {
    issuer: Issuer,
    stream: BaseUrl,
    image: BaseUrl,
}

/// What a viewer may see of a video.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits<'a> {
    /// The highest resolution, in Mux's words: `720p`.
    pub max_resolution: Option<&'a str>,
    /// The second at which it ends.
    pub end_seconds: Option<u32>,
    /// The restriction to sites and players that the operator made at Mux.
    pub restriction_id: Option<&'a str>,
}

/// A still of a video.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Poster {
    /// The second that it shows; Mux chooses where it is unknown.
    pub seconds: Option<f64>,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    kid: &'a str,
}

/// The four claims of every token, then the parameters, which are all strings and left out rather than empty.
#[derive(Default, Serialize)]
struct Claims<'a> {
    kid: &'a str,
    sub: &'a str,
    aud: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_resolution: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asset_end_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    playback_restriction_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<&'static str>,
}

impl token::Claims for Claims<'_> {
    fn ending(self, expires_at: i64) -> Self {
        Self { exp: Some(expires_at), ..self }
    }
}

impl Mux {
    /// Mux with this key, serving at these places.
    pub fn new(id: KeyId, key: PrivateKey, stream: BaseUrl, image: BaseUrl) -> Self {
        let header = token::encoded(&Header { alg: "RS256", typ: "JWT", kid: id.as_str() });
        Self { issuer: Issuer::new(id, key, header), stream, image }
    }

    /// The `kid` of its tokens.
    pub fn key_id(&self) -> &str {
        self.issuer.key_id()
    }

    /// Counts what its key signs; other tokens come from memory.
    pub fn signatures(&self) -> &Signatures {
        self.issuer.signatures()
    }

    /// The token for the video itself, its subtitles and audio tracks.
    pub fn video(&self, id: &MuxId, limits: Limits<'_>, window: Window) -> Signed {
        let claims = Claims {
            max_resolution: limits.max_resolution.filter(|text| !text.is_empty()),
            asset_end_time: limits.end_seconds.map(|seconds| seconds.to_string()),
            playback_restriction_id: limits.restriction_id.filter(|text| !text.is_empty()),
            ..self.claims(id, "v")
        };
        self.issuer.issue(claims, window)
    }

    /// The token for the poster.
    pub fn poster(&self, id: &MuxId, poster: Poster, window: Window) -> Signed {
        let claims = Claims { time: poster.time(), width: Some(POSTER_WIDTH), ..self.claims(id, "t") };
        self.issuer.issue(claims, window)
    }

    /// The token for the storyboard, which shows the whole video.
    pub fn storyboard(&self, id: &MuxId, window: Window) -> Signed {
        self.issuer.issue(self.claims(id, "s"), window)
    }

    /// Where the video plays.
    pub fn video_url(&self, id: &MuxId, token: &Token) -> String {
        format!("{}/{id}.m3u8?token={}", self.stream, token.expose())
    }

    /// Where the poster is.
    pub fn poster_url(&self, id: &MuxId, token: &Token) -> String {
        format!("{}/{id}/thumbnail.webp?token={}", self.image, token.expose())
    }

    /// Where the storyboard is.
    pub fn storyboard_url(&self, id: &MuxId, token: &Token) -> String {
        format!("{}/{id}/storyboard.vtt?token={}", self.image, token.expose())
    }

    /// Where a video plays that Mux shows to everyone.
    pub fn public_video_url(&self, id: &MuxId) -> String {
        format!("{}/{id}.m3u8", self.stream)
    }

    /// Where the poster of a video is that Mux shows to everyone.
    pub fn public_poster_url(&self, id: &MuxId, poster: Poster) -> String {
        let time = poster.time().map(|time| format!("&time={time}")).unwrap_or_default();
        format!("{}/{id}/thumbnail.webp?width={POSTER_WIDTH}{time}", self.image)
    }

    /// Where the storyboard of a video is that Mux shows to everyone.
    pub fn public_storyboard_url(&self, id: &MuxId) -> String {
        format!("{}/{id}/storyboard.vtt", self.image)
    }

    fn claims<'a>(&'a self, id: &'a MuxId, audience: &'static str) -> Claims<'a> {
        Claims { kid: self.key_id(), sub: id.as_str(), aud: audience, ..Claims::default() }
    }
}

impl Poster {
    /// The second as Mux writes it: `2`, `12.5`.
    fn time(self) -> Option<String> {
        let seconds = self.seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0)?;
        Some(seconds.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, Mux, Poster};
    use crate::video::lifetime::Window;
    use crate::video::playback_id::MuxId;
    use crate::video::token::Signed;
    use crate::video::token::tests::{KEY, opened};
    use serde::Deserialize;
    use serde_json::{Map, Value, json};

    /// What Mux's own library made of the same inputs; see `testdata/README.md`.
    #[derive(Deserialize)]
    struct Recorded {
        key_id: String,
        playback_id: String,
        tokens: Vec<RecordedToken>,
    }

    #[derive(Deserialize)]
    struct RecordedToken {
        r#type: String,
        parameters: Map<String, Value>,
        exp: i64,
        token: String,
    }

    fn mux(key_id: &str) -> Mux {
        Mux::new(
            key_id.parse().expect("a good key id"),
            KEY.parse().expect("the key is good"),
            "https://stream.mux.com".parse().expect("a good base"),
            "https://image.mux.com/".parse().expect("a good base"),
        )
    }

    fn id() -> MuxId {
        "DS00Spx1CV902MCtPj5WknGlR102V5HFkDe".parse().expect("a good id")
    }

    const WINDOW: Window = Window { earliest: 1_795_400_000, latest: 1_795_407_300 };

    fn ours(mux: &Mux, id: &MuxId, recorded: &RecordedToken) -> Signed {
        let text = |name: &str| recorded.parameters.get(name).and_then(Value::as_str);
        let window = Window { earliest: recorded.exp, latest: recorded.exp };
        match recorded.r#type.as_str() {
            "video" => {
                let limits = Limits {
                    max_resolution: text("max_resolution"),
                    end_seconds: text("asset_end_time").map(|text| text.parse().expect("seconds")),
                    restriction_id: text("playback_restriction_id"),
                };
                mux.video(id, limits, window)
            }
            "thumbnail" => {
                let poster = Poster { seconds: text("time").map(|text| text.parse().expect("seconds")) };
                mux.poster(id, poster, window)
            }
            "storyboard" => mux.storyboard(id, window),
            other => panic!("unknown type {other}"),
        }
    }

    /// Our header and claims are those of Mux's library, with the key's id in both places.
    #[track_caller]
    fn check_recorded(text: &str) {
        let recorded: Recorded = serde_json::from_str(text).expect("the recording is JSON");
        let mux = mux(&recorded.key_id);
        let id: MuxId = recorded.playback_id.parse().expect("a good id");
        assert!(recorded.tokens.len() >= 9);
        for token in &recorded.tokens {
            let signed = ours(&mux, &id, token);
            let (header, claims) = opened(signed.token.expose());
            let (mut their_header, mut their_claims) = opened(&token.token);
            their_header["kid"] = recorded.key_id.clone().into();
            their_claims["kid"] = recorded.key_id.clone().into();
            assert_eq!(header, their_header);
            assert_eq!(claims, their_claims);
            assert_eq!(signed.expires_at, token.exp);
        }
    }

    #[test]
    fn tokens_say_what_those_of_muxs_own_library_say() {
        check_recorded(include_str!("../../testdata/mux/mux-node-15.json"));
        check_recorded(include_str!("../../testdata/mux/mux-node-7.json"));
    }

    #[track_caller]
    fn check_claims(signed: &Signed, claims: &Value) {
        let (header, found) = opened(signed.token.expose());
        assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "key1"}));
        let mut expected = json!({"kid": "key1", "sub": id().as_str(), "exp": WINDOW.latest});
        let members = expected.as_object_mut().expect("an object");
        members.extend(claims.as_object().expect("an object").clone());
        assert_eq!(found, expected);
    }

    #[test]
    fn header_and_claims_are_exactly_these() {
        let mux = mux("key1");
        check_claims(&mux.video(&id(), Limits::default(), WINDOW), &json!({"aud": "v"}));
        let all = Limits { max_resolution: Some("720p"), end_seconds: Some(120), restriction_id: Some("r1") };
        check_claims(
            &mux.video(&id(), all, WINDOW),
            &json!({"aud": "v", "max_resolution": "720p", "asset_end_time": "120", "playback_restriction_id": "r1"}),
        );
        check_claims(&mux.storyboard(&id(), WINDOW), &json!({"aud": "s"}));
        let still = |seconds| mux.poster(&id(), Poster { seconds }, WINDOW);
        check_claims(&still(None), &json!({"aud": "t", "width": "640"}));
        check_claims(&still(Some(2.0)), &json!({"aud": "t", "width": "640", "time": "2"}));
        check_claims(&still(Some(12.5)), &json!({"aud": "t", "width": "640", "time": "12.5"}));
        check_claims(&still(Some(0.0)), &json!({"aud": "t", "width": "640", "time": "0"}));
    }

    #[test]
    fn an_empty_or_impossible_parameter_is_left_out() {
        let mux = mux("key1");
        let empty = Limits { max_resolution: Some(""), end_seconds: None, restriction_id: Some("") };
        check_claims(&mux.video(&id(), empty, WINDOW), &json!({"aud": "v"}));
        for seconds in [f64::NAN, f64::INFINITY, -1.0] {
            let poster = Poster { seconds: Some(seconds) };
            check_claims(&mux.poster(&id(), poster, WINDOW), &json!({"aud": "t", "width": "640"}));
        }
    }

    #[test]
    fn a_warm_token_is_the_same_one_and_another_use_is_another_token() {
        let mux = mux("key1");
        let first = mux.video(&id(), Limits::default(), WINDOW);
        let later = Window { earliest: WINDOW.earliest + 100, latest: WINDOW.latest + 100 };
        assert_eq!(mux.video(&id(), Limits::default(), later), first);
        assert_ne!(mux.storyboard(&id(), WINDOW).token, first.token);
        let capped = Limits { max_resolution: Some("720p"), ..Limits::default() };
        assert_ne!(mux.video(&id(), capped, WINDOW).token, first.token);
        let other: MuxId = "other".parse().expect("a good id");
        assert_ne!(mux.video(&other, Limits::default(), WINDOW).token, first.token);
    }

    #[test]
    fn addresses_carry_the_token_and_nothing_else() {
        let mux = mux("key1");
        let token = mux.storyboard(&id(), WINDOW).token;
        let text = token.expose();
        assert_eq!(
            mux.video_url(&id(), &token),
            format!("https://stream.mux.com/DS00Spx1CV902MCtPj5WknGlR102V5HFkDe.m3u8?token={text}")
        );
        assert_eq!(
            mux.poster_url(&id(), &token),
            format!("https://image.mux.com/DS00Spx1CV902MCtPj5WknGlR102V5HFkDe/thumbnail.webp?token={text}")
        );
        assert_eq!(
            mux.storyboard_url(&id(), &token),
            format!("https://image.mux.com/DS00Spx1CV902MCtPj5WknGlR102V5HFkDe/storyboard.vtt?token={text}")
        );
    }

    #[test]
    fn a_public_video_has_bare_addresses() {
        let mux = mux("key1");
        let base = "https://image.mux.com/DS00Spx1CV902MCtPj5WknGlR102V5HFkDe";
        assert_eq!(
            mux.public_video_url(&id()),
            "https://stream.mux.com/DS00Spx1CV902MCtPj5WknGlR102V5HFkDe.m3u8"
        );
        assert_eq!(mux.public_storyboard_url(&id()), format!("{base}/storyboard.vtt"));
        assert_eq!(
            mux.public_poster_url(&id(), Poster::default()),
            format!("{base}/thumbnail.webp?width=640")
        );
        let second = Poster { seconds: Some(2.0) };
        assert_eq!(mux.public_poster_url(&id(), second), format!("{base}/thumbnail.webp?width=640&time=2"));
    }
}
