//! The variables, read into their final types.

use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use streamly::accounts::refresh::RefreshKey;
use streamly::accounts::throttle::ClientLimits;
use streamly::accounts::token::{Signer, SigningKey};
use streamly::accounts::verify::VerifyKeys;
use streamly::accounts::{Audience, Issuer, KeyId};
use streamly::clock::Clock;
use streamly::db::{CaFile, PoolSize, Settings};

/// What the variables say.
pub struct Config {
    pub(crate) database: Settings,
    pub(crate) database_ca: Option<CaFile>,
    pub(crate) pool_size: PoolSize,
    pub(crate) signer: Signer,
    pub(crate) refresh_key: RefreshKey,
    pub(crate) limits: ClientLimits,
    pub(crate) proxy_hops: usize,
    pub(crate) origins: Origins,
}

impl Config {
    /// Reads every variable before it looks at any, so that one line names every fault.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let database = database(env);
        let pool_size = env.or("DATABASE_POOL_SIZE", PoolSize::default());
        let signer = signer(env);
        let refresh_key = env.required_secret::<RefreshKey>("REFRESH_TOKEN_KEY");
        let limits = env.or("THROTTLE_IP_REFRESH", ClientLimits::refresh());
        let proxy_hops = env.or("TRUSTED_PROXY_HOPS", 0);
        let origins = env.or("CORS_ALLOWED_ORIGINS", Origins::default());
        let ((database, database_ca), signer) = (database?, signer?);
        Ok(Self {
            database,
            database_ca,
            pool_size: pool_size?,
            signer,
            refresh_key: refresh_key?,
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

/// The signer, whose tokens the published keys verify: one that is switched before its key is published does not start.
fn signer(env: &mut Reader<'_>) -> Result<Signer, Invalid> {
    let issuer = env.required::<Issuer>("JWT_ISSUER");
    let audience = env.required::<Audience>("JWT_AUDIENCE");
    let signing_key = env.required_secret::<SigningKey>("JWT_SIGNING_KEY");
    let id = env.required::<KeyId>("JWT_SIGNING_KEY_ID");
    let verify_keys = env.required::<VerifyKeys>("JWT_VERIFY_KEYS");
    let (key, id, verify_keys) = (signing_key?, id?, verify_keys?);
    let signer = Signer::new(key, id, issuer?, audience?, Clock::system())
        .map_err(|error| env.fault("JWT_SIGNING_KEY", &format!(": {error}")))?;
    signer.check_against(&verify_keys).map_err(|_| {
        env.fault("JWT_VERIFY_KEYS", "does not hold the public half of JWT_SIGNING_KEY under its id")
    })?;
    Ok(signer)
}
