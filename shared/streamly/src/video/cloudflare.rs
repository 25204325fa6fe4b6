//! Tokens and addresses of Cloudflare Stream.
//!
//! The token takes the place of the video's id in the path, and one token serves the video and its images: whoever has the
//! address of a poster has the right to play. It also carries the geographic rules, which Cloudflare applies while the video
//! plays.

use serde::Serialize;

use super::Domain;
use super::geo::{Country, Rules};
use super::key::{KeyId, PrivateKey};
use super::lifetime::Window;
use super::playback_id::CloudflareId;
use super::token::{self, Issuer, Signatures, Signed, Token};

/// The box into which a poster is fitted, in pixels.
const POSTER_PIXELS: u32 = 640;

/// Cloudflare Stream, as far as playing goes: the key, and the account's host.
pub struct CloudflareStream {
    issuer: Issuer,
    domain: Domain,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    kid: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    kid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(rename = "accessRules", skip_serializing_if = "Vec::is_empty")]
    access_rules: Vec<AccessRule>,
}

/// One rule; the first that matches decides, and none that matches allows.
#[derive(Serialize)]
struct AccessRule {
    r#type: &'static str,
    action: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    country: Vec<String>,
}

impl token::Claims for Claims<'_> {
    fn ending(self, expires_at: i64) -> Self {
        Self { exp: Some(expires_at), ..self }
    }
}

impl CloudflareStream {
    /// Cloudflare Stream with this key, serving at this host.
    pub fn new(id: KeyId, key: PrivateKey, domain: Domain) -> Self {
        let header = token::encoded(&Header { alg: "RS256", kid: id.as_str() });
        Self { issuer: Issuer::new(id, key, header), domain }
    }

    /// The `kid` of its tokens.
    pub fn key_id(&self) -> &str {
        self.issuer.key_id()
    }

    /// Counts what its key signs; other tokens come from memory.
    pub fn signatures(&self) -> &Signatures {
        self.issuer.signatures()
    }

    /// The token for a video and its images, under these rules.
    pub fn video(&self, id: &CloudflareId, rules: &Rules, window: Window) -> Signed {
        let claims =
            Claims { sub: id.as_str(), kid: self.key_id(), exp: None, access_rules: access_rules(rules) };
        self.issuer.issue(claims, window)
    }

    /// Where the video plays as HLS.
    pub fn hls_url(&self, token: &Token) -> String {
        self.hls(token.expose())
    }

    /// Where the video plays as MPEG-DASH.
    pub fn dash_url(&self, token: &Token) -> String {
        self.dash(token.expose())
    }

    /// Where the poster is; it shows this second.
    pub fn poster_url(&self, token: &Token, seconds: Option<f64>) -> String {
        self.poster(token.expose(), seconds)
    }

    /// Where a video plays as HLS that Cloudflare shows to everyone.
    pub fn public_hls_url(&self, id: &CloudflareId) -> String {
        self.hls(id.as_str())
    }

    /// Where a video plays as MPEG-DASH that Cloudflare shows to everyone.
    pub fn public_dash_url(&self, id: &CloudflareId) -> String {
        self.dash(id.as_str())
    }

    /// Where the poster of a video is that Cloudflare shows to everyone.
    pub fn public_poster_url(&self, id: &CloudflareId, seconds: Option<f64>) -> String {
        self.poster(id.as_str(), seconds)
    }

    fn hls(&self, place: &str) -> String {
        format!("https://{}/{place}/manifest/video.m3u8", self.domain)
    }

    fn dash(&self, place: &str) -> String {
        format!("https://{}/{place}/manifest/video.mpd", self.domain)
    }

    /// Unlike Mux, Cloudflare takes the image's parameters from the query; its times are whole seconds.
    fn poster(&self, place: &str, seconds: Option<f64>) -> String {
        let seconds = seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
        let time = seconds.map(|seconds| format!("time={}s&", seconds.floor())).unwrap_or_default();
        let size = POSTER_PIXELS;
        format!(
            "https://{}/{place}/thumbnails/thumbnail.jpg?{time}width={size}&height={size}&fit=clip",
            self.domain
        )
    }
}

/// A block comes before an allowance, since the first match decides; what an allow list does not name is blocked.
fn access_rules(rules: &Rules) -> Vec<AccessRule> {
    let codes = |list: Vec<Country>| -> Vec<String> {
        list.iter().map(|country| country.as_str().to_owned()).collect()
    };
    let rule = |action, country: Vec<String>| AccessRule { r#type: "ip.geoip.country", action, country };
    let mut list = Vec::new();
    if let Some(blocked) = rules.blocked().map(codes).filter(|codes| !codes.is_empty()) {
        list.push(rule("block", blocked));
    }
    if let Some(allowed) = rules.allowed().map(codes) {
        if !allowed.is_empty() {
            list.push(rule("allow", allowed));
        }
        list.push(AccessRule { r#type: "any", action: "block", country: Vec::new() });
    }
    list
}

#[cfg(test)]
mod tests {
    use super::CloudflareStream;
    use crate::video::geo::Rules;
    use crate::video::lifetime::Window;
    use crate::video::playback_id::CloudflareId;
    use crate::video::token::tests::{KEY, opened};
    use serde_json::{Value, json};

    const WINDOW: Window = Window { earliest: 1_795_400_000, latest: 1_795_407_300 };

    fn cloudflare() -> CloudflareStream {
        CloudflareStream::new(
            "key1".parse().expect("a good key id"),
            KEY.parse().expect("the key is good"),
            "customer-abc.cloudflarestream.com".parse().expect("a good domain"),
        )
    }

    fn id() -> CloudflareId {
        "6b9e68b07dfee8cc2d116e4c51d6a957".parse().expect("a good uid")
    }

    #[track_caller]
    fn check(allowed: &[&str], blocked: &[&str], access_rules: Option<Value>) {
        let owned = |list: &[&str]| list.iter().map(|code| (*code).to_owned()).collect();
        let signed = cloudflare().video(&id(), &Rules::new(owned(allowed), owned(blocked)), WINDOW);
        let (header, claims) = opened(signed.token.expose());
        assert_eq!(header, json!({"alg": "RS256", "kid": "key1"}));
        let mut expected = json!({"sub": id().as_str(), "kid": "key1", "exp": 1_795_407_300});
        if let Some(access_rules) = access_rules {
            expected["accessRules"] = access_rules;
        }
        assert_eq!(claims, expected);
    }

    #[test]
    fn header_and_claims_are_exactly_these() {
        check(&[], &[], None);
        let any = json!({"type": "any", "action": "block"});
        let rule = |action: &str, codes: &[&str]| json!({"type": "ip.geoip.country", "action": action, "country": codes});
        check(&["GB", "ie"], &[], Some(json!([rule("allow", &["GB", "IE"]), any])));
        check(&[], &["FR"], Some(json!([rule("block", &["FR"])])));
        check(&["GB"], &["FR"], Some(json!([rule("block", &["FR"]), rule("allow", &["GB"]), any])));
    }

    #[test]
    fn an_allow_list_without_a_country_blocks_everyone() {
        check(&["", "Great Britain"], &[], Some(json!([{"type": "any", "action": "block"}])));
        check(&[], &["", "France"], None);
    }

    #[test]
    fn the_token_takes_the_place_of_the_id() {
        let cloudflare = cloudflare();
        let token = cloudflare.video(&id(), &Rules::default(), WINDOW).token;
        let base = format!("https://customer-abc.cloudflarestream.com/{}", token.expose());
        assert_eq!(cloudflare.hls_url(&token), format!("{base}/manifest/video.m3u8"));
        assert_eq!(cloudflare.dash_url(&token), format!("{base}/manifest/video.mpd"));
        let size = "width=640&height=640&fit=clip";
        assert_eq!(cloudflare.poster_url(&token, None), format!("{base}/thumbnails/thumbnail.jpg?{size}"));
        assert_eq!(
            cloudflare.poster_url(&token, Some(2.9)),
            format!("{base}/thumbnails/thumbnail.jpg?time=2s&{size}")
        );
        assert_eq!(
            cloudflare.poster_url(&token, Some(f64::NAN)),
            format!("{base}/thumbnails/thumbnail.jpg?{size}")
        );
    }

    #[test]
    fn a_public_video_has_its_id_in_the_path() {
        let cloudflare = cloudflare();
        let base = "https://customer-abc.cloudflarestream.com/6b9e68b07dfee8cc2d116e4c51d6a957";
        assert_eq!(cloudflare.public_hls_url(&id()), format!("{base}/manifest/video.m3u8"));
        assert_eq!(cloudflare.public_dash_url(&id()), format!("{base}/manifest/video.mpd"));
        assert_eq!(
            cloudflare.public_poster_url(&id(), Some(1.0)),
            format!("{base}/thumbnails/thumbnail.jpg?time=1s&width=640&height=640&fit=clip")
        );
    }
}
