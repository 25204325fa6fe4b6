//! Where a title comes from in this deployment, and its poster for whoever is shown it.

use super::cloudflare::CloudflareStream;
use super::geo::Rules;
use super::lifetime;
use super::mux::{Mux, Poster};
use super::playback_id::{CloudflareId, MuxId};
use crate::db::listings::Listing;
use crate::db::videos::{Access, Policy, Provider, Status, Title};

/// The providers of this deployment; one that is absent is off.
#[derive(Default)]
pub struct Providers {
    /// Mux.
    pub mux: Option<Mux>,
    /// Cloudflare Stream.
    pub cloudflare: Option<CloudflareStream>,
}

/// A title as a provider knows it.
#[derive(Debug, Clone, Copy)]
pub struct Asset<'a> {
    /// Whose it is.
    pub provider: Provider,
    /// The provider's id for playing it.
    pub playback_id: Option<&'a str>,
    /// Who may use that id at the provider.
    pub policy: Policy,
    /// Whether everyone may watch it.
    pub is_free: bool,
}

/// A title that can be served.
pub enum Source<'a> {
    /// By Mux.
    Mux(&'a Mux, MuxId, Shown),
    /// By Cloudflare Stream.
    Cloudflare(&'a CloudflareStream, CloudflareId, Shown),
}

/// To whom the provider shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// To whoever has a token.
    Signed,
    /// To everyone.
    Publicly,
}

/// Why a title cannot be served although it is ready: the operator's matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unservable(&'static str);

impl Providers {
    /// Where a title comes from; nothing is signed that a provider would not take, and nothing gated is shown that a
    /// provider shows to everyone.
    pub fn source(&self, asset: Asset<'_>) -> Result<Source<'_>, Unservable> {
        let shown = match asset.policy {
            Policy::Signed => Shown::Signed,
            Policy::Public if asset.is_free => Shown::Publicly,
            Policy::Public => return Err(Unservable("it is not free, but public at its provider")),
            Policy::Drm => return Err(Unservable("it needs a licence, which is not offered")),
        };
        let id = asset.playback_id.ok_or(Unservable("it has no playback id"))?;
        let shape = Unservable("its playback id is not of its provider's shape");
        match asset.provider {
            Provider::Mux => {
                let mux = self.mux.as_ref().ok_or(Unservable("Mux is not configured here"))?;
                Ok(Source::Mux(mux, id.parse().map_err(|_| shape)?, shown))
            }
            Provider::Cloudflare => {
                let cloudflare =
                    self.cloudflare.as_ref().ok_or(Unservable("Cloudflare Stream is not configured here"))?;
                Ok(Source::Cloudflare(cloudflare, id.parse().map_err(|_| shape)?, shown))
            }
        }
    }

    /// Where the poster of a title is, the same address for hours, so that browsers keep the image; none where there is no
    /// image yet, or none for everyone.
    ///
    /// At Cloudflare Stream one token opens video and images alike, so whoever has a poster's address may play. Free titles
    /// alone have one there, under the title's own geographic rules.
    pub fn poster(&self, listing: &Listing, now: i64) -> Option<String> {
        if listing.status != Status::Ready {
            return None;
        }
        let seconds = listing.thumbnail_seconds;
        match self.source(listing.asset()).ok()? {
            Source::Mux(mux, id, Shown::Publicly) => Some(mux.public_poster_url(&id, Poster { seconds })),
            Source::Mux(mux, id, Shown::Signed) => {
                let signed = mux.poster(&id, Poster { seconds }, lifetime::mux_poster(now));
                Some(mux.poster_url(&id, &signed.token))
            }
            Source::Cloudflare(..) if listing.access != Access::Free => None,
            Source::Cloudflare(cloudflare, id, Shown::Publicly) => {
                Some(cloudflare.public_poster_url(&id, seconds))
            }
            Source::Cloudflare(cloudflare, id, Shown::Signed) => {
                let rules = Rules::new(listing.allowed_countries.clone(), listing.blocked_countries.clone());
                let signed = cloudflare.video(&id, &rules, lifetime::cloudflare_poster(now));
                Some(cloudflare.poster_url(&signed.token, seconds))
            }
        }
    }
}

impl Title {
    /// As its provider knows it.
    pub fn asset(&self) -> Asset<'_> {
        Asset {
            provider: self.provider,
            playback_id: self.playback_id.as_deref(),
            policy: self.policy,
            is_free: self.access == Access::Free,
        }
    }
}

impl Listing {
    /// As its provider knows it.
    pub fn asset(&self) -> Asset<'_> {
        Asset {
            provider: self.provider,
            playback_id: self.playback_id.as_deref(),
            policy: self.policy,
            is_free: self.access == Access::Free,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Providers;
    use crate::db::listings::Listing;
    use crate::db::videos::{Access, Policy, Provider, Status};
    use crate::ids::VideoId;
    use crate::video::cloudflare::CloudflareStream;
    use crate::video::mux::Mux;
    use crate::video::token::tests::{KEY, opened};
    use serde_json::{Value, json};
    use time::OffsetDateTime;

    const NOW: i64 = 1_795_395_600;
    const UID: &str = "6b9e68b07dfee8cc2d116e4c51d6a957";

    fn providers() -> Providers {
        let id = || "key1".parse().expect("a good key id");
        let key = || KEY.parse().expect("the key is good");
        let base = |text: &str| text.parse().expect("a good base");
        let domain = "customer-abc.cloudflarestream.com".parse().expect("a good domain");
        Providers {
            mux: Some(Mux::new(id(), key(), base("https://stream.mux.com"), base("https://image.mux.com"))),
            cloudflare: Some(CloudflareStream::new(id(), key(), domain)),
        }
    }

    fn listing(provider: Provider, policy: Policy, access: Access) -> Listing {
        let playback_id = if provider == Provider::Mux { "DS00" } else { UID };
        Listing {
            id: VideoId::new(),
            title: "A film".to_owned(),
            description: None,
            provider,
            playback_id: Some(playback_id.to_owned()),
            policy,
            status: Status::Ready,
            access,
            preview_seconds: None,
            duration_seconds: Some(5400.0),
            aspect_ratio: None,
            thumbnail_seconds: Some(2.0),
            allowed_countries: Vec::new(),
            blocked_countries: Vec::new(),
            published_at: OffsetDateTime::UNIX_EPOCH,
        }
    }

    /// The place of the poster; `TOKEN` in it stands for a token that holds, whose claims are the second.
    #[track_caller]
    fn check(listing: &Listing, place: Option<&str>, claims: Option<&Value>) {
        let found = providers().poster(listing, NOW);
        let Some(claims) = claims else {
            assert_eq!(found.as_deref(), place);
            return;
        };
        let url = found.expect("a poster");
        let token = url.split(['/', '?', '&', '=']).find(|part| part.starts_with("eyJ")).expect("a token");
        assert_eq!(&opened(token).1, claims);
        assert_eq!(Some(url.replace(token, "TOKEN").as_str()), place);
    }

    #[test]
    fn whoever_may_watch_a_title_of_mux_everyone_may_see_its_poster() {
        let tier = Access::Tier("premium".to_owned());
        for access in [Access::Free, Access::Members, tier] {
            let end = (NOW / 21_600 + 5) * 21_600;
            check(
                &listing(Provider::Mux, Policy::Signed, access),
                Some("https://image.mux.com/DS00/thumbnail.webp?token=TOKEN"),
                Some(
                    &json!({"kid": "key1", "sub": "DS00", "aud": "t", "exp": end, "time": "2", "width": "640"}),
                ),
            );
        }
    }

    #[test]
    fn a_poster_that_would_play_the_video_is_for_free_titles_alone() {
        let mut free = listing(Provider::Cloudflare, Policy::Signed, Access::Free);
        free.allowed_countries = vec!["GB".to_owned()];
        let end = (NOW / 21_600 + 3) * 21_600;
        let rules = json!([{"type": "ip.geoip.country", "action": "allow", "country": ["GB"]}, {"type": "any", "action": "block"}]);
        check(
            &free,
            Some(
                "https://customer-abc.cloudflarestream.com/TOKEN/thumbnails/thumbnail.jpg?time=2s&width=640&height=640&fit=clip",
            ),
            Some(&json!({"kid": "key1", "sub": UID, "exp": end, "accessRules": rules})),
        );
        for access in [Access::Members, Access::Tier("basic".to_owned())] {
            for policy in [Policy::Signed, Policy::Public] {
                check(&listing(Provider::Cloudflare, policy, access.clone()), None, None);
            }
        }
    }

    #[test]
    fn a_title_that_its_provider_shows_to_everyone_has_a_bare_poster_where_it_is_free() {
        let mux = listing(Provider::Mux, Policy::Public, Access::Free);
        check(&mux, Some("https://image.mux.com/DS00/thumbnail.webp?width=640&time=2"), None);
        check(&listing(Provider::Mux, Policy::Public, Access::Members), None, None);
        let cloudflare = listing(Provider::Cloudflare, Policy::Public, Access::Free);
        let place = format!(
            "https://customer-abc.cloudflarestream.com/{UID}/thumbnails/thumbnail.jpg?time=2s&width=640&height=640&fit=clip"
        );
        check(&cloudflare, Some(&place), None);
    }

    #[test]
    fn what_has_no_image_or_is_not_served_here_has_no_poster() {
        for status in [Status::Waiting, Status::Preparing, Status::Errored, Status::Deleted] {
            check(&Listing { status, ..listing(Provider::Mux, Policy::Signed, Access::Free) }, None, None);
        }
        check(&listing(Provider::Mux, Policy::Drm, Access::Free), None, None);
        for playback_id in [None, Some(String::new()), Some("../../secret".to_owned())] {
            check(
                &Listing { playback_id, ..listing(Provider::Mux, Policy::Signed, Access::Free) },
                None,
                None,
            );
        }
        let off = Providers::default();
        for provider in [Provider::Mux, Provider::Cloudflare] {
            assert_eq!(off.poster(&listing(provider, Policy::Signed, Access::Free), NOW), None);
        }
    }

    #[test]
    fn a_poster_is_signed_once_for_six_hours() {
        let providers = providers();
        let signatures = providers.mux.as_ref().expect("it is on").signatures().clone();
        let film = listing(Provider::Mux, Policy::Signed, Access::Members);
        let bucket = NOW.div_euclid(21_600) * 21_600;
        let first = providers.poster(&film, bucket);
        for second in [1, 3_600, 21_599] {
            assert_eq!(providers.poster(&film, bucket + second), first);
        }
        assert_eq!(signatures.count(), 1);
        assert_ne!(providers.poster(&film, bucket + 21_600), first);
        assert_eq!(signatures.count(), 2);
    }
}
