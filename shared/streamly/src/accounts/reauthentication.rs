//! The password once more, from somebody who is logged in already and is about to do what a stolen token must not suffice
//! for (ASVS 6.3.7, 7.5.1).
//!
//! It is limited, counted and told of as at login. The effect follows in one transaction, which begins with
//! [`Proven::confirm`]: where the stored hash changed meanwhile, nothing happens, and the password is verified once more
//! against the row as it is then.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use super::address::{Address, InvalidAddress};
use super::client::Client;
use super::hash::{HashError, Hasher, Phc, Verdict};
use super::policy::Password;
use super::throttle::{self, Key, Turn};
use super::verify::Caller;
use crate::db::{self, Pool, Transaction, credentials, one_time_tokens, users};
use crate::ids::UserId;

/// How often a password is verified because the stored hash changed meanwhile.
const VERIFICATIONS_MAX: usize = 2;

/// The account of a caller whose session is live.
#[derive(Debug, Clone)]
pub struct Account {
    user_id: UserId,
    address: Address,
    phc: Option<Phc>,
    is_enabled: bool,
}

impl Account {
    /// The caller's account; none where the session or the account is over.
    pub async fn of(
        database: &impl tokio_postgres::GenericClient,
        caller: &Caller,
    ) -> Result<Self, ReauthenticationError> {
        let found = users::password_by_session(database, caller.user_id(), caller.session_id()).await?;
        let owned = found.ok_or(ReauthenticationError::SessionRevoked)?;
        Ok(Self {
            user_id: caller.user_id(),
            address: owned.email.parse()?,
            phc: owned.phc.map(Phc::from),
            is_enabled: owned.is_enabled,
        })
    }

    /// The account's address.
    pub fn address(&self) -> &Address {
        &self.address
    }
}

/// An account whose password was just verified. Only [`Reauthentication::prove`] makes one.
pub struct Proven {
    user_id: UserId,
    address: Address,
    verified: Phc,
}

impl Proven {
    /// Whose it is.
    pub fn user_id(&self) -> UserId {
        self.user_id
    }

    /// The account's address.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The account's counter of attempts, which also names the account in events.
    pub fn account(&self) -> Key {
        Key::account(&self.address)
    }

    /// The stored hash that the password fits.
    pub fn verified(&self) -> &Phc {
        &self.verified
    }

    /// The first step of the effect's transaction: locks the person's mailed tokens and then the password, which must
    /// still be the verified one, and ends the run of attempts. Where it says no, roll back.
    pub async fn confirm(&self, transaction: &Transaction) -> Result<bool, db::Error> {
        let (locked, confirmed) = tokio::join!(
            biased;
            one_time_tokens::lock_of_user(&**transaction, self.user_id),
            credentials::confirm(&**transaction, self.user_id, self.verified.expose()),
        );
        locked?;
        let confirmed = confirmed?;
        if confirmed {
            throttle::forget(&**transaction, self.account()).await?;
        }
        Ok(confirmed)
    }
}

impl fmt::Debug for Proven {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Proven").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// Why nothing was proven.
#[derive(Debug, thiserror::Error)]
pub enum ReauthenticationError {
    /// The session or the account is over.
    #[error("the session is over")]
    SessionRevoked,
    /// The account must wait.
    #[error("too many attempts")]
    Throttled(Duration),
    /// It is not the password, or the password was switched off.
    #[error("the password is wrong")]
    WrongPassword,
    /// No password fits what is stored for this person, which the caller is told as a wrong one.
    #[error("the stored hash of user {0} cannot be used")]
    UnusableHash(UserId),
    /// The stored hash changed under every verification.
    #[error("the stored hash changed during every verification")]
    Contended,
    /// No verdict.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// A row holds an address that cannot be one.
    #[error("an account's address cannot be read")]
    Address(#[from] InvalidAddress),
    /// A statement failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// Checks the password of one caller for one request.
#[derive(Clone, Copy)]
pub struct Reauthentication<'a> {
    /// The database.
    pub pool: &'a Pool,
    /// Verifies passwords.
    pub hasher: &'a Hasher,
    /// Who calls.
    pub caller: &'a Caller,
    /// From where.
    pub client: &'a Client,
}

/// A check that came to no effect.
enum Failed<E> {
    /// It was judged, and stays counted.
    Judged(ReauthenticationError),
    /// It was not, or it was right: it does not count.
    Unjudged(E),
}

impl Reauthentication<'_> {
    /// Counts an attempt on the account, verifies the password, and lets the effect happen. The effect says none where
    /// [`Proven::confirm`] said no.
    pub async fn prove<T, E, F>(
        &self,
        account: Account,
        password: &Password,
        effect: impl Fn(Proven) -> F,
    ) -> Result<T, E>
    where
        E: From<ReauthenticationError>,
        F: Future<Output = Result<Option<T>, E>>,
    {
        let key = Key::account(&account.address);
        self.count(key).await?;
        match self.verify_and_act(account, password, effect).await {
            Ok(done) => Ok(done),
            Err(Failed::Judged(verdict)) => Err(verdict.into()),
            Err(Failed::Unjudged(error)) => {
                // Where this fails too, the first error is the one to tell.
                let _ = self.take_back(key).await;
                Err(error)
            }
        }
    }

    async fn verify_and_act<T, E, F>(
        &self,
        mut account: Account,
        password: &Password,
        effect: impl Fn(Proven) -> F,
    ) -> Result<T, Failed<E>>
    where
        E: From<ReauthenticationError>,
        F: Future<Output = Result<Option<T>, E>>,
    {
        for _ in 0..VERIFICATIONS_MAX {
            let proven = self.verify(account, password).await.map_err(unjudged)?.map_err(Failed::Judged)?;
            if let Some(done) = effect(proven).await.map_err(Failed::Unjudged)? {
                return Ok(done);
            }
            account = self.reload().await.map_err(unjudged)?;
        }
        Err(unjudged(ReauthenticationError::Contended))
    }

    /// The proof, where it is the password and may be used; otherwise the verdict, and the failure is counted.
    async fn verify(
        &self,
        account: Account,
        password: &Password,
    ) -> Result<Result<Proven, ReauthenticationError>, ReauthenticationError> {
        let Account { user_id, address, phc, is_enabled } = account;
        let verdict = self.hasher.verify(password, phc.as_ref()).await?;
        match (verdict, phc) {
            (Verdict::Right { .. }, Some(verified)) if is_enabled => {
                Ok(Ok(Proven { user_id, address, verified }))
            }
            (verdict, _) => {
                let hash_is_unusable = verdict == Verdict::Unusable;
                let key = Key::account(&address);
                let failure = credentials::Failure {
                    user_id: Some(user_id),
                    subject_hash: key.as_bytes(),
                    ip_prefix: self.client.ip_prefix(),
                    request_id: self.client.request_id(),
                    hash_is_unusable,
                };
                credentials::count_failure(&*self.pool.get().await?, &failure).await?;
                let unusable = ReauthenticationError::UnusableHash(user_id);
                Ok(Err(if hash_is_unusable { unusable } else { ReauthenticationError::WrongPassword }))
            }
        }
    }

    async fn count(&self, key: Key) -> Result<(), ReauthenticationError> {
        match throttle::count_attempt(&*self.pool.get().await?, key).await? {
            Turn::Now => Ok(()),
            Turn::After(wait) => Err(ReauthenticationError::Throttled(wait)),
        }
    }

    async fn reload(&self) -> Result<Account, ReauthenticationError> {
        Account::of(&*self.pool.get().await?, self.caller).await
    }

    async fn take_back(&self, key: Key) -> Result<(), ReauthenticationError> {
        Ok(throttle::take_back(&*self.pool.get().await?, key).await?)
    }
}

fn unjudged<E: From<ReauthenticationError>>(error: ReauthenticationError) -> Failed<E> {
    Failed::Unjudged(error.into())
}
