//! A mail with a token, for somebody who gives an address and need not be who owns it. Whether there is such an account,
//! neither the answer nor the order of the work tells.

use crate::db::{Error, Pool, TransactionLimits, auth_events, auth_throttle, one_time_tokens, users};

use super::address::Address;
use super::client::Client;
use super::one_time::{NoRandomness, OneTimeToken};
use super::outbox::{self, TokenMail};
use super::throttle::Key;

/// Puts a new token in the place of the older one of its purpose, and its mail in the outbox, for an account that it is
/// for. Nothing where there is none, or where the address got mails enough; the address's counter is written first and in
/// every branch, so that rivals for one address queue up.
pub async fn send<E>(
    pool: &Pool,
    mail: TokenMail,
    address: &Address,
    client: &Client,
    is_for: impl FnOnce(&users::Registered) -> bool,
) -> Result<(), E>
where
    E: From<NoRandomness> + From<Error>,
{
    let token = OneTimeToken::new()?;
    let limit = Key::mail(address);
    let transaction = pool.get().await?.begin(TransactionLimits::default()).await?;
    // Sent at once, answered in this order.
    let (within_limit, found) = tokio::join!(
        biased;
        auth_throttle::count_mail(&*transaction, limit.as_bytes()),
        users::by_address(&*transaction, address.canonical()),
    );
    let (within_limit, found) = (within_limit?, found?);
    let Some(account) = found.filter(|account| within_limit && !account.is_disabled && is_for(account))
    else {
        return Ok(transaction.commit().await?);
    };
    let (hash, key) = (token.hash(), Key::account(address));
    let event = client.event("authn_token_created", account.id, &key);
    let (replaced, mailed, told, committed) = tokio::join!(
        biased;
        one_time_tokens::replace(&*transaction, mail.purpose(), &hash, account.id, address.canonical()),
        outbox::put_token(&*transaction, mail, &account.email, &token, true, limit),
        auth_events::insert(&*transaction, &event),
        transaction.commit_in_turn(),
    );
    replaced.and(mailed).and(told).and(committed)?;
    Ok(())
}
