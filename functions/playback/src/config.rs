//! The variables of playback. A provider of which nothing is set is off; one that is half set is a fault.

use adapters::variables::{self, Leeway};
use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use http::HeaderName;
use streamly::accounts::verify::{TokenHeader, VerifyKeys};
use streamly::accounts::{Audience, Issuer};
use streamly::billing::Plans;
use streamly::db::Pool;
use streamly::video::cloudflare::CloudflareStream;
use streamly::video::key::{KeyId, PrivateKey};
use streamly::video::mux::Mux;
use streamly::video::{BaseUrl, Domain};

use crate::source::Providers;

/// What playback reads from its variables.
pub struct Config {
    pub(crate) pool: Pool,
    pub(crate) keys: VerifyKeys,
    pub(crate) issuer: Issuer,
    pub(crate) audience: Audience,
    pub(crate) token_header: TokenHeader,
    pub(crate) origins: Origins,
    pub(crate) country_header: Option<HeaderName>,
    pub(crate) plans: Plans,
    pub(crate) livemode: bool,
    pub(crate) leeway: Leeway,
    pub(crate) providers: Providers,
}

impl Config {
    /// Reads every variable, then builds.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let pool = variables::database(env);
        let keys = env.required("JWT_VERIFY_KEYS");
        let issuer = env.required("JWT_ISSUER");
        let audience = env.required("JWT_AUDIENCE");
        let token_header = env.or("AUTH_TOKEN_HEADER", TokenHeader::default());
        let origins = env.or("CORS_ALLOWED_ORIGINS", Origins::default());
        let country_header = env.optional("GEO_COUNTRY_HEADER");
        let plans = env.required("PLANS");
        let livemode = env.or("STRIPE_LIVEMODE", false);
        let leeway = variables::leeway(env);
        let mux = mux(env);
        let cloudflare = cloudflare(env);
        Ok(Self {
            pool: pool?,
            keys: keys?,
            issuer: issuer?,
            audience: audience?,
            token_header: token_header?,
            origins: origins?,
            country_header: country_header?,
            plans: plans?,
            livemode: livemode?,
            leeway: leeway?,
            providers: Providers { mux: mux?, cloudflare: cloudflare? },
        })
    }
}

fn mux(env: &mut Reader<'_>) -> Result<Option<Mux>, Invalid> {
    let id = env.optional::<KeyId>("MUX_SIGNING_KEY");
    let key = env.optional_secret::<PrivateKey>("MUX_PRIVATE_KEY");
    let stream = base_url(env, "MUX_STREAM_BASE_URL", "https://stream.mux.com");
    let image = base_url(env, "MUX_IMAGE_BASE_URL", "https://image.mux.com");
    let (id, key, stream, image) = (id?, key?, stream?, image?);
    match (id, key) {
        (Some(id), Some(key)) => Ok(Some(Mux::new(id, key, stream, image))),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(env.fault("MUX_SIGNING_KEY", "is not set, but MUX_PRIVATE_KEY is")),
        (Some(_), None) => Err(env.fault("MUX_PRIVATE_KEY", "is not set, but MUX_SIGNING_KEY is")),
    }
}

fn base_url(env: &mut Reader<'_>, name: &'static str, default: &str) -> Result<BaseUrl, Invalid> {
    env.or(name, default.parse().expect("the default is an address"))
}

fn cloudflare(env: &mut Reader<'_>) -> Result<Option<CloudflareStream>, Invalid> {
    let id = env.optional::<KeyId>("CLOUDFLARE_STREAM_KEY_ID");
    let key = env.optional_secret::<PrivateKey>("CLOUDFLARE_STREAM_PRIVATE_KEY");
    let domain = env.optional::<Domain>("CLOUDFLARE_STREAM_DOMAIN");
    let (id, key, domain) = (id?, key?, domain?);
    let (has_id, has_key, has_domain) = (id.is_some(), key.is_some(), domain.is_some());
    if let (Some(id), Some(key), Some(domain)) = (id, key, domain) {
        return Ok(Some(CloudflareStream::new(id, key, domain)));
    }
    let is_set = [
        ("CLOUDFLARE_STREAM_KEY_ID", has_id),
        ("CLOUDFLARE_STREAM_PRIVATE_KEY", has_key),
        ("CLOUDFLARE_STREAM_DOMAIN", has_domain),
    ];
    if is_set.iter().all(|(_, is_set)| !is_set) {
        return Ok(None);
    }
    let missing = is_set.iter().filter(|(_, is_set)| !is_set);
    for (name, _) in missing {
        env.fault(name, "is not set, but another of Cloudflare Stream's variables is");
    }
    Err(Invalid)
}
