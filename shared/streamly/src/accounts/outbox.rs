//! Mails that tell of what happened to an account, written in the transaction of the effect. Whoever sends them later
//! knows the templates; nothing that a client typed enters a mail but its address.

use serde::Serialize;
use tokio_postgres::GenericClient;
use tokio_postgres::types::Json;

use super::one_time::OneTimeToken;
use super::throttle::Key;
use crate::db::{Error, mail_outbox};
use crate::ids::MailId;

/// What a mail with a link is filled with.
#[derive(Debug, Serialize)]
struct TokenParams<'a> {
    token: &'a str,
}

/// A mail with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenMail {
    /// Confirm this address: the first attempt to register it.
    Verify,
    /// Confirm this address, which accepts the password of the latest attempt; or reset it, if that was not you.
    VerifyAgain,
}

impl TokenMail {
    fn template(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::VerifyAgain => "verify-again",
        }
    }
}

/// Puts a mail with this token in the outbox. Beyond the mail limit of its address it waits until that has passed.
pub async fn put_token(
    database: &impl GenericClient,
    mail: TokenMail,
    recipient: &str,
    token: &OneTimeToken,
    within_limit: bool,
    limit: Key,
) -> Result<(), Error> {
    let row = mail_outbox::TokenRow {
        id: MailId::new(),
        recipient,
        template: mail.template(),
        params: Json(TokenParams { token: token.expose() }),
        within_limit,
        limit: limit.as_bytes(),
    };
    mail_outbox::insert_token(database, &row).await
}

/// Tells an owner that somebody tried to register their address again, once an hour at most.
pub async fn put_already_registered(
    database: &impl GenericClient,
    recipient: &str,
    within_limit: bool,
    limit: Key,
) -> Result<(), Error> {
    mail_outbox::insert_already_registered(database, MailId::new(), recipient, within_limit, limit.as_bytes())
        .await
}
