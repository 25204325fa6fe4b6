//! The variables, read into their final types, and the parts that are made of them.

use adapters::callers::Callers;
use adapters::variables;
use functions_framework::Error;
use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use streamly::accounts::hash::{Capacity, Cost, Hasher};
use streamly::accounts::throttle::ClientLimits;
use streamly::db::Pool;

/// What the variables say.
pub struct Config {
    pool: Pool,
    callers: Callers,
    cost: Cost,
    limits: ClientLimits,
    proxy_hops: usize,
    origins: Origins,
}

impl Config {
    /// Reads every variable before it looks at any, so that one line names every fault.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let pool = variables::database(env);
        let callers = variables::callers(env);
        let cost = variables::hash_cost(env);
        let limits = env.or("THROTTLE_IP_CREDENTIALS", ClientLimits::credentials());
        let proxy_hops = env.or("TRUSTED_PROXY_HOPS", 0);
        let origins = env.or("CORS_ALLOWED_ORIGINS", Origins::default());
        Ok(Self {
            pool: pool?,
            callers: callers?,
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
    /// Verifies passwords; at login's cost, so that no more of them run at once than there is room for.
    pub hasher: Hasher,
    /// Checks callers' tokens.
    pub callers: Callers,
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
            callers: config.callers,
            limits: config.limits,
            proxy_hops: config.proxy_hops,
            origins: config.origins,
        })
    }
}
