//! A mail server on loopback that keeps what it is given: strict about the protocol, and faulty where a test wants it.

mod conversation;
mod line;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use time::OffsetDateTime;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use conversation::Conversation;

/// The certificate of an encrypting server, in PEM; its key is published, so it is good for loopback alone.
pub const CERTIFICATE: &str = include_str!("../keys/tls.certificate.pem");
const KEY: &str = include_str!("../keys/tls.pem");
/// The most mails that are kept; the oldest go first.
const MAILS_MAX: usize = 500;

/// A mail that was taken.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Its number, from 1.
    pub number: usize,
    /// When it came.
    pub at: OffsetDateTime,
    /// The sender of the envelope.
    pub sender: String,
    /// The recipients of the envelope.
    pub recipients: Vec<String>,
    /// Headers and bodies, byte for byte.
    pub content: Vec<u8>,
    /// Whether it came over TLS.
    pub encrypted: bool,
    /// Who had logged in.
    pub login: Option<(String, String)>,
}

/// What a fault answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The opened connection.
    Greeting,
    /// `EHLO`.
    Hello,
    /// `AUTH`.
    Login,
    /// `MAIL`.
    Sender,
    /// `RCPT`.
    Recipient,
    /// `DATA`.
    Data,
    /// The end of a mail.
    Content,
    /// `RSET`.
    Reset,
}

/// What happens there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An answer with this code, and nothing is done.
    Answer(u16),
    /// An answer that is no SMTP.
    Nonsense,
    /// No answer, ever.
    Silence,
    /// The connection is closed, and nothing is done.
    Cut,
    /// It is done, and the connection is closed before the answer.
    Lost,
}

/// How a server is to be.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Its port; 0 lets the kernel choose.
    pub port: u16,
    /// How it encrypts.
    pub security: Security,
    /// Whether a mail needs a login.
    pub needs_login: bool,
}

/// How a server encrypts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Security {
    /// Not at all.
    #[default]
    None,
    /// When it is asked to.
    StartTls,
    /// From the first byte.
    Tls,
}

/// A running server; it ends, with every conversation, when this is dropped.
#[derive(Debug)]
pub struct Smtp {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

/// A fault, and the recipient that it is for.
type Planned = (At, Fault, Option<String>);

#[derive(Debug, Default)]
struct State {
    options: Options,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    mails: Vec<Mail>,
    count: usize,
    connections: usize,
    faults: Vec<Planned>,
    violations: Vec<String>,
}

impl Smtp {
    /// A server that takes everything in the clear.
    pub async fn start() -> io::Result<Self> {
        Self::start_with(Options::default()).await
    }

    /// A server like this.
    pub async fn start_with(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State { options, ..State::default() });
        let task = tokio::spawn(serve(listener, Arc::clone(&state)));
        Ok(Self { address, state, task })
    }

    /// `SMTP_URL`.
    pub fn url(&self) -> String {
        let scheme = if self.state.options.security == Security::Tls { "smtps" } else { "smtp" };
        format!("{scheme}://{}", self.address)
    }

    /// Every mail that is kept, the oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        self.state.kept().mails.clone()
    }

    /// How many connections were opened.
    pub fn connections(&self) -> usize {
        self.state.kept().connections
    }

    /// What clients said that the protocol does not allow.
    pub fn violations(&self) -> Vec<String> {
        self.state.kept().violations.clone()
    }

    /// From now on this happens there.
    pub fn fault(&self, at: At, fault: Fault) {
        self.state.kept().faults.push((at, fault, None));
    }

    /// From now on this happens there, where a mail is for this recipient.
    pub fn fault_for(&self, recipient: &str, at: At, fault: Fault) {
        self.state.kept().faults.push((at, fault, Some(recipient.to_owned())));
    }

    /// From now on nothing is faulty.
    pub fn heal(&self) {
        self.state.kept().faults.clear();
    }

    /// Forgets every mail.
    pub fn clear(&self) {
        self.state.kept().mails.clear();
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault_at(&self, at: At, recipients: &[String]) -> Option<Fault> {
        let concerns = |wanted: &Option<String>| wanted.as_ref().is_none_or(|one| recipients.contains(one));
        let kept = self.kept();
        kept.faults
            .iter()
            .find(|(place, _, wanted)| *place == at && concerns(wanted))
            .map(|(_, fault, _)| *fault)
    }

    fn keep(&self, mut mail: Mail) {
        let mut kept = self.kept();
        kept.count += 1;
        mail.number = kept.count;
        if kept.mails.len() == MAILS_MAX {
            kept.mails.remove(0);
        }
        kept.mails.push(mail);
    }

    fn violated(&self, what: impl Into<String>) {
        self.kept().violations.push(what.into());
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    let tls = acceptor();
    // Dropped with this task, and every conversation with it.
    let mut conversations = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        state.kept().connections += 1;
        while conversations.try_join_next().is_some() {}
        conversations.spawn(converse(stream, Arc::clone(&state), tls.clone()));
    }
}

/// One connection. Whatever ends it is the client's to notice.
async fn converse(stream: TcpStream, state: Arc<State>, tls: TlsAcceptor) {
    let wire: Box<dyn conversation::Wire> = match state.options.security {
        Security::Tls => match tls.accept(stream).await {
            Ok(stream) => Box::new(stream),
            Err(_) => return,
        },
        Security::None | Security::StartTls => Box::new(stream),
    };
    let encrypted = state.options.security == Security::Tls;
    let _ = Conversation::new(wire, state, tls, encrypted).hold().await;
}

fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).expect("our own certificate");
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).expect("our own key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring offers the default versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("our own certificate and its key");
    TlsAcceptor::from(Arc::new(config))
}

#[cfg(test)]
mod tests;
