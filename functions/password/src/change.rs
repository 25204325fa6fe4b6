//! A new password by the current one.

use serde::Deserialize;
use streamly::accounts::client::Client;
use streamly::accounts::hash::Phc;
use streamly::accounts::outbox::{self, Notice};
use streamly::accounts::policy::Password;
use streamly::accounts::reauthentication::{Account, Proven, Reauthentication};
use streamly::accounts::session::{self, TokenSet};
use streamly::accounts::verify::Caller;
use streamly::db::{
    Transaction, TransactionLimits, auth_events, credentials, one_time_tokens, sessions, users,
};

use crate::{Candidate, Parts, PasswordError};

/// What a client sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    current_password: String,
    new_password: String,
}

impl Parts {
    pub(crate) async fn change(
        &self,
        body: Body,
        caller: &Caller,
        client: &Client,
    ) -> Result<TokenSet, PasswordError> {
        let (current, candidate) =
            match (Password::new(&body.current_password), Candidate::new(&body.new_password)) {
                (Ok(current), Some(candidate)) => (current, candidate),
                (current, candidate) => {
                    let new_is_too_long = candidate.is_none();
                    return Err(PasswordError::Invalid { current: current.err(), new_is_too_long });
                }
            };
        let account = {
            let connection = self.admit("password/change", client).await?;
            Account::of(&*connection, caller).await?
        };
        let new = self.acceptable(candidate, account.address())?;
        let (pool, hasher) = (&self.pool, &self.hasher);
        let (current, new) = (&current, &new);
        let check = Reauthentication { pool, hasher, caller, client };
        check
            .prove(
                account,
                current,
                |proven| async move { self.replace(&proven, current, new, client).await },
            )
            .await
    }

    /// The new password in place of the proven one, and a new session in place of all; none where another hash is stored
    /// meanwhile.
    async fn replace(
        &self,
        proven: &Proven,
        current: &Password,
        new: &Password,
        client: &Client,
    ) -> Result<Option<TokenSet>, PasswordError> {
        if new.is(current) {
            return Err(PasswordError::Unchanged);
        }
        let phc = self.hasher.hash(new).await?;
        let transaction = self.pool.get().await?.begin(TransactionLimits::default()).await?;
        let (locked, replaced) = tokio::join!(
            biased;
            one_time_tokens::lock_of_user(&*transaction, proven.user_id()),
            credentials::prove(
                &*transaction,
                proven.user_id(),
                proven.verified().expose(),
                Some(phc.expose()),
            ),
        );
        locked?;
        if !replaced? {
            transaction.rollback().await?;
            return Ok(None);
        }
        self.renew(transaction, proven, &phc, client).await
    }

    /// All that follows from a new password. None where the account is over.
    async fn renew(
        &self,
        transaction: Transaction,
        proven: &Proven,
        phc: &Phc,
        client: &Client,
    ) -> Result<Option<TokenSet>, PasswordError> {
        let (user_id, account) = (proven.user_id(), proven.account());
        let event = client.event("authn_password_change", user_id, &account);
        let (deleted, revoked, begun, scope, told, mail) = tokio::join!(
            biased;
            one_time_tokens::delete_reset(&*transaction, user_id),
            sessions::revoke_of_user(&*transaction, user_id, "password-changed"),
            session::begin_within(&*transaction, user_id, phc, account, client),
            users::scope(&*transaction, user_id),
            auth_events::insert(&*transaction, &event),
            outbox::put_notice(&*transaction, Notice::PasswordChanged, proven.address().typed()),
        );
        deleted.and(revoked)?;
        let (Some(begun), Some(scope)) = (begun?, scope?) else {
            transaction.rollback().await?;
            return Ok(None);
        };
        told.and(mail)?;
        transaction.commit().await?;
        let tokens = TokenSet::first(&begun, user_id, scope.parse()?, &self.signer, &self.refresh_key)?;
        Ok(Some(tokens))
    }
}
