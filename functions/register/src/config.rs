//! The variables, read into their final types.

use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use streamly::accounts::EmailVerification;
use streamly::accounts::hash::Cost;
use streamly::accounts::policy::PasswordPolicy;
use streamly::accounts::throttle::ClientLimits;
use streamly::db::{CaFile, PoolSize, Settings};

/// What the variables say.
pub struct Config {
    pub(crate) database: Settings,
    pub(crate) database_ca: Option<CaFile>,
    pub(crate) pool_size: PoolSize,
    pub(crate) policy: PasswordPolicy,
    pub(crate) cost: Cost,
    pub(crate) verification: EmailVerification,
    pub(crate) limits: ClientLimits,
    pub(crate) proxy_hops: usize,
    pub(crate) origins: Origins,
}

impl Config {
    /// Reads every variable before it looks at any, so that one line names every fault.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let database = database(env);
        let pool_size = env.or("DATABASE_POOL_SIZE", PoolSize::default());
        let policy = env.or("PASSWORD_MIN_LENGTH", PasswordPolicy::default());
        let cost = cost(env);
        let verification = env.or("EMAIL_VERIFICATION", EmailVerification::default());
        let limits = env.or("THROTTLE_IP_REGISTER", ClientLimits::register());
        let proxy_hops = env.or("TRUSTED_PROXY_HOPS", 0);
        let origins = env.or("CORS_ALLOWED_ORIGINS", Origins::default());
        let (database, database_ca) = database?;
        Ok(Self {
            database,
            database_ca,
            pool_size: pool_size?,
            policy: policy?,
            cost: cost?,
            verification: verification?,
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

fn cost(env: &mut Reader<'_>) -> Result<Cost, Invalid> {
    let memory_kib = env.or("ARGON2_MEMORY_KIB", Cost::default().memory_kib());
    let time_cost = env.or("ARGON2_TIME_COST", Cost::default().time_cost());
    Cost::new(memory_kib?, time_cost?)
        .map_err(|error| env.fault("ARGON2_MEMORY_KIB, ARGON2_TIME_COST", &format!(": {error}")))
}
