//! The mail that proves an address, once more, for whoever has not proven theirs.

use serde::Deserialize;
use streamly::accounts::address::Address;
use streamly::accounts::client::Client;
use streamly::accounts::one_time::OneTimeToken;
use streamly::accounts::outbox::{self, TokenMail};
use streamly::accounts::throttle::Key;
use streamly::db::one_time_tokens::Purpose;
use streamly::db::{TransactionLimits, auth_events, auth_throttle, one_time_tokens, users};

use crate::{EmailError, Parts, TIME_MIN};

/// What a client sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    email: String,
}

impl Parts {
    pub(crate) async fn resend(&self, body: Body, client: &Client) -> Result<(), EmailError> {
        let address = body.email.parse::<Address>().map_err(EmailError::Email)?;
        drop(self.admit("email/verify/resend", client).await?);
        let (done, ()) = tokio::join!(self.mail_link(&address, client), tokio::time::sleep(TIME_MIN));
        done
    }

    /// A new token in place of the older one, and its mail; nothing where no account waits for one, or where the address
    /// got mails enough.
    async fn mail_link(&self, address: &Address, client: &Client) -> Result<(), EmailError> {
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
        let waits = |account: &users::Registered| !account.is_verified && !account.is_disabled;
        let Some(account) = found.filter(|account| within_limit && waits(account)) else {
            return Ok(transaction.commit().await?);
        };
        let (hash, key) = (token.hash(), Key::account(address));
        let event = client.event("authn_token_created", account.id, &key);
        // Who asks may not be who chose the password: the mail says that the link accepts the latest.
        let (replaced, mail, event, committed) = tokio::join!(
            biased;
            one_time_tokens::replace(&*transaction, Purpose::Verify, &hash, account.id, address.canonical()),
            outbox::put_token(&*transaction, TokenMail::VerifyAgain, &account.email, &token, true, limit),
            auth_events::insert(&*transaction, &event),
            transaction.commit_in_turn(),
        );
        replaced.and(mail).and(event).and(committed)?;
        Ok(())
    }
}
