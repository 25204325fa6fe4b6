//! The relay that takes our mails: where it is, and one conversation with it.

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use std::fmt::{self, Display};
use std::str::FromStr;
use std::time::Duration;
use streamly::loopback::is_loopback;
use tokio::time::timeout;
use url::Url;

use crate::message::Outgoing;

/// The port of submission (RFC 6409), and that of submission inside TLS (RFC 8314).
const PORTS: (u16, u16) = (587, 465);
/// The longest opening of a connection, up to its authentication, in seconds.
const CONNECT_S_MAX: u64 = 10;
/// The longest farewell, in seconds: everything has been said by then.
const QUIT_S_MAX: u64 = 1;

/// `SMTP_URL`: `smtp://` or `smtps://`, perhaps with a name and a password.
#[derive(Clone)]
pub struct Relay {
    host: String,
    port: u16,
    security: Security,
    login: Option<(String, SecretString)>,
    roots: Vec<Certificate>,
}

/// How the way is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// It does not leave the machine.
    Loopback,
    /// By `STARTTLS`, which the relay must offer.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// An address that is none, or not safe; it may hold a password, so it is never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be like smtp://host:port or smtps://user:password@host:port, without path or query")]
pub struct InvalidRelay;

impl FromStr for Relay {
    type Err = InvalidRelay;

    fn from_str(text: &str) -> Result<Self, InvalidRelay> {
        let url = Url::parse(text).map_err(|_| InvalidRelay)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(InvalidRelay)?;
        let bare = ["", "/"].contains(&url.path()) && url.query().is_none() && url.fragment().is_none();
        let (security, port) = match url.scheme() {
            "smtp" if is_loopback(host) => (Security::Loopback, PORTS.0),
            "smtp" => (Security::StartTls, PORTS.0),
            "smtps" => (Security::Tls, PORTS.1),
            _ => return Err(InvalidRelay),
        };
        let login = login(&url)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let relay = Self { host, port: url.port().unwrap_or(port), security, login, roots: Vec::new() };
        if bare { Ok(relay) } else { Err(InvalidRelay) }
    }
}

/// Both a name and a password, or neither.
fn login(url: &Url) -> Result<Option<(String, SecretString)>, InvalidRelay> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().map(String::from);
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None | Some("")) => Err(InvalidRelay),
        (user, Some(password)) => {
            let (user, password) = (decode(user), decode(password));
            Ok(Some((user.map_err(|_| InvalidRelay)?, password.map_err(|_| InvalidRelay)?.into())))
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Relay");
        debug.field("host", &self.host).field("port", &self.port).field("security", &self.security);
        debug.finish_non_exhaustive()
    }
}

impl Relay {
    /// The same relay, whose certificate may also lead to this one.
    #[must_use]
    pub fn trusting(mut self, root: Certificate) -> Self {
        self.roots.push(root);
        self
    }

    /// The same relay, which must encrypt even on loopback.
    #[must_use]
    pub fn encrypted(mut self) -> Self {
        if self.security == Security::Loopback {
            self.security = Security::StartTls;
        }
        self
    }

    /// Opens a conversation: encrypts it, says hello in this host's name, and authenticates.
    pub(crate) async fn connect(&self, name: &str) -> Result<Connection, Failure> {
        let opened = timeout(Duration::from_secs(CONNECT_S_MAX), self.open(name)).await;
        opened.unwrap_or(Err(Failure::Unreachable("no answer in time".to_owned()))).map(Connection)
    }

    async fn open(&self, name: &str) -> Result<AsyncSmtpConnection, Failure> {
        let (hello, wait) = (ClientId::Domain(name.to_owned()), Some(Duration::from_secs(CONNECT_S_MAX)));
        let tls = if self.security == Security::Tls { Some(self.tls()?) } else { None };
        let server = (self.host.as_str(), self.port);
        let unreachable = |error: Error| Failure::Unreachable(what(&error));
        let mut smtp = AsyncSmtpConnection::connect_tokio1(server, wait, &hello, tls, None)
            .await
            .map_err(unreachable)?;
        if self.security == Security::StartTls {
            smtp.starttls(self.tls()?, &hello).await.map_err(unreachable)?;
        }
        if let Some((user, password)) = &self.login {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            smtp.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(unreachable)?;
        }
        Ok(smtp)
    }

    fn tls(&self) -> Result<TlsParameters, Failure> {
        let builder =
            TlsParameters::builder(self.host.clone()).certificate_store(CertificateStore::WebpkiRoots);
        let roots = self.roots.iter().cloned();
        let builder =
            roots.fold(builder, lettre::transport::smtp::client::TlsParametersBuilder::add_root_certificate);
        builder.build_rustls().map_err(|error| Failure::Unreachable(what(&error)))
    }
}

/// The command that a failure answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Sender,
    Recipient,
    Data,
    Content,
}

impl Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Sender => "the sender",
            Self::Recipient => "the recipient",
            Self::Data => "the command to take it",
            Self::Content => "the mail itself",
        })
    }
}

/// Why a mail was not handed over. It never holds what the relay said, which likes to repeat addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the relay cannot be used: {0}")]
    Unreachable(String),
    #[error("the relay refused {0} with {1}")]
    Refused(Step, u16),
    #[error("the connection broke at {0}: {1}")]
    Broken(Step, String),
    #[error("the relay fell silent")]
    Silent,
    #[error("its recipient is no address")]
    Address,
    #[error("no template has its name")]
    UnknownTemplate,
    #[error("its template needs another token than it has")]
    Params,
}

impl Failure {
    /// Whether this mail can never be handed over: its recipient or its content is refused for good (RFC 5321 section
    /// 4.2.1). Other refusals for good are the relay's or the operator's affair, and mended by another attempt.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Refused(step, code) => *code >= 500 && matches!(step, Step::Recipient | Step::Content),
            Self::Address | Self::Params => true,
            // A newer version has written it, and sends it once it is deployed here, too.
            Self::UnknownTemplate | Self::Unreachable(_) | Self::Broken(..) | Self::Silent => false,
        }
    }

    /// Whether it concerns every mail.
    pub(crate) fn is_everybodys(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }

    fn at(step: Step, error: &Error) -> Self {
        match error.status() {
            Some(code) => Self::Refused(step, code.into()),
            None => Self::Broken(step, what(error)),
        }
    }
}

/// A conversation with the relay, ready for a mail.
pub(crate) struct Connection(AsyncSmtpConnection);

impl Connection {
    /// Hands over one mail, and returns the conversation where another may follow.
    pub(crate) async fn send(mut self, mail: &Outgoing) -> (Result<(), Failure>, Option<Self>) {
        let sent = self.say(mail).await;
        let goes_on = match &sent {
            Ok(()) => true,
            // 421: the relay closes the channel.
            Err(Failure::Refused(_, code)) => *code != 421 && self.0.command("RSET\r\n").await.is_ok(),
            Err(_) => false,
        };
        (sent, goes_on.then_some(self))
    }

    async fn say(&mut self, Outgoing { envelope, bytes }: &Outgoing) -> Result<(), Failure> {
        self.command(Step::Sender, Mail::new(envelope.from().cloned(), Vec::new())).await?;
        for recipient in envelope.to() {
            self.command(Step::Recipient, Rcpt::new(recipient.clone(), Vec::new())).await?;
        }
        self.command(Step::Data, Data).await?;
        let taken = self.0.message(bytes).await;
        taken.map(drop).map_err(|error| Failure::at(Step::Content, &error))
    }

    async fn command(&mut self, step: Step, command: impl Display) -> Result<(), Failure> {
        self.0.command(command).await.map(drop).map_err(|error| Failure::at(step, &error))
    }

    /// Says farewell; the mails are the relay's already, whatever it answers.
    pub(crate) async fn quit(mut self) {
        let _ = timeout(Duration::from_secs(QUIT_S_MAX), self.0.quit()).await;
    }
}

/// What went wrong, without a word of the relay's.
fn what(error: &Error) -> String {
    if let Some(code) = error.status() {
        return format!("it answered {code}");
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<std::io::Error>() {
            return cause.kind().to_string();
        }
        source = cause.source();
    }
    if error.is_tls() {
        "it cannot be encrypted".to_owned()
    } else if error.is_client() {
        // What we refuse ourselves, in the library's fixed words: no STARTTLS, no way to authenticate.
        error.to_string()
    } else {
        "it answered what is no SMTP".to_owned()
    }
}
