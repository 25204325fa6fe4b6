//! The addresses that a title's provider serves to one viewer.

use serde::Serialize;
use streamly::billing::plans::Resolution;
use streamly::db::videos::Title;
use streamly::video::cloudflare::CloudflareStream;
use streamly::video::geo::Rules;
use streamly::video::lifetime::{self, CLOUDFLARE_S_MAX, Length, Window};
use streamly::video::mux::{Limits, Mux, Poster};
use streamly::video::playback_id::{CloudflareId, MuxId};
use streamly::video::providers::{Shown, Source};
use streamly::video::token::{Signed, Token};

/// What one viewer is to get.
#[derive(Debug)]
pub(crate) struct Serving {
    /// Now, in Unix seconds.
    pub(crate) now: i64,
    /// How much of it, in seconds, where it is a preview.
    pub(crate) preview_seconds: Option<u32>,
    /// The best picture, where it is capped.
    pub(crate) max_resolution: Option<Resolution>,
    /// When the right to watch ends, in Unix seconds, where it does.
    pub(crate) entitled_until: Option<i64>,
}

/// What a player needs.
pub(crate) struct Addresses {
    pub(crate) playback_id: String,
    pub(crate) urls: Urls,
    pub(crate) tokens: Tokens,
    /// The key that signed them, by its id.
    pub(crate) key_id: Option<String>,
    /// The earliest end, in Unix seconds.
    pub(crate) expires_at: i64,
    /// The best picture that the tokens allow; none where they do not say.
    pub(crate) max_resolution: Option<String>,
}

/// Where the parts of a title are.
pub(crate) struct Urls {
    pub(crate) hls: String,
    pub(crate) dash: Option<String>,
    pub(crate) poster: String,
    pub(crate) storyboard: Option<String>,
}

/// The tokens by themselves, under the names of Mux Player's attributes.
#[derive(Default, Serialize)]
pub(crate) struct Tokens {
    playback: Option<Token>,
    thumbnail: Option<Token>,
    storyboard: Option<Token>,
    /// Licences are not offered.
    drm: Option<Token>,
}

/// The addresses for one viewer, signed now or a little earlier.
pub(crate) fn addresses(source: &Source<'_>, title: &Title, serving: &Serving) -> Addresses {
    match source {
        Source::Mux(mux, id, Shown::Signed) => mux_addresses(mux, id, title, serving),
        Source::Mux(mux, id, Shown::Publicly) => {
            let urls = Urls {
                hls: mux.public_video_url(id),
                dash: None,
                poster: mux.public_poster_url(id, poster(title)),
                storyboard: Some(mux.public_storyboard_url(id)),
            };
            bare(id.to_string(), urls, window(title, serving, None))
        }
        Source::Cloudflare(cloudflare, id, Shown::Signed) => {
            cloudflare_addresses(cloudflare, id, title, serving)
        }
        Source::Cloudflare(cloudflare, id, Shown::Publicly) => {
            let urls = Urls {
                hls: cloudflare.public_hls_url(id),
                dash: Some(cloudflare.public_dash_url(id)),
                poster: cloudflare.public_poster_url(id, title.thumbnail_seconds),
                storyboard: None,
            };
            bare(id.to_string(), urls, window(title, serving, Some(CLOUDFLARE_S_MAX)))
        }
    }
}

fn mux_addresses(mux: &Mux, id: &MuxId, title: &Title, serving: &Serving) -> Addresses {
    let window = window(title, serving, None);
    let max_resolution = serving.max_resolution.map(|best| best.to_string());
    let limits = Limits {
        max_resolution: max_resolution.as_deref(),
        end_seconds: serving.preview_seconds,
        restriction_id: title.restriction_id.as_deref(),
    };
    let video = mux.video(id, limits, window);
    // The poster's token lives by the clock and bounds nothing.
    let thumbnail = mux.poster(id, poster(title), lifetime::mux_poster(serving.now));
    // A storyboard shows the whole film, so a preview has none.
    let storyboard = serving.preview_seconds.is_none().then(|| mux.storyboard(id, window));
    let ends = storyboard.iter().map(|signed| signed.expires_at);
    Addresses {
        playback_id: id.to_string(),
        urls: Urls {
            hls: mux.video_url(id, &video.token),
            dash: None,
            poster: mux.poster_url(id, &thumbnail.token),
            storyboard: storyboard.as_ref().map(|signed| mux.storyboard_url(id, &signed.token)),
        },
        key_id: Some(mux.key_id().to_owned()),
        expires_at: ends.fold(video.expires_at, i64::min),
        tokens: Tokens {
            playback: Some(video.token),
            thumbnail: Some(thumbnail.token),
            storyboard: storyboard.map(|signed| signed.token),
            drm: None,
        },
        max_resolution,
    }
}

fn cloudflare_addresses(
    cloudflare: &CloudflareStream,
    id: &CloudflareId,
    title: &Title,
    serving: &Serving,
) -> Addresses {
    let window = window(title, serving, Some(CLOUDFLARE_S_MAX));
    let Signed { token, expires_at } = cloudflare.video(id, &rules(title), window);
    Addresses {
        playback_id: id.to_string(),
        urls: Urls {
            hls: cloudflare.hls_url(&token),
            dash: Some(cloudflare.dash_url(&token)),
            poster: cloudflare.poster_url(&token, title.thumbnail_seconds),
            storyboard: None,
        },
        tokens: Tokens { playback: Some(token), ..Tokens::default() },
        key_id: Some(cloudflare.key_id().to_owned()),
        expires_at,
        // Such a token cannot cap the picture, so nothing is promised.
        max_resolution: None,
    }
}

/// Addresses without tokens, of a title that its provider shows to everyone; its times follow the same formula.
fn bare(playback_id: String, urls: Urls, window: Window) -> Addresses {
    let tokens = Tokens::default();
    Addresses { playback_id, urls, tokens, key_id: None, expires_at: window.latest, max_resolution: None }
}

fn window(title: &Title, serving: &Serving, life_max: Option<i64>) -> Window {
    lifetime::window(serving.now, length(title, serving), serving.entitled_until, life_max)
}

fn length(title: &Title, serving: &Serving) -> Length {
    let whole = Length::of(title.duration_seconds);
    serving.preview_seconds.map_or(whole, |seconds| whole.first(seconds))
}

fn poster(title: &Title) -> Poster {
    Poster { seconds: title.thumbnail_seconds }
}

/// The geographic rules of a title.
pub(crate) fn rules(title: &Title) -> Rules {
    Rules::new(title.allowed_countries.clone(), title.blocked_countries.clone())
}
