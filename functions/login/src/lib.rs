//! `POST /v1/login`: trades an e-mail address and a password for tokens, and `GET /.well-known/jwks.json`: the keys that
//! verify them.
//!
//! - Wrong, unknown, disabled and deleted accounts get one answer and cost the same work.
//! - An attempt is counted before its password is looked at, and the count is given up by a success alone.
//! - No connection is held while a hash is computed, and the session begins only where the hash is still the verified
//!   one.
//!
//! Variables: `DATABASE_URL`, `DATABASE_CA_FILE`, `DATABASE_POOL_SIZE`, `JWT_ISSUER`, `JWT_AUDIENCE`,
//! `JWT_SIGNING_KEY`, `JWT_SIGNING_KEY_ID`, `JWT_VERIFY_KEYS`, `REFRESH_TOKEN_KEY`, `EMAIL_VERIFICATION`,
//! `ARGON2_MEMORY_KIB`, `ARGON2_TIME_COST`, `TRUSTED_PROXY_HOPS`, `THROTTLE_IP_CREDENTIALS`, `CORS_ALLOWED_ORIGINS`.

mod config;
mod error;

pub use config::Config;
pub use error::LoginError;

use adapters::callers::client;
use adapters::problems::report_unusable_hash;
use functions_framework::{Error, IntoResponse, Json, Problem, Request, RequestPayloadExt, Response, Routes};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use streamly::accounts::EmailVerification;
use streamly::accounts::address::Address;
use streamly::accounts::client::Client;
use streamly::accounts::hash::{Capacity, Hasher, Phc, Verdict};
use streamly::accounts::policy::Password;
use streamly::accounts::refresh::RefreshKey;
use streamly::accounts::session::{self, Proof, TokenSet};
use streamly::accounts::throttle::{self, ClientLimits, Key, Turn};
use streamly::accounts::token::Signer;
use streamly::accounts::verify::VerifyKeys;
use streamly::db::{Pool, credentials, users};

/// How often a password is verified anew because the stored hash changed meanwhile.
const VERIFICATIONS_MAX: usize = 2;
/// The least time between a failure's verdict and its answer: a known account has a row to write, an unknown one has not.
const FAILURE_TIME_MIN: Duration = Duration::from_millis(25);

/// What the function works with.
pub struct Parts {
    /// The database.
    pub pool: Pool,
    /// Verifies passwords.
    pub hasher: Hasher,
    /// Signs access tokens.
    pub signer: Signer,
    /// The keys that verify them, as they are published.
    pub verify_keys: VerifyKeys,
    /// Makes refresh tokens.
    pub refresh_key: RefreshKey,
    /// Whether addresses must be verified first.
    pub verification: EmailVerification,
    /// The limits of one client.
    pub limits: ClientLimits,
    /// How many proxies of ours stand before this service.
    pub proxy_hops: usize,
    /// The browser origins that may read replies.
    pub origins: functions_framework::cors::Origins,
}

impl Parts {
    /// The parts that these variables describe.
    pub fn real(config: Config) -> Result<Self, Error> {
        Ok(Self {
            pool: config.pool,
            hasher: Hasher::new(config.cost, Capacity::of_machine())?,
            signer: config.issuing.signer,
            verify_keys: config.issuing.verify_keys,
            refresh_key: config.refresh_key,
            verification: config.verification,
            limits: config.limits,
            proxy_hops: config.proxy_hops,
            origins: config.origins,
        })
    }
}

/// The routes.
pub fn routes(parts: Parts) -> Routes<Parts> {
    let origins = parts.origins.clone();
    Routes::new(parts).post("/v1/login", log_in).get("/.well-known/jwks.json", jwks).cors(origins)
}

/// What a client sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    email: String,
    password: String,
}

async fn log_in(login: Arc<Parts>, request: Request) -> Result<(StatusCode, Json<TokenSet>), Problem> {
    let client = client(&request, login.proxy_hops);
    let tokens = login.log_in(request.json()?, &client).await?;
    Ok((StatusCode::OK, Json(tokens)))
}

async fn jwks(login: Arc<Parts>, _: Request) -> Result<Response, Problem> {
    let mut response = Json(&login.verify_keys).into_response();
    let cache = HeaderValue::from_static("public, max-age=300");
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    Ok(response)
}

/// Who tries to log in.
struct Attempt<'a> {
    address: &'a Address,
    account: Key,
    client: &'a Client,
}

impl Parts {
    async fn log_in(&self, body: Body, client: &Client) -> Result<TokenSet, LoginError> {
        let (address, password) = match (body.email.parse::<Address>(), Password::new(&body.password)) {
            (Ok(address), Ok(password)) => (address, password),
            (address, password) => return Err(LoginError::Invalid(address.err(), password.err())),
        };
        let attempt = Attempt { address: &address, account: Key::account(&address), client };
        let stored = self.admit(&attempt).await?;
        let result = self.prove(&attempt, &password, stored).await;
        if result.as_ref().is_err_and(|error| !error.is_failure()) {
            // What was not judged does not count. Where this fails too, the first error is the one to tell.
            let _ = self.take_back(&attempt).await;
        }
        result
    }

    /// The account, once the client and the account are within their limits and the attempt is counted.
    async fn admit(&self, attempt: &Attempt<'_>) -> Result<Option<users::Password>, LoginError> {
        let connection = self.pool.get().await?;
        let turn = throttle::count_client(&*connection, "login", attempt.client, &self.limits).await?;
        if let Turn::After(wait) = turn {
            return Err(LoginError::Throttled(wait));
        }
        let (turn, stored) = tokio::join!(
            throttle::count_attempt(&*connection, attempt.account),
            users::password_by_address(&*connection, attempt.address.canonical()),
        );
        match turn? {
            Turn::Now => Ok(stored?),
            Turn::After(wait) => Err(LoginError::Throttled(wait)),
        }
    }

    async fn take_back(&self, attempt: &Attempt<'_>) -> Result<(), LoginError> {
        let connection = self.pool.get().await?;
        Ok(throttle::take_back(&*connection, attempt.account).await?)
    }

    /// Verifies the password and begins a session; once more where the stored hash changed in between.
    async fn prove(
        &self,
        attempt: &Attempt<'_>,
        password: &Password,
        mut stored: Option<users::Password>,
    ) -> Result<TokenSet, LoginError> {
        for _ in 0..VERIFICATIONS_MAX {
            if let Some(tokens) = self.verify(attempt, password, stored).await? {
                return Ok(tokens);
            }
            let connection = self.pool.get().await?;
            stored = users::password_by_address(&*connection, attempt.address.canonical()).await?;
        }
        Err(LoginError::Contended)
    }

    /// Tokens for the right password of an account that may log in; none where its hash changed meanwhile.
    async fn verify(
        &self,
        attempt: &Attempt<'_>,
        password: &Password,
        stored: Option<users::Password>,
    ) -> Result<Option<TokenSet>, LoginError> {
        let phc = stored.as_ref().and_then(|stored| stored.phc.clone()).map(Phc::from);
        let verdict = self.hasher.verify(password, phc.as_ref()).await?;
        match (verdict, stored, phc) {
            (Verdict::Right { outdated }, Some(account), Some(phc)) if account.is_enabled => {
                if self.verification == EmailVerification::Required && !account.is_verified {
                    return Err(LoginError::NotVerified);
                }
                // A queue too full for a stronger hash is no reason to refuse a right password.
                let rehashed = if outdated { self.hasher.hash(password).await.ok() } else { None };
                let proof = Proof { user_id: account.user_id, verified: &phc, rehashed: rehashed.as_ref() };
                self.begin(attempt, proof, &account).await
            }
            (verdict, stored, _) => {
                let user_id = stored.map(|account| account.user_id);
                self.fail(attempt, user_id, verdict == Verdict::Unusable).await?;
                Err(LoginError::InvalidCredentials)
            }
        }
    }

    async fn begin(
        &self,
        attempt: &Attempt<'_>,
        proof: Proof<'_>,
        account: &users::Password,
    ) -> Result<Option<TokenSet>, LoginError> {
        let scope = account.scope.parse().map_err(LoginError::Scope)?;
        let connection = self.pool.get().await?;
        let Some(begun) = session::begin(connection, proof, attempt.account, attempt.client).await? else {
            return Ok(None);
        };
        let tokens = TokenSet::first(&begun, account.user_id, scope, &self.signer, &self.refresh_key)?;
        Ok(Some(tokens))
    }

    /// Counts a failure, alike for accounts that exist and for those that do not.
    async fn fail(
        &self,
        attempt: &Attempt<'_>,
        user_id: Option<streamly::ids::UserId>,
        hash_is_unusable: bool,
    ) -> Result<(), LoginError> {
        let failure = credentials::Failure {
            user_id,
            subject_hash: attempt.account.as_bytes(),
            ip_prefix: attempt.client.ip_prefix(),
            request_id: attempt.client.request_id(),
            hash_is_unusable,
        };
        if let (true, Some(id)) = (hash_is_unusable, user_id) {
            report_unusable_hash(id);
        }
        let (counted, ()) = tokio::join!(self.count_failure(&failure), tokio::time::sleep(FAILURE_TIME_MIN));
        counted
    }

    async fn count_failure(&self, failure: &credentials::Failure<'_>) -> Result<(), LoginError> {
        let connection = self.pool.get().await?;
        Ok(credentials::count_failure(&*connection, failure).await?)
    }
}
