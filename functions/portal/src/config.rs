//! The variables of portal, and the parts that are made of them.

use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use streamly::accounts::verify::{TokenHeader, Verifier, VerifyKeys};
use streamly::accounts::{Audience, Issuer};
use streamly::billing::stripe::{ApiBase, PageUrl, SecretKey, Stripe};
use streamly::clock::Clock;
use streamly::db::{CaFile, Pool, PoolSize, Settings};

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
    stripe_key: SecretKey,
    stripe_base: ApiBase,
    livemode: bool,
    return_url: PageUrl,
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
        let stripe_key = env.required_secret::<SecretKey>("STRIPE_SECRET_KEY");
        let stripe_base = env.or("STRIPE_API_BASE", ApiBase::default());
        let stated_mode = env.optional::<bool>("STRIPE_LIVEMODE");
        let return_url = env.required("PORTAL_RETURN_URL");
        let origins = env.or("CORS_ALLOWED_ORIGINS", Origins::default());
        let livemode = match (&stripe_key, stated_mode) {
            (Ok(key), Ok(stated)) => {
                key.mode(stated).map_err(|fault| env.fault("STRIPE_LIVEMODE", &fault.to_string()))
            }
            _ => Err(Invalid),
        };
        Ok(Self {
            database: database?,
            ca: ca?,
            pool_size: pool_size?,
            issuer: issuer?,
            audience: audience?,
            keys: keys?,
            token_header: token_header?,
            stripe_key: stripe_key?,
            stripe_base: stripe_base?,
            livemode: livemode?,
            return_url: return_url?,
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
        Self {
            pool: Pool::new(config.database, config.ca.as_ref(), config.pool_size),
            verifier: Verifier::new(config.keys, config.issuer, config.audience, Clock::system()),
            token_header: config.token_header,
            stripe: Stripe::new(config.stripe_base, config.stripe_key),
            livemode: config.livemode,
            return_url: config.return_url,
            origins: config.origins,
        }
    }
}
