//! A mail with a link that sets a new password, for whoever has an account.

use serde::Deserialize;
use std::time::Duration;
use streamly::accounts::address::Address;
use streamly::accounts::client::Client;
use streamly::accounts::one_time::OneTimeToken;
use streamly::accounts::outbox::{self, TokenMail};
use streamly::accounts::throttle::Key;
use streamly::db::one_time_tokens::Purpose;
use streamly::db::{TransactionLimits, auth_events, auth_throttle, one_time_tokens, users};

use crate::{Parts, PasswordError};

/// The least time of the work: an account has rows to write, an unknown address has not.
const TIME_MIN: Duration = Duration::from_millis(50);

/// What a client sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    email: String,
}

impl Parts {
    pub(crate) async fn forgot(&self, body: Body, client: &Client) -> Result<(), PasswordError> {
        let address = body.email.parse::<Address>().map_err(PasswordError::Email)?;
        drop(self.admit("password/forgot", client).await?);
        let (done, ()) = tokio::join!(self.mail_link(&address, client), tokio::time::sleep(TIME_MIN));
        done
    }

    /// A new token in place of the older one, and its mail; nothing where nobody may log in with this address, or where
    /// it got mails enough.
    async fn mail_link(&self, address: &Address, client: &Client) -> Result<(), PasswordError> {
        let token = OneTimeToken::new()?;
        let limit = Key::mail(address);
        let transaction = self.pool.get().await?.begin(TransactionLimits::default()).await?;
        // Sent at once, answered in this order.
        let (within_limit, found) = tokio::join!(
            biased;
            auth_throttle::count_mail(&*transaction, limit.as_bytes()),
            users::by_address(&*transaction, address.canonical()),
        );
        let (within_limit, found) = (within_limit?, found?);
        let Some(account) = found.filter(|account| within_limit && !account.is_disabled) else {
            return Ok(transaction.commit().await?);
        };
        let (hash, key) = (token.hash(), Key::account(address));
        let event = client.event("authn_token_created", account.id, &key);
        let (replaced, mail, event, committed) = tokio::join!(
            biased;
            one_time_tokens::replace(&*transaction, Purpose::Reset, &hash, account.id, address.canonical()),
            outbox::put_token(&*transaction, TokenMail::Reset, &account.email, &token, true, limit),
            auth_events::insert(&*transaction, &event),
            transaction.commit_in_turn(),
        );
        replaced.and(mail).and(event).and(committed)?;
        Ok(())
    }
}
