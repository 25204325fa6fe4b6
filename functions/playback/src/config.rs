//! The variables of playback. A provider of which nothing is set is off; one that is half set is a fault.

use adapters::variables::{self, Leeway};
use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use http::HeaderName;
use streamly::accounts::verify::{TokenHeader, VerifyKeys};
use streamly::accounts::{Audience, Issuer};
use streamly::billing::Plans;
use streamly::db::Pool;
use streamly::video::providers::Providers;

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
        let providers = variables::providers(env);
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
            providers: providers?,
        })
    }
}
