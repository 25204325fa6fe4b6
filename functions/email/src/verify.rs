//! The proof of an address, by the token that was sent to it.

use serde::Deserialize;
use streamly::accounts::address::Address;
use streamly::accounts::client::Client;
use streamly::accounts::one_time::OneTimeToken;
use streamly::accounts::outbox::{self, Notice};
use streamly::accounts::throttle::Key;
use streamly::db::one_time_tokens::ProvenAddress;
use streamly::db::{Transaction, TransactionLimits, auth_events, one_time_tokens, users};

use crate::{EmailError, Parts};

/// What a client sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    token: String,
}

impl Parts {
    pub(crate) async fn verify(&self, body: Body, client: &Client) -> Result<(), EmailError> {
        let hash = OneTimeToken::parse(&body.token).ok_or(EmailError::NoSuchToken)?.hash();
        let connection = self.admit("email/verify", client).await?;
        let transaction = connection.begin(TransactionLimits::default()).await?;
        let (locked, consumed) = tokio::join!(
            biased;
            one_time_tokens::lock_of_holder(&*transaction, &hash),
            one_time_tokens::consume_for_address(&*transaction, &hash),
        );
        locked?;
        let Some(proven) = consumed? else {
            transaction.rollback().await?;
            return Err(EmailError::NoSuchToken);
        };
        let address = proven.email.parse().map_err(EmailError::StoredAddress)?;
        if proven.is_change {
            move_to(transaction, &proven, &address, client).await
        } else {
            mark(transaction, &proven, &address, client).await
        }
    }
}

/// The account's own address is proven.
async fn mark(
    transaction: Transaction,
    proven: &ProvenAddress,
    address: &Address,
    client: &Client,
) -> Result<(), EmailError> {
    let account = Key::account(address);
    let event = client.event("user_verified", proven.user_id, &account);
    let (marked, committed) = tokio::join!(
        biased;
        users::mark_verified(&*transaction, &event),
        transaction.commit_in_turn(),
    );
    marked.and(committed)?;
    Ok(())
}

/// The account has this address from now on, unless another one has it meanwhile.
async fn move_to(
    transaction: Transaction,
    proven: &ProvenAddress,
    address: &Address,
    client: &Client,
) -> Result<(), EmailError> {
    let user_id = proven.user_id;
    let before = match users::change_email(&*transaction, user_id, address.typed(), address.canonical()).await
    {
        Ok(Some(before)) => before,
        Err(error) if !error.is_unique_violation() => return Err(error.into()),
        Ok(None) | Err(_) => {
            transaction.rollback().await?;
            return Err(EmailError::NoSuchToken);
        }
    };
    let account = Key::account(address);
    let event = client.event("email_changed", user_id, &account);
    let (others, told, mail, committed) = tokio::join!(
        biased;
        // They were sent to the old address.
        one_time_tokens::delete_of_user(&*transaction, user_id),
        auth_events::insert(&*transaction, &event),
        outbox::put_notice(&*transaction, Notice::EmailChanged, &before),
        transaction.commit_in_turn(),
    );
    others.and(told).and(mail).and(committed)?;
    Ok(())
}
