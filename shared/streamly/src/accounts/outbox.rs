//! Mails that tell of what happened to an account, written in the transaction of the effect. Whoever sends them later
//! knows the templates; nothing that a client typed enters a mail but its address.

use serde::Serialize;
use std::str::FromStr;
use tokio_postgres::GenericClient;
use tokio_postgres::types::Json;

use super::one_time::OneTimeToken;
use super::throttle::Key;
use crate::db::one_time_tokens::Purpose;
use crate::db::{Error, mail_outbox};
use crate::ids::MailId;

/// Every mail that the product sends: what stands in the column `template`, and which texts it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Template {
    /// Confirm this address: the first attempt to register it. With a token.
    Verify,
    /// Confirm this address, which accepts the password of the latest attempt; or reset it. With a token.
    VerifyAgain,
    /// To an owner: somebody tried to register your address again.
    AlreadyRegistered,
    /// Choose a new password. With a token.
    Reset,
    /// Confirm this address as the new one of an account. With a token.
    ChangeEmail,
    /// To an owner: your password was set anew by a mailed link.
    PasswordReset,
    /// To an owner: your password was changed.
    PasswordChanged,
    /// To the old address: somebody with your password asked for a change of the account's address.
    EmailChangeRequested,
    /// To an owner: somebody wanted your address for an account of theirs.
    EmailTaken,
    /// To the old address: the account has another address now.
    EmailChanged,
    /// To an owner: your account is deleted, and erased after a while.
    AccountDeleted,
}

impl Template {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Verify,
        Self::VerifyAgain,
        Self::AlreadyRegistered,
        Self::Reset,
        Self::ChangeEmail,
        Self::PasswordReset,
        Self::PasswordChanged,
        Self::EmailChangeRequested,
        Self::EmailTaken,
        Self::EmailChanged,
        Self::AccountDeleted,
    ];

    /// Its name in the column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::VerifyAgain => "verify-again",
            Self::AlreadyRegistered => "already-registered",
            Self::Reset => "reset",
            Self::ChangeEmail => "change-email",
            Self::PasswordReset => "password-reset",
            Self::PasswordChanged => "password-changed",
            Self::EmailChangeRequested => "email-change-requested",
            Self::EmailTaken => "email-taken",
            Self::EmailChanged => "email-changed",
            Self::AccountDeleted => "account-deleted",
        }
    }

    /// Whether it carries a token.
    pub fn has_token(self) -> bool {
        matches!(self, Self::Verify | Self::VerifyAgain | Self::Reset | Self::ChangeEmail)
    }
}

/// A name that no template has: written by a newer version, or by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no mail has this name")]
pub struct UnknownTemplate;

impl FromStr for Template {
    type Err = UnknownTemplate;

    fn from_str(name: &str) -> Result<Self, UnknownTemplate> {
        Self::ALL.into_iter().find(|template| template.name() == name).ok_or(UnknownTemplate)
    }
}

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
    /// Choose a new password.
    Reset,
    /// Confirm this address as the new one of an account.
    ChangeEmail,
}

impl TokenMail {
    fn template(self) -> Template {
        match self {
            Self::Verify => Template::Verify,
            Self::VerifyAgain => Template::VerifyAgain,
            Self::Reset => Template::Reset,
            Self::ChangeEmail => Template::ChangeEmail,
        }
    }

    /// What its token is for.
    pub fn purpose(self) -> Purpose {
        match self {
            Self::Verify | Self::VerifyAgain => Purpose::Verify,
            Self::Reset => Purpose::Reset,
            Self::ChangeEmail => Purpose::ChangeEmail,
        }
    }
}

/// A mail without a token, of something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// To an owner: your password was set anew by a mailed link.
    PasswordReset,
    /// To an owner: your password was changed.
    PasswordChanged,
    /// To the old address: somebody with your password asked for a change of the account's address.
    EmailChangeRequested,
    /// To an owner: somebody wanted your address for an account of theirs.
    EmailTaken,
    /// To the old address: the account has another address now.
    EmailChanged,
    /// To an owner: your account is deleted, and erased after a while.
    AccountDeleted,
}

impl Notice {
    fn template(self) -> Template {
        match self {
            Self::PasswordReset => Template::PasswordReset,
            Self::PasswordChanged => Template::PasswordChanged,
            Self::EmailChangeRequested => Template::EmailChangeRequested,
            Self::EmailTaken => Template::EmailTaken,
            Self::EmailChanged => Template::EmailChanged,
            Self::AccountDeleted => Template::AccountDeleted,
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
        template: mail.template().name(),
        params: Json(TokenParams { token: token.expose() }),
        within_limit,
        limit: limit.as_bytes(),
        life_s: mail.purpose().life_s(),
    };
    mail_outbox::insert_token(database, &row).await
}

/// Tells an owner of something that happened; no mail limit keeps that from them.
pub async fn put_notice(database: &impl GenericClient, notice: Notice, recipient: &str) -> Result<(), Error> {
    mail_outbox::insert_notice(database, MailId::new(), recipient, notice.template().name()).await
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

#[cfg(test)]
mod tests {
    use super::{Template, UnknownTemplate};

    #[test]
    fn every_template_is_found_by_its_name_and_no_other_name_is() {
        for template in Template::ALL {
            assert_eq!(template.name().parse(), Ok(template));
        }
        for name in ["", "Verify", "verify ", "reset-password"] {
            assert_eq!(name.parse::<Template>(), Err(UnknownTemplate), "{name}");
        }
    }
}
