//! The variables of portal, and the parts that are made of them.

use adapters::callers::Callers;
use adapters::variables;
use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use streamly::billing::stripe::{PageUrl, Stripe};
use streamly::clock::Clock;
use streamly::db::Pool;
use streamly::limiter::Limiter;

/// What the variables say.
pub struct Config {
    pool: Pool,
    callers: Callers,
    stripe: Stripe,
    livemode: bool,
    return_url: PageUrl,
    origins: Origins,
}

impl Config {
    /// Reads the variables.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let pool = variables::database(env);
        let callers = variables::callers(env);
        let stripe = variables::stripe(env);
        let return_url = env.required("PORTAL_RETURN_URL");
        let origins = env.or("CORS_ALLOWED_ORIGINS", Origins::default());
        let (stripe, livemode) = stripe?;
        Ok(Self {
            pool: pool?,
            callers: callers?,
            stripe,
            livemode,
            return_url: return_url?,
            origins: origins?,
        })
    }
}

/// What the work needs.
pub struct Parts {
    /// Tells how long ago a caller asked.
    pub clock: Clock,
    /// How often one caller may ask.
    pub limiter: Limiter,
    /// The database.
    pub pool: Pool,
    /// Checks callers' tokens.
    pub callers: Callers,
    /// Stripe.
    pub stripe: Stripe,
    /// Whether this deployment is about real money.
    pub livemode: bool,
    /// Where the portal leads back to.
    pub return_url: PageUrl,
    /// The browser origins that may read replies.
    pub origins: Origins,
}

impl Parts {
    /// The real parts.
    pub fn real(config: Config) -> Self {
        let Config { pool, callers, stripe, livemode, return_url, origins } = config;
        Self {
            clock: Clock::system(),
            limiter: Limiter::default(),
            pool,
            callers,
            stripe,
            livemode,
            return_url,
            origins,
        }
    }
}
