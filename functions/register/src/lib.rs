//! `POST /v1/register`: makes an account for an e-mail address. It gives no tokens; logging in comes next.
//!
//! - The unique index decides who is first, never a look beforehand.
//! - Where addresses are verified first, every answer is the same 202: whether there was an account, the mail says. An
//!   account that nobody has verified is taken over by the latest attempt, so that nobody can prepare one for another.
//! - The address's mail counter is written first and in every branch, so that rivals for one address queue up. It never
//!   keeps anybody from registering: over the limit, a new account's mail waits.
//! - A password is hashed in every branch.
//!
//! Variables: `DATABASE_URL`, `DATABASE_CA_FILE`, `DATABASE_POOL_SIZE`, `PASSWORD_MIN_LENGTH`, `ARGON2_MEMORY_KIB`,
//! `ARGON2_TIME_COST`, `EMAIL_VERIFICATION`, `TRUSTED_PROXY_HOPS`, `THROTTLE_IP_REGISTER`, `CORS_ALLOWED_ORIGINS`.

mod config;
mod error;

pub use config::Config;
pub use error::RegisterError;

use adapters::callers::client;
use functions_framework::cors::Origins;
use functions_framework::{Error, Json, Problem, Request, RequestPayloadExt, Routes};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use streamly::accounts::EmailVerification;
use streamly::accounts::address::Address;
use streamly::accounts::client::Client;
use streamly::accounts::hash::{Capacity, Hasher, Phc};
use streamly::accounts::one_time::OneTimeToken;
use streamly::accounts::outbox::{self, TokenMail};
use streamly::accounts::policy::{InvalidPassword, Password, PasswordPolicy, Weakness};
use streamly::accounts::throttle::{self, ClientLimits, Key, Turn};
use streamly::db::one_time_tokens::Purpose;
use streamly::db::{
    Pool, Transaction, TransactionLimits, auth_events, auth_throttle, credentials, one_time_tokens, users,
};
use streamly::ids::UserId;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The least time between a hash and its answer where addresses are verified first: a new account has more rows to write
/// than one that exists.
const PENDING_TIME_MIN: Duration = Duration::from_millis(50);

/// What the function works with.
pub struct Parts {
    /// The database.
    pub pool: Pool,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// Which passwords may be set.
    pub policy: PasswordPolicy,
    /// Whether addresses must be verified first.
    pub verification: EmailVerification,
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
    Routes::new(parts).post("/v1/register", register).cors(origins)
}

/// What a client sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    email: String,
    password: String,
}

/// What it gets.
#[derive(Serialize)]
#[serde(untagged)]
enum Reply {
    Created { user: User },
    Pending { status: &'static str },
}

#[derive(Serialize)]
struct User {
    id: UserId,
    email: String,
    email_verified: bool,
    created_at: String,
}

/// The one reply of a deployment that verifies addresses first.
const PENDING: Reply = Reply::Pending { status: "verification_pending" };

async fn register(register: Arc<Parts>, request: Request) -> Result<(StatusCode, Json<Reply>), Problem> {
    let client = client(&request, register.proxy_hops);
    let reply = register.register(request.json()?, &client).await?;
    let status = match reply {
        Reply::Created { .. } => StatusCode::CREATED,
        Reply::Pending { .. } => StatusCode::ACCEPTED,
    };
    Ok((status, Json(reply)))
}

/// An attempt to register, once everything that needs no table is done.
struct Attempt<'a> {
    address: &'a Address,
    phc: Phc,
    token: OneTimeToken,
    client: &'a Client,
}

impl Parts {
    async fn register(&self, body: Body, client: &Client) -> Result<Reply, RegisterError> {
        let (address, password) = self.acceptable(&body)?;
        self.admit(client).await?;
        let phc = self.hasher.hash(&password).await?;
        let attempt = Attempt { address: &address, phc, token: OneTimeToken::new()?, client };
        if self.verification == EmailVerification::Optional {
            return self.store(&attempt).await;
        }
        let (reply, ()) = tokio::join!(self.store(&attempt), tokio::time::sleep(PENDING_TIME_MIN));
        reply
    }

    fn acceptable(&self, body: &Body) -> Result<(Address, Password), RegisterError> {
        let password = Password::new(&body.password);
        let password_is_too_long = matches!(password, Err(InvalidPassword::TooLong));
        let address = match body.email.parse::<Address>() {
            Ok(address) if !password_is_too_long => address,
            address => return Err(RegisterError::Invalid { address: address.err(), password_is_too_long }),
        };
        let length_min = self.policy.length_min();
        let password = password.map_err(|_| RegisterError::Weak(Weakness::TooShort { length_min }))?;
        self.policy.check(&password, &address).map_err(RegisterError::Weak)?;
        Ok((address, password))
    }

    async fn admit(&self, client: &Client) -> Result<(), RegisterError> {
        let connection = self.pool.get().await?;
        match throttle::count_client(&*connection, "register", client, &self.limits).await? {
            Turn::Now => Ok(()),
            Turn::After(wait) => Err(RegisterError::Throttled(wait)),
        }
    }

    async fn store(&self, attempt: &Attempt<'_>) -> Result<Reply, RegisterError> {
        let id = UserId::new();
        let (typed, canonical) = (attempt.address.typed(), attempt.address.canonical());
        let limit = Key::mail(attempt.address);
        let transaction = self.pool.get().await?.begin(TransactionLimits::default()).await?;
        // Sent at once, answered in this order.
        let (within_limit, created, found) = tokio::join!(
            biased;
            auth_throttle::count_mail(&*transaction, limit.as_bytes()),
            users::insert(&*transaction, id, typed, canonical),
            users::by_address(&*transaction, canonical),
        );
        let (within_limit, created, found) = (within_limit?, created?, found?);
        if let Some(created_at) = created {
            attempt.complete(transaction, id, within_limit).await?;
            return self.created(id, typed, created_at);
        }
        if self.verification == EmailVerification::Optional {
            transaction.commit().await?;
            return Err(RegisterError::Taken);
        }
        let account = found.ok_or(RegisterError::Contended)?;
        if account.is_verified || account.is_disabled {
            attempt.tell_owner(transaction, &account, within_limit).await?;
        } else if within_limit {
            attempt.take_over(transaction, &account).await?;
        } else {
            transaction.commit().await?;
        }
        Ok(PENDING)
    }

    fn created(&self, id: UserId, email: &str, created_at: OffsetDateTime) -> Result<Reply, RegisterError> {
        if self.verification == EmailVerification::Required {
            return Ok(PENDING);
        }
        let created_at = created_at.format(&Rfc3339)?;
        Ok(Reply::Created { user: User { id, email: email.to_owned(), email_verified: false, created_at } })
    }
}

impl Attempt<'_> {
    /// Everything that a new account has, and the mail that verifies its address.
    async fn complete(
        &self,
        transaction: Transaction,
        id: UserId,
        within_limit: bool,
    ) -> Result<(), RegisterError> {
        let (hash, limit) = (self.token.hash(), Key::mail(self.address));
        let account = Key::account(self.address);
        let event = self.client.event("user_created", id, &account);
        let (credential, token, mail, event, committed) = tokio::join!(
            biased;
            credentials::insert(&*transaction, id, self.phc.expose()),
            one_time_tokens::replace(&*transaction, Purpose::Verify, &hash, id, self.address.canonical()),
            outbox::put_token(&*transaction, TokenMail::Verify, self.address.typed(), &self.token, within_limit, limit),
            auth_events::insert(&*transaction, &event),
            transaction.commit_in_turn(),
        );
        credential.and(token).and(mail).and(event).and(committed)?;
        Ok(())
    }

    /// Nothing but a mail to the owner, once an hour at most.
    async fn tell_owner(
        &self,
        transaction: Transaction,
        account: &users::Registered,
        within_limit: bool,
    ) -> Result<(), RegisterError> {
        let limit = Key::mail_already_registered(self.address);
        let (mail, committed) = tokio::join!(
            biased;
            outbox::put_already_registered(&*transaction, &account.email, within_limit, limit),
            transaction.commit_in_turn(),
        );
        mail.and(committed)?;
        Ok(())
    }

    /// The latest attempt wins an account that nobody has verified: its password and its token replace the earlier
    /// ones, and sessions end. The token is replaced first, which waits for whoever is using the earlier one.
    async fn take_over(
        &self,
        transaction: Transaction,
        account: &users::Registered,
    ) -> Result<(), RegisterError> {
        let (hash, limit) = (self.token.hash(), Key::mail(self.address));
        let (token, replaced) = tokio::join!(
            biased;
            one_time_tokens::replace(&*transaction, Purpose::Verify, &hash, account.id, self.address.canonical()),
            credentials::replace_unverified(&*transaction, account.id, self.phc.expose()),
        );
        token?;
        if !replaced? {
            // Verified at this very moment.
            one_time_tokens::delete(&*transaction, &hash).await?;
            return self.tell_owner(transaction, account, true).await;
        }
        let key = Key::account(self.address);
        let event = self.client.event("authn_password_change", account.id, &key);
        let (mail, event, committed) = tokio::join!(
            biased;
            outbox::put_token(&*transaction, TokenMail::VerifyAgain, &account.email, &self.token, true, limit),
            auth_events::insert(&*transaction, &event),
            transaction.commit_in_turn(),
        );
        mail.and(event).and(committed)?;
        Ok(())
    }
}
