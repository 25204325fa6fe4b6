//! The variables of progress, and the parts that are made of them.

use adapters::callers::Callers;
use adapters::variables::{self, Leeway};
use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use http::HeaderName;
use streamly::billing::Plans;
use streamly::clock::Clock;
use streamly::db::Pool;
use streamly::limiter::Limiter;
use streamly::video::providers::Providers;

/// What the variables say.
pub struct Config {
    pool: Pool,
    callers: Callers,
    plans: Plans,
    livemode: bool,
    leeway: Leeway,
    country_header: Option<HeaderName>,
    providers: Providers,
    origins: Origins,
}

impl Config {
    /// Reads the variables.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let pool = variables::database(env);
        let callers = variables::callers(env);
        let plans = env.required("PLANS");
        let livemode = env.or("STRIPE_LIVEMODE", false);
        let leeway = variables::leeway(env);
        let country_header = env.optional("GEO_COUNTRY_HEADER");
        let providers = variables::providers(env);
        let origins = env.or("CORS_ALLOWED_ORIGINS", Origins::default());
        Ok(Self {
            pool: pool?,
            callers: callers?,
            plans: plans?,
            livemode: livemode?,
            leeway: leeway?,
            country_header: country_header?,
            providers: providers?,
            origins: origins?,
        })
    }
}

/// What the work needs.
pub struct Parts {
    /// The time.
    pub clock: Clock,
    /// The database.
    pub pool: Pool,
    /// Checks callers' tokens.
    pub callers: Callers,
    /// How often one caller may tell of their plays.
    pub limiter: Limiter,
    /// The plans on offer.
    pub plans: Plans,
    /// Whether subscriptions of real money count, or those of test mode.
    pub livemode: bool,
    /// How long access outlives what was paid.
    pub leeway: Leeway,
    /// The header in which the load balancer names the viewer's country.
    pub country_header: Option<HeaderName>,
    /// Who streams, and so has the posters.
    pub providers: Providers,
    /// The browser origins that may read replies.
    pub origins: Origins,
}

impl Parts {
    /// The real parts.
    pub fn real(config: Config) -> Self {
        Self {
            clock: Clock::system(),
            pool: config.pool,
            callers: config.callers,
            limiter: Limiter::default(),
            plans: config.plans,
            livemode: config.livemode,
            leeway: config.leeway,
            country_header: config.country_header,
            providers: config.providers,
            origins: config.origins,
        }
    }
}
