//! A new password by the token of a mail.

use serde::Deserialize;
use streamly::accounts::address::Address;
use streamly::accounts::client::Client;
use streamly::accounts::hash::Phc;
use streamly::accounts::one_time::OneTimeToken;
use streamly::accounts::outbox::{self, Notice};
use streamly::accounts::throttle::{self, Key};
use streamly::db::{TransactionLimits, auth_events, credentials, one_time_tokens, sessions, users};

use crate::{Candidate, Parts, PasswordError};

/// What a client sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    token: String,
    new_password: String,
}

impl Parts {
    pub(crate) async fn reset(&self, body: Body, client: &Client) -> Result<(), PasswordError> {
        let candidate = Candidate::new(&body.new_password)
            .ok_or(PasswordError::Invalid { current: None, new_is_too_long: true })?;
        let hash = OneTimeToken::parse(&body.token).ok_or(PasswordError::NoSuchToken)?.hash();
        let address = self.address_of(&hash, client).await?;
        let password = self.acceptable(candidate, &address)?;
        let phc = self.hasher.hash(&password).await?;
        self.consume(&hash, &phc, &address, client).await
    }

    /// The address to which this live token was sent.
    async fn address_of(&self, hash: &[u8], client: &Client) -> Result<Address, PasswordError> {
        let connection = self.admit("password/reset", client).await?;
        let found = one_time_tokens::live_reset(&*connection, hash).await?;
        found.ok_or(PasswordError::NoSuchToken)?.email.parse().map_err(PasswordError::StoredAddress)
    }

    /// Uses the token up, if it still is live, and does all that follows from it.
    async fn consume(
        &self,
        hash: &[u8],
        phc: &Phc,
        address: &Address,
        client: &Client,
    ) -> Result<(), PasswordError> {
        let transaction = self.pool.get().await?.begin(TransactionLimits::default()).await?;
        let (locked, consumed) = tokio::join!(
            biased;
            one_time_tokens::lock_of_holder(&*transaction, hash),
            one_time_tokens::consume_reset(&*transaction, hash),
        );
        locked?;
        let Some(holder) = consumed? else {
            transaction.rollback().await?;
            return Err(PasswordError::NoSuchToken);
        };
        let (user_id, account) = (holder.user_id, Key::account(address));
        let event = client.event("authn_password_change", user_id, &account);
        let (others, credential, verified, revoked, forgiven, told, mail, committed) = tokio::join!(
            biased;
            one_time_tokens::delete_of_user(&*transaction, user_id),
            credentials::reset(&*transaction, user_id, phc.expose()),
            // Whoever has the token reads the mailbox.
            users::mark_verified(&*transaction, &event),
            sessions::revoke_of_user(&*transaction, user_id, "password-reset"),
            throttle::forget(&*transaction, account),
            auth_events::insert(&*transaction, &event),
            outbox::put_notice(&*transaction, Notice::PasswordReset, &holder.email),
            transaction.commit_in_turn(),
        );
        others.and(credential).and(verified).and(revoked).and(forgiven).and(told).and(mail).and(committed)?;
        Ok(())
    }
}
