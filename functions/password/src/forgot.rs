//! A mail with a link that sets a new password, for whoever has an account.

use serde::Deserialize;
use std::time::Duration;
use streamly::accounts::address::Address;
use streamly::accounts::client::Client;
use streamly::accounts::mailed_token;
use streamly::accounts::outbox::TokenMail;

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
        let work = mailed_token::send(&self.pool, TokenMail::Reset, &address, client, |_| true);
        let (done, ()) = tokio::join!(work, tokio::time::sleep(TIME_MIN));
        done
    }
}
