//! The variables, read into their final types, and the parts that are made of them.

use adapters::callers::Callers;
use adapters::variables;
use functions_framework::Error;
use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use streamly::accounts::hash::{Capacity, Cost, Hasher};
use streamly::accounts::policy::PasswordPolicy;
use streamly::accounts::refresh::RefreshKey;
use streamly::accounts::throttle::ClientLimits;
use streamly::accounts::token::Signer;
use streamly::accounts::verify::TokenHeader;
use streamly::db::Pool;

/// What the variables say.
pub struct Config {
    pool: Pool,
    signer: Signer,
    callers: Callers,
    refresh_key: RefreshKey,
    policy: PasswordPolicy,
    cost: Cost,
    limits: ClientLimits,
    proxy_hops: usize,
    origins: Origins,
}

impl Config {
    /// Reads every variable before it looks at any, so that one line names every fault.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let pool = variables::database(env);
        let issuing = variables::issuing(env);
        let token_header = env.or("AUTH_TOKEN_HEADER", TokenHeader::default());
        let refresh_key = env.required_secret::<RefreshKey>("REFRESH_TOKEN_KEY");
        let policy = env.or("PASSWORD_MIN_LENGTH", PasswordPolicy::default());
        let cost = variables::hash_cost(env);
        let limits = env.or("THROTTLE_IP_CREDENTIALS", ClientLimits::credentials());
        let proxy_hops = env.or("TRUSTED_PROXY_HOPS", 0);
        let origins = env.or("CORS_ALLOWED_ORIGINS", Origins::default());
        let issuing = issuing?;
        Ok(Self {
            pool: pool?,
            signer: issuing.signer,
            callers: Callers { verifier: issuing.verifier, token_header: token_header? },
            refresh_key: refresh_key?,
            policy: policy?,
            cost: cost?,
            limits: limits?,
            proxy_hops: proxy_hops?,
            origins: origins?,
        })
    }
}

/// What the function works with.
pub struct Parts {
    /// The database.
    pub pool: Pool,
    /// Hashes and verifies passwords.
    pub hasher: Hasher,
    /// Which passwords may be set.
    pub policy: PasswordPolicy,
    /// Checks callers' tokens.
    pub callers: Callers,
    /// Signs access tokens.
    pub signer: Signer,
    /// Makes refresh tokens.
    pub refresh_key: RefreshKey,
    /// The limits of one client.
    pub limits: ClientLimits,
    /// How many proxies of ours stand before this service.
    pub proxy_hops: usize,
    /// The browser origins that may read replies.
    pub origins: Origins,
}

impl Parts {
    /// The parts that these variables describe.
    pub fn real(config: Config) -> Result<Self, Error> {
        Ok(Self {
            pool: config.pool,
            hasher: Hasher::new(config.cost, Capacity::of_machine())?,
            policy: config.policy,
            callers: config.callers,
            signer: config.signer,
            refresh_key: config.refresh_key,
            limits: config.limits,
            proxy_hops: config.proxy_hops,
            origins: config.origins,
        })
    }
}
