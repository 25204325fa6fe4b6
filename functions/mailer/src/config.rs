//! The variables, read into their final types.

use adapters::variables;
use functions_framework::env::{Invalid, Reader};
use lettre::message::Mailbox;
use std::fmt;
use std::str::FromStr;
use streamly::db::Pool;
use streamly::loopback::is_loopback;
use url::Url;

use crate::relay::Relay;

/// What the variables say.
pub struct Config {
    pub(crate) pool: Pool,
    pub(crate) relay: Relay,
    pub(crate) sender: Sender,
    pub(crate) app: AppUrl,
}

impl Config {
    /// Reads every variable before it looks at any, so that one line names every fault.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let pool = variables::database(env);
        let relay = env.required_secret::<Relay>("SMTP_URL");
        let sender = env.required::<Sender>("MAIL_FROM");
        let app = env.required::<AppUrl>("PUBLIC_APP_URL");
        Ok(Self { pool: pool?, relay: relay?, sender: sender?, app: app? })
    }
}

/// `MAIL_FROM`: an address, perhaps with a name before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender(Mailbox);

/// A text that cannot send mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be an address, such as mail@example.com, or a name and an address, such as Streamly <mail@example.com>"
)]
pub struct InvalidSender;

impl FromStr for Sender {
    type Err = InvalidSender;

    fn from_str(text: &str) -> Result<Self, InvalidSender> {
        if text.chars().any(char::is_control) {
            return Err(InvalidSender);
        }
        let mailbox: Mailbox = text.parse().map_err(|_| InvalidSender)?;
        // The same rule for addresses as for people's, and no host that relays would have to be asked to understand.
        let address: &str = mailbox.email.as_ref();
        let known = address.parse::<streamly::accounts::address::Address>();
        if address.is_ascii() && known.is_ok() { Ok(Self(mailbox)) } else { Err(InvalidSender) }
    }
}

impl Sender {
    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.0
    }

    /// The host of its address: who says hello to the relay, and whose ids mails have.
    pub(crate) fn host(&self) -> &str {
        self.0.email.domain()
    }
}

/// `PUBLIC_APP_URL`: where people use the product; plain HTTP on loopback alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppUrl(String);

/// An address that is none, or not safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an https address without query, fragment or user, or an http one on loopback")]
pub struct InvalidAppUrl;

impl FromStr for AppUrl {
    type Err = InvalidAppUrl;

    fn from_str(text: &str) -> Result<Self, InvalidAppUrl> {
        let url = Url::parse(text).map_err(|_| InvalidAppUrl)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(InvalidAppUrl)?;
        let bare = url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let safe = match url.scheme() {
            "https" => true,
            "http" => is_loopback(host),
            _ => false,
        };
        if bare && safe {
            Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
        } else {
            Err(InvalidAppUrl)
        }
    }
}

impl fmt::Display for AppUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
