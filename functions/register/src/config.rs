//! The variables, read into their final types.

use adapters::variables;
use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use streamly::accounts::EmailVerification;
use streamly::accounts::hash::Cost;
use streamly::accounts::policy::PasswordPolicy;
use streamly::accounts::throttle::ClientLimits;
use streamly::db::Pool;

/// What the variables say.
pub struct Config {
    pub(crate) pool: Pool,
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
        let pool = variables::database(env);
        let policy = env.or("PASSWORD_MIN_LENGTH", PasswordPolicy::default());
        let cost = variables::hash_cost(env);
        let verification = env.or("EMAIL_VERIFICATION", EmailVerification::default());
        let limits = env.or("THROTTLE_IP_REGISTER", ClientLimits::register());
        let proxy_hops = env.or("TRUSTED_PROXY_HOPS", 0);
        let origins = env.or("CORS_ALLOWED_ORIGINS", Origins::default());
        Ok(Self {
            pool: pool?,
            policy: policy?,
            cost: cost?,
            verification: verification?,
            limits: limits?,
            proxy_hops: proxy_hops?,
            origins: origins?,
        })
    }
}
