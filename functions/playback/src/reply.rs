//! The answer: what a player takes as it is.

use adapters::watching::HEARTBEAT_S;
use functions_framework::{IntoResponse, Json, Response};
use http::{HeaderValue, header};
use serde::Serialize;
use streamly::db::videos::Title;
use streamly::ids::{StreamId, VideoId};
use streamly::video::lifetime::{self, Length};
use time::OffsetDateTime;

use crate::showing::Showing;
use crate::source::{Addresses, Tokens};

/// Signed addresses for one play.
#[derive(Serialize)]
pub(crate) struct Reply {
    video_id: VideoId,
    provider: &'static str,
    kind: &'static str,
    session_id: Option<StreamId>,
    playback_id: String,
    hls_url: String,
    dash_url: Option<String>,
    poster_url: String,
    storyboard_url: Option<String>,
    tokens: Tokens,
    /// Licences are not offered.
    drm: Option<()>,
    #[serde(with = "time::serde::rfc3339")]
    issued_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    refresh_after: OffsetDateTime,
    duration_seconds: Option<f64>,
    aspect_ratio: Option<String>,
    max_resolution: Option<String>,
    resume_position_seconds: Option<f64>,
    heartbeat_interval_seconds: Option<u32>,
    entitlement: Entitlement,
    /// The key that signed, for the log.
    #[serde(skip)]
    key_id: Option<String>,
}

/// Why the caller may watch.
#[derive(Serialize)]
struct Entitlement {
    reason: &'static str,
    tier: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    until: Option<OffsetDateTime>,
    grace: bool,
}

/// What the answer is made of.
pub(crate) struct Made<'a> {
    pub(crate) title: Title,
    pub(crate) showing: Showing<'a>,
    pub(crate) stream: Option<StreamId>,
    pub(crate) position_seconds: Option<f64>,
    pub(crate) addresses: Addresses,
    /// Now, in Unix seconds.
    pub(crate) now: i64,
}

impl From<Made<'_>> for Reply {
    fn from(made: Made<'_>) -> Self {
        let Made { title, showing, stream, position_seconds, addresses, now } = made;
        Self {
            video_id: title.id,
            provider: title.provider.as_str(),
            kind: showing.kind(),
            session_id: stream,
            playback_id: addresses.playback_id,
            hls_url: addresses.urls.hls,
            dash_url: addresses.urls.dash,
            poster_url: addresses.urls.poster,
            storyboard_url: addresses.urls.storyboard,
            tokens: addresses.tokens,
            drm: None,
            issued_at: instant(now),
            expires_at: instant(addresses.expires_at),
            refresh_after: instant(lifetime::refresh_after(now, addresses.expires_at)),
            duration_seconds: Length::of(title.duration_seconds).seconds(),
            aspect_ratio: title.aspect_ratio,
            max_resolution: addresses.max_resolution,
            resume_position_seconds: position_seconds,
            heartbeat_interval_seconds: stream.map(|_| HEARTBEAT_S),
            entitlement: Entitlement::of(&showing),
            key_id: addresses.key_id,
        }
    }
}

impl Entitlement {
    fn of(showing: &Showing<'_>) -> Self {
        let grant = showing.grant();
        Self {
            reason: showing.reason(),
            tier: grant.and_then(|grant| grant.tier).map(str::to_owned),
            until: grant.map(|grant| instant(grant.until)),
            grace: grant.is_some_and(|grant| grant.is_grace),
        }
    }
}

impl Reply {
    /// What the log says of it: never a token, nor an address that holds one.
    pub(crate) fn log(&self, mut field: impl FnMut(&'static str, serde_json::Value)) {
        field("decision", self.kind.into());
        field("session_id", self.session_id.map(|id| id.to_string()).into());
        field("kid", self.key_id.as_deref().into());
        field("exp", self.expires_at.unix_timestamp().into());
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Json(self).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::VARY, HeaderValue::from_static("Authorization, Origin"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response
    }
}

/// A second of the Unix epoch. What the database and the clock give lies within four digits of year.
fn instant(unix_seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(unix_seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::{Made, Reply, Title};
    use crate::showing::Showing;
    use crate::source::{Serving, addresses};
    use std::collections::BTreeMap;
    use streamly::db::videos::{Access, Policy, Provider, Status};
    use streamly::ids::{StreamId, VideoId};
    use streamly::video::mux::Mux;
    use streamly::video::providers::Providers;

    #[test]
    fn the_log_holds_ids_and_times_and_never_a_token_or_an_address() {
        let mux = Mux::new(
            testkit::keys::MUX_SIGNING_KEY.parse().expect("a good key id"),
            testkit::keys::MUX_PRIVATE_KEY.parse().expect("the key is good"),
            "https://stream.mux.com".parse().expect("a good base"),
            "https://image.mux.com".parse().expect("a good base"),
        );
        let title = Title {
            id: VideoId::new(),
            provider: Provider::Mux,
            playback_id: Some("DS00".to_owned()),
            policy: Policy::Signed,
            restriction_id: None,
            status: Status::Ready,
            access: Access::Free,
            preview_seconds: None,
            duration_seconds: Some(5400.0),
            aspect_ratio: None,
            thumbnail_seconds: None,
            allowed_countries: Vec::new(),
            blocked_countries: Vec::new(),
            is_visible: true,
        };
        let now = 1_795_395_600;
        let serving = Serving { now, preview_seconds: None, max_resolution: None, entitled_until: None };
        let providers = Providers { mux: Some(mux), cloudflare: None };
        let source = providers.source(title.asset()).expect("servable");
        let addresses = addresses(&source, &title, &serving);
        let stream = StreamId::new();
        let showing = Showing::Free;
        let reply: Reply =
            Made { title, showing, stream: Some(stream), position_seconds: None, addresses, now }.into();
        let mut fields = BTreeMap::new();
        reply.log(|name, value| {
            fields.insert(name, value);
        });
        let expected = BTreeMap::from([
            ("decision", "full".into()),
            ("session_id", stream.to_string().into()),
            ("kid", testkit::keys::MUX_SIGNING_KEY.into()),
            ("exp", serde_json::Value::from(now + 11_700)),
        ]);
        assert_eq!(fields, expected);
        // The reply itself does hold both, so the test would see them.
        assert!(serde_json::to_string(&reply).expect("JSON").contains("m3u8?token=eyJ"));
    }
}
