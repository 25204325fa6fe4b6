//! Where the database is: `DATABASE_URL`, with `verify-full`, which tokio-postgres itself does not know.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::config::{Host, SslMode};

/// The longest wait for a connection to open, in seconds.
const CONNECT_S_MAX: u64 = 5;
/// How long sent bytes may stay unacknowledged, in seconds, before the connection counts as lost.
const UNACKNOWLEDGED_S_MAX: u64 = 10;
/// Idle seconds before the kernel asks whether the other end is still there.
const KEEPALIVE_S: u64 = 60;

/// Where the database is: a libpq URL or `key=value` pairs. A `/cloudsql/…` directory as host is a socket.
#[derive(Clone)]
pub struct Settings {
    pub(super) config: tokio_postgres::Config,
    pub(super) mode: Mode,
}

/// libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Plain,
    /// Encrypted where the server offers it, unverified.
    Prefer,
    /// Encrypted, unverified.
    Require,
    /// Encrypted; the certificate leads to `DATABASE_CA_FILE` and names the host.
    VerifyFull,
}

/// A `DATABASE_URL` that cannot be used; the text holds a password, so it is never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSettings {
    /// Not of either form.
    #[error("not a libpq URL or key=value list")]
    Form,
    /// No host.
    #[error("names no host")]
    Host,
    /// `verify-ca`, or no mode of libpq's.
    #[error("sslmode must be disable, prefer, require or verify-full")]
    Mode,
}

impl FromStr for Settings {
    type Err = InvalidSettings;

    fn from_str(text: &str) -> Result<Self, InvalidSettings> {
        let (text, verify) = without_verify_full(text);
        if text.contains("sslmode=verify-ca") {
            return Err(InvalidSettings::Mode);
        }
        let mut config: tokio_postgres::Config = text.parse().map_err(|_| InvalidSettings::Form)?;
        if config.get_hosts().is_empty() {
            return Err(InvalidSettings::Host);
        }
        config.connect_timeout(Duration::from_secs(CONNECT_S_MAX));
        config.tcp_user_timeout(Duration::from_secs(UNACKNOWLEDGED_S_MAX));
        config.keepalives_idle(Duration::from_secs(KEEPALIVE_S));
        let socket = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        let mode = match config.get_ssl_mode() {
            _ if socket => Mode::Plain,
            _ if verify => Mode::VerifyFull,
            SslMode::Disable => Mode::Plain,
            SslMode::Require => Mode::Require,
            _ => Mode::Prefer,
        };
        if mode == Mode::Plain {
            config.ssl_mode(SslMode::Disable);
        }
        Ok(Self { config, mode })
    }
}

impl Settings {
    /// Whether the server's certificate is to be verified, which needs `DATABASE_CA_FILE`.
    pub fn needs_ca(&self) -> bool {
        self.mode == Mode::VerifyFull
    }

    /// The same place under another database name.
    #[must_use]
    pub fn with_database(mut self, name: &str) -> Self {
        self.config.dbname(name);
        self
    }

    /// Opens one connection of its own, outside any pool, as migrations need it.
    pub async fn connect(
        &self,
        ca: Option<&CaFile>,
    ) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
        let (client, connection) = self.config.connect(super::tls::connector(self.mode, ca)).await?;
        // An error of the connection reaches the client's own calls.
        tokio::spawn(connection);
        Ok(client)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.config.get_hosts();
        formatter
            .debug_struct("Settings")
            .field("hosts", &hosts)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// `verify-full` becomes `require` for the driver; the verification is ours.
fn without_verify_full(text: &str) -> (String, bool) {
    let verify = text.contains("sslmode=verify-full");
    (text.replace("sslmode=verify-full", "sslmode=require"), verify)
}

/// The certificates that `DATABASE_CA_FILE` holds, in PEM.
#[derive(Debug, Clone)]
pub struct CaFile(pub(super) Arc<[CertificateDer<'static>]>);

impl FromStr for CaFile {
    type Err = InvalidCaFile;

    fn from_str(path: &str) -> Result<Self, InvalidCaFile> {
        let found: Result<Vec<_>, _> =
            CertificateDer::pem_file_iter(path).map_err(|_| InvalidCaFile)?.collect();
        match found {
            Ok(certificates) if !certificates.is_empty() => Ok(Self(certificates.into())),
            _ => Err(InvalidCaFile),
        }
    }
}

/// A file that is not there or holds no certificate.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the file cannot be read or holds no PEM certificate")]
pub struct InvalidCaFile;

#[cfg(test)]
mod tests {
    use super::{InvalidSettings, Mode, Settings};

    #[track_caller]
    fn check(text: &str, expected: Result<Mode, InvalidSettings>) {
        assert_eq!(text.parse::<Settings>().map(|settings| settings.mode), expected, "{text}");
    }

    #[test]
    fn both_forms_and_every_mode_are_read() {
        check("postgres://u:p@db.example/streamly", Ok(Mode::Prefer));
        check("postgres://u:p@db.example/streamly?sslmode=disable", Ok(Mode::Plain));
        check("postgres://u:p@db.example/streamly?sslmode=require", Ok(Mode::Require));
        check("postgres://u:p@db.example/streamly?sslmode=verify-full", Ok(Mode::VerifyFull));
        check("host=db.example user=u password=p dbname=streamly sslmode=verify-full", Ok(Mode::VerifyFull));
        check("host=/cloudsql/project:region:instance user=u dbname=streamly", Ok(Mode::Plain));
        check("postgres:///streamly?host=/cloudsql/project:region:instance&sslmode=require", Ok(Mode::Plain));
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        check("", Err(InvalidSettings::Host));
        check("streamly", Err(InvalidSettings::Form));
        check("postgres://u:p@db.example:port/streamly", Err(InvalidSettings::Form));
        check("postgres://u:p@db.example/streamly?sslmode=verify-ca", Err(InvalidSettings::Mode));
        check("postgres://u:p@db.example/streamly?sslmode=sometimes", Err(InvalidSettings::Form));
    }

    #[test]
    fn a_password_is_never_shown() {
        let settings: Settings = "postgres://u:hunter2@db.example/streamly".parse().expect("a good address");
        assert!(!format!("{settings:?}").contains("hunter2"));
        let refused =
            "postgres://u:hunter2@db.example:port/streamly".parse::<Settings>().expect_err("a bad port");
        assert!(!refused.to_string().contains("hunter2"));
    }
}
