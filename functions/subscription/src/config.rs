//! The variables of subscription, and the parts that are made of them.

use adapters::callers::Callers;
use adapters::variables::{self, Leeway};
use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use streamly::billing::Plans;
use streamly::clock::Clock;
use streamly::db::Pool;
use streamly::limiter::Limiter;

/// What the variables say.
pub struct Config {
    pool: Pool,
    callers: Callers,
    plans: Plans,
    livemode: bool,
    leeway: Leeway,
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
        let origins = env.or("CORS_ALLOWED_ORIGINS", Origins::default());
        Ok(Self {
            pool: pool?,
            callers: callers?,
            plans: plans?,
            livemode: livemode?,
            leeway: leeway?,
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
    /// The plans on offer.
    pub plans: Plans,
    /// Whether subscriptions of real money count, or those of test mode.
    pub livemode: bool,
    /// How long access outlives what was paid.
    pub leeway: Leeway,
    /// The browser origins that may read replies.
    pub origins: Origins,
}

impl Parts {
    /// The real parts.
    pub fn real(config: Config) -> Self {
        let Config { pool, callers, plans, livemode, leeway, origins } = config;
        Self {
            clock: Clock::system(),
            limiter: Limiter::default(),
            pool,
            callers,
            plans,
            livemode,
            leeway,
            origins,
        }
    }
}
