//! The variables, read into their final types.

use adapters::variables;
use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use streamly::accounts::refresh::RefreshKey;
use streamly::accounts::throttle::ClientLimits;
use streamly::accounts::token::Signer;
use streamly::db::Pool;

/// What the variables say.
pub struct Config {
    pub(crate) pool: Pool,
    pub(crate) signer: Signer,
    pub(crate) refresh_key: RefreshKey,
    pub(crate) limits: ClientLimits,
    pub(crate) proxy_hops: usize,
    pub(crate) origins: Origins,
}

impl Config {
    /// Reads every variable before it looks at any, so that one line names every fault.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let pool = variables::database(env);
        let issuing = variables::issuing(env);
        let refresh_key = env.required_secret::<RefreshKey>("REFRESH_TOKEN_KEY");
        let limits = env.or("THROTTLE_IP_REFRESH", ClientLimits::refresh());
        let proxy_hops = env.or("TRUSTED_PROXY_HOPS", 0);
        let origins = env.or("CORS_ALLOWED_ORIGINS", Origins::default());
        Ok(Self {
            pool: pool?,
            signer: issuing?.signer,
            refresh_key: refresh_key?,
            limits: limits?,
            proxy_hops: proxy_hops?,
            origins: origins?,
        })
    }
}
