//! The variables, read into their final types, and the parts that are made of them.

use functions_framework::Error;
use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use streamly::accounts::hash::{Capacity, Cost, Hasher};
use streamly::accounts::throttle::ClientLimits;
use streamly::accounts::verify::{TokenHeader, Verifier, VerifyKeys};
use streamly::accounts::{Audience, Issuer};
use streamly::clock::Clock;
use streamly::db::{CaFile, Pool, PoolSize, Settings};

/// What the variables say.
pub struct Config {
    database: Settings,
    database_ca: Option<CaFile>,
    pool_size: PoolSize,
    verifier: Verifier,
    token_header: TokenHeader,
    cost: Cost,
    limits: ClientLimits,
    proxy_hops: usize,
    origins: Origins,
}

impl Config {
    /// Reads every variable before it looks at any, so that one line names every fault.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let database = database(env);
        let pool_size = env.or("DATABASE_POOL_SIZE", PoolSize::default());
        let verifier = verifier(env);
        let token_header = env.or("AUTH_TOKEN_HEADER", TokenHeader::default());
        let cost = cost(env);
        let limits = env.or("THROTTLE_IP_CREDENTIALS", ClientLimits::credentials());
        let proxy_hops = env.or("TRUSTED_PROXY_HOPS", 0);
        let origins = env.or("CORS_ALLOWED_ORIGINS", Origins::default());
        let ((database, database_ca), verifier) = (database?, verifier?);
        Ok(Self {
            database,
            database_ca,
            pool_size: pool_size?,
            verifier,
            token_header: token_header?,
            cost: cost?,
            limits: limits?,
            proxy_hops: proxy_hops?,
            origins: origins?,
        })
    }
}

fn database(env: &mut Reader<'_>) -> Result<(Settings, Option<CaFile>), Invalid> {
    let database = env.required_secret::<Settings>("DATABASE_URL");
    let ca = env.optional::<CaFile>("DATABASE_CA_FILE");
    let (database, ca) = (database?, ca?);
    if database.needs_ca() && ca.is_none() {
        return Err(env.fault("DATABASE_CA_FILE", "is not set, and sslmode=verify-full needs it"));
    }
    Ok((database, ca))
}

fn verifier(env: &mut Reader<'_>) -> Result<Verifier, Invalid> {
    let issuer = env.required::<Issuer>("JWT_ISSUER");
    let audience = env.required::<Audience>("JWT_AUDIENCE");
    let keys = env.required::<VerifyKeys>("JWT_VERIFY_KEYS");
    Ok(Verifier::new(keys?, issuer?, audience?, Clock::system()))
}

/// What login's hashes cost, so that no more of them run at once than there is room for.
fn cost(env: &mut Reader<'_>) -> Result<Cost, Invalid> {
    let memory_kib = env.or("ARGON2_MEMORY_KIB", Cost::default().memory_kib());
    let time_cost = env.or("ARGON2_TIME_COST", Cost::default().time_cost());
    Cost::new(memory_kib?, time_cost?)
        .map_err(|error| env.fault("ARGON2_MEMORY_KIB, ARGON2_TIME_COST", &format!(": {error}")))
}

/// What the function works with.
pub struct Parts {
    /// The database.
    pub pool: Pool,
    /// Verifies passwords.
    pub hasher: Hasher,
    /// Checks the caller's token.
    pub verifier: Verifier,
    /// Where the token stands.
    pub token_header: TokenHeader,
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
            pool: Pool::new(config.database, config.database_ca.as_ref(), config.pool_size),
            hasher: Hasher::new(config.cost, Capacity::of_machine())?,
            verifier: config.verifier,
            token_header: config.token_header,
            limits: config.limits,
            proxy_hops: config.proxy_hops,
            origins: config.origins,
        })
    }
}
