//! The variables, read into their final types, and the parts that are made of them.

use functions_framework::Error;
use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use streamly::accounts::hash::{Capacity, Cost, Hasher};
use streamly::accounts::policy::PasswordPolicy;
use streamly::accounts::refresh::RefreshKey;
use streamly::accounts::throttle::ClientLimits;
use streamly::accounts::token::{Signer, SigningKey};
use streamly::accounts::verify::{TokenHeader, Verifier, VerifyKeys};
use streamly::accounts::{Audience, Issuer, KeyId};
use streamly::clock::Clock;
use streamly::db::{CaFile, Pool, PoolSize, Settings};

/// What the variables say.
pub struct Config {
    database: Settings,
    database_ca: Option<CaFile>,
    pool_size: PoolSize,
    signer: Signer,
    verifier: Verifier,
    token_header: TokenHeader,
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
        let database = database(env);
        let pool_size = env.or("DATABASE_POOL_SIZE", PoolSize::default());
        let keys = keys(env);
        let token_header = env.or("AUTH_TOKEN_HEADER", TokenHeader::default());
        let refresh_key = env.required_secret::<RefreshKey>("REFRESH_TOKEN_KEY");
        let policy = env.or("PASSWORD_MIN_LENGTH", PasswordPolicy::default());
        let cost = cost(env);
        let limits = env.or("THROTTLE_IP_CREDENTIALS", ClientLimits::credentials());
        let proxy_hops = env.or("TRUSTED_PROXY_HOPS", 0);
        let origins = env.or("CORS_ALLOWED_ORIGINS", Origins::default());
        let ((database, database_ca), (signer, verifier)) = (database?, keys?);
        Ok(Self {
            database,
            database_ca,
            pool_size: pool_size?,
            signer,
            verifier,
            token_header: token_header?,
            refresh_key: refresh_key?,
            policy: policy?,
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

/// The signer, and the verifier of its tokens.
fn keys(env: &mut Reader<'_>) -> Result<(Signer, Verifier), Invalid> {
    let issuer = env.required::<Issuer>("JWT_ISSUER");
    let audience = env.required::<Audience>("JWT_AUDIENCE");
    let signing_key = env.required_secret::<SigningKey>("JWT_SIGNING_KEY");
    let id = env.required::<KeyId>("JWT_SIGNING_KEY_ID");
    let verify_keys = env.required::<VerifyKeys>("JWT_VERIFY_KEYS");
    let (key, id, verify_keys) = (signing_key?, id?, verify_keys?);
    let (issuer, audience) = (issuer?, audience?);
    let signer = Signer::new(key, id, issuer.clone(), audience.clone(), Clock::system())
        .map_err(|error| env.fault("JWT_SIGNING_KEY", &format!(": {error}")))?;
    signer.check_against(&verify_keys).map_err(|_| {
        env.fault("JWT_VERIFY_KEYS", "does not hold the public half of JWT_SIGNING_KEY under its id")
    })?;
    Ok((signer, Verifier::new(verify_keys, issuer, audience, Clock::system())))
}

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
    /// Hashes and verifies passwords.
    pub hasher: Hasher,
    /// Which passwords may be set.
    pub policy: PasswordPolicy,
    /// Checks the caller's token.
    pub verifier: Verifier,
    /// Where the token stands.
    pub token_header: TokenHeader,
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
            pool: Pool::new(config.database, config.database_ca.as_ref(), config.pool_size),
            hasher: Hasher::new(config.cost, Capacity::of_machine())?,
            policy: config.policy,
            verifier: config.verifier,
            token_header: config.token_header,
            signer: config.signer,
            refresh_key: config.refresh_key,
            limits: config.limits,
            proxy_hops: config.proxy_hops,
            origins: config.origins,
        })
    }
}
