//! The mail that proves an address, once more, for whoever has not proven theirs.

use serde::Deserialize;
use streamly::accounts::address::Address;
use streamly::accounts::client::Client;
use streamly::accounts::mailed_token;
use streamly::accounts::outbox::TokenMail;

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
        // Who asks may not be who chose the password: the mail says that the link accepts the latest.
        let mail = TokenMail::VerifyAgain;
        let work = mailed_token::send(&self.pool, mail, &address, client, |account| !account.is_verified);
        let (done, ()) = tokio::join!(work, tokio::time::sleep(TIME_MIN));
        done
    }
}
