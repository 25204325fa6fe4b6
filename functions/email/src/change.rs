//! The wish for another address, which the owner of that address must confirm.

use serde::Deserialize;
use streamly::accounts::address::Address;
use streamly::accounts::client::Client;
use streamly::accounts::one_time::OneTimeToken;
use streamly::accounts::outbox::{self, Notice, TokenMail};
use streamly::accounts::policy::Password;
use streamly::accounts::reauthentication::{Account, Proven, Reauthentication};
use streamly::accounts::throttle::Key;
use streamly::accounts::verify::Caller;
use streamly::db::one_time_tokens::Purpose;
use streamly::db::{Transaction, TransactionLimits, auth_events, auth_throttle, one_time_tokens, users};

use crate::{EmailError, Parts, TIME_MIN};

/// What a client sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    current_password: String,
    new_email: String,
}

impl Parts {
    pub(crate) async fn change(
        &self,
        body: Body,
        caller: &Caller,
        client: &Client,
    ) -> Result<(), EmailError> {
        let (new, current) = match (body.new_email.parse::<Address>(), Password::new(&body.current_password))
        {
            (Ok(new), Ok(current)) => (new, current),
            (new, current) => return Err(EmailError::Invalid(new.err(), current.err())),
        };
        let account = {
            let connection = self.admit("email/change", client).await?;
            Account::of(&*connection, caller).await?
        };
        let (pool, hasher, new) = (&self.pool, &self.hasher, &new);
        let check = Reauthentication { pool, hasher, caller, client };
        let effect = |proven| async move {
            let (done, ()) = tokio::join!(self.ask(&proven, new, client), tokio::time::sleep(TIME_MIN));
            done
        };
        check.prove(account, &current, effect).await
    }

    /// Asks the owner of the new address; none where another hash is stored meanwhile.
    async fn ask(&self, proven: &Proven, new: &Address, client: &Client) -> Result<Option<()>, EmailError> {
        let transaction = self.pool.get().await?.begin(TransactionLimits::default()).await?;
        let is_own = new.canonical() == proven.address().canonical();
        let may_mail = !is_own && may_mail(&transaction, proven, new).await?;
        if !proven.confirm(&transaction).await? {
            transaction.rollback().await?;
            return Ok(None);
        }
        if may_mail {
            mail(&transaction, proven, new, client).await?;
        }
        transaction.commit().await?;
        Ok(Some(()))
    }
}

/// Whether both the account and the new address are within the mail limit: every change mails an address that the caller
/// chose, and the old one too.
async fn may_mail(transaction: &Transaction, proven: &Proven, new: &Address) -> Result<bool, EmailError> {
    let (account, address) = (Key::email_change(proven.address()), Key::mail(new));
    let within_limit = auth_throttle::count_mail(&**transaction, account.as_bytes()).await?
        && auth_throttle::count_mail(&**transaction, address.as_bytes()).await?;
    Ok(within_limit)
}

/// The mails of a change to a free or a taken address.
async fn mail(
    transaction: &Transaction,
    proven: &Proven,
    new: &Address,
    client: &Client,
) -> Result<(), EmailError> {
    if let Some(owner) = users::by_address(&**transaction, new.canonical()).await? {
        return Ok(outbox::put_notice(&**transaction, Notice::EmailTaken, &owner.email).await?);
    }
    let (token, user_id) = (OneTimeToken::new()?, proven.user_id());
    let (hash, account) = (token.hash(), proven.account());
    let event = client.event("authn_token_created", user_id, &account);
    let (replaced, asked, told, event) = tokio::join!(
        biased;
        one_time_tokens::replace(&**transaction, Purpose::ChangeEmail, &hash, user_id, new.typed()),
        outbox::put_token(&**transaction, TokenMail::ChangeEmail, new.typed(), &token, true, Key::mail(new)),
        outbox::put_notice(&**transaction, Notice::EmailChangeRequested, proven.address().typed()),
        auth_events::insert(&**transaction, &event),
    );
    replaced.and(asked).and(told).and(event)?;
    Ok(())
}
