//! The variables of catalog, and the parts that are made of them.

use adapters::callers::Callers;
use adapters::variables;
use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use streamly::clock::Clock;
use streamly::db::Pool;
use streamly::video::providers::Providers;

/// What the variables say.
pub struct Config {
    pool: Pool,
    callers: Callers,
    providers: Providers,
    origins: Origins,
}

impl Config {
    /// Reads the variables.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let pool = variables::database(env);
        let callers = variables::callers(env);
        let providers = variables::providers(env);
        let origins = env.or("CORS_ALLOWED_ORIGINS", Origins::default());
        Ok(Self { pool: pool?, callers: callers?, providers: providers?, origins: origins? })
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
    /// Who streams, and so has the posters.
    pub providers: Providers,
    /// The browser origins that may read replies.
    pub origins: Origins,
}

impl Parts {
    /// The real parts.
    pub fn real(config: Config) -> Self {
        let Config { pool, callers, providers, origins } = config;
        Self { clock: Clock::system(), pool, callers, providers, origins }
    }
}
