//! The variables of subscription, and the parts that are made of them.

use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use streamly::accounts::verify::{TokenHeader, Verifier, VerifyKeys};
use streamly::accounts::{Audience, Issuer};
use streamly::billing::Plans;
use streamly::clock::Clock;
use streamly::db::{CaFile, Pool, PoolSize, Settings};

/// How long a subscription goes on while a payment is due, in days, unless `PAST_DUE_GRACE_DAYS` says otherwise. As in
/// playback, to which this answer must not be a contradiction.
const PAST_DUE_GRACE_DAYS: u16 = 7;
/// How long a paid period goes on while its renewal is on the way, in hours, unless `RENEWAL_LEEWAY_HOURS` says otherwise.
const RENEWAL_LEEWAY_HOURS: u16 = 72;

/// What the variables say.
#[derive(Debug)]
pub struct Config {
    database: Settings,
    ca: Option<CaFile>,
    pool_size: PoolSize,
    issuer: Issuer,
    audience: Audience,
    keys: VerifyKeys,
    token_header: TokenHeader,
    plans: Plans,
    livemode: bool,
    past_due_grace_days: u16,
    renewal_leeway_hours: u16,
    origins: Origins,
}

impl Config {
    /// Reads the variables.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let database = env.required_secret("DATABASE_URL");
        let ca = env.optional("DATABASE_CA_FILE");
        let pool_size = env.or("DATABASE_POOL_SIZE", PoolSize::default());
        let issuer = env.required("JWT_ISSUER");
        let audience = env.required("JWT_AUDIENCE");
        let keys = env.required("JWT_VERIFY_KEYS");
        let token_header = env.or("AUTH_TOKEN_HEADER", TokenHeader::default());
        let plans = env.required("PLANS");
        let livemode = env.or("STRIPE_LIVEMODE", false);
        let past_due_grace_days = env.or("PAST_DUE_GRACE_DAYS", PAST_DUE_GRACE_DAYS);
        let renewal_leeway_hours = env.or("RENEWAL_LEEWAY_HOURS", RENEWAL_LEEWAY_HOURS);
        let origins = env.or("CORS_ALLOWED_ORIGINS", Origins::default());
        Ok(Self {
            database: database?,
            ca: ca?,
            pool_size: pool_size?,
            issuer: issuer?,
            audience: audience?,
            keys: keys?,
            token_header: token_header?,
            plans: plans?,
            livemode: livemode?,
            past_due_grace_days: past_due_grace_days?,
            renewal_leeway_hours: renewal_leeway_hours?,
            origins: origins?,
        })
    }
}

/// What the work needs.
pub struct Parts {
    /// The database.
    pub pool: Pool,
    /// Checks the caller's token.
    pub verifier: Verifier,
    /// Where the token stands.
    pub token_header: TokenHeader,
    /// The plans on offer.
    pub plans: Plans,
    /// Whether subscriptions of real money count, or those of test mode.
    pub livemode: bool,
    /// How long a subscription goes on while a payment is due, in days.
    pub past_due_grace_days: u16,
    /// How long a paid period goes on while its renewal is on the way, in hours.
    pub renewal_leeway_hours: u16,
    /// The browser origins that may read replies.
    pub origins: Origins,
}

impl Parts {
    /// The real parts.
    pub fn real(config: Config) -> Self {
        Self {
            pool: Pool::new(config.database, config.ca.as_ref(), config.pool_size),
            verifier: Verifier::new(config.keys, config.issuer, config.audience, Clock::system()),
            token_header: config.token_header,
            plans: config.plans,
            livemode: config.livemode,
            past_due_grace_days: config.past_due_grace_days,
            renewal_leeway_hours: config.renewal_leeway_hours,
            origins: config.origins,
        }
    }
}
