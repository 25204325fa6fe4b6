//! The end of an account.

use serde::Deserialize;
use streamly::accounts::client::Client;
use streamly::accounts::outbox::{self, Notice};
use streamly::accounts::policy::Password;
use streamly::accounts::reauthentication::{Account, Proven, Reauthentication};
use streamly::accounts::throttle::{self, Turn};
use streamly::accounts::verify::Caller;
use streamly::db::{TransactionLimits, auth_events, one_time_tokens, sessions, users};
use time::OffsetDateTime;

use crate::{AccountError, Parts};

/// What a client sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    current_password: String,
}

impl Parts {
    pub(crate) async fn delete(
        &self,
        body: Body,
        caller: &Caller,
        client: &Client,
    ) -> Result<OffsetDateTime, AccountError> {
        let password = &Password::new(&body.current_password).map_err(AccountError::Password)?;
        let account = {
            let connection = self.pool.get().await?;
            match throttle::count_client(&*connection, "account/delete", client, &self.limits).await? {
                Turn::Now => Account::of(&*connection, caller).await?,
                Turn::After(wait) => return Err(AccountError::Throttled(wait)),
            }
        };
        let (pool, hasher) = (&self.pool, &self.hasher);
        let check = Reauthentication { pool, hasher, caller, client };
        check.prove(account, password, |proven| async move { self.close(&proven, client).await }).await
    }

    /// Everything that ends with an account, and when the rest of it is erased; none where another hash is stored meanwhile.
    async fn close(&self, proven: &Proven, client: &Client) -> Result<Option<OffsetDateTime>, AccountError> {
        let (user_id, key) = (proven.user_id(), proven.account());
        let transaction = self.pool.get().await?.begin(TransactionLimits::default()).await?;
        if !proven.confirm(&transaction).await? {
            transaction.rollback().await?;
            return Ok(None);
        }
        let event = client.event("user_deleted", user_id, &key);
        let (closed, revoked, deleted, told, mail) = tokio::join!(
            biased;
            users::close(&*transaction, user_id),
            sessions::revoke_of_user(&*transaction, user_id, "account-deleted"),
            one_time_tokens::delete_of_user(&*transaction, user_id),
            auth_events::insert(&*transaction, &event),
            outbox::put_notice(&*transaction, Notice::AccountDeleted, proven.address().typed()),
        );
        let Some(deletes_at) = closed? else {
            // Closed by a rival a moment ago.
            transaction.rollback().await?;
            return Err(AccountError::SessionRevoked);
        };
        revoked.and(deleted).and(told).and(mail)?;
        transaction.commit().await?;
        Ok(Some(deletes_at))
    }
}
