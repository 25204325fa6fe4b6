//! One conversation: RFC 5321 with `8BITMIME`, `STARTTLS` and `AUTH PLAIN`, each command in its place.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio_rustls::TlsAcceptor;

use super::line::{self, COMMAND_BYTES_MAX, TEXT_BYTES_MAX};
use super::{At, Fault, Mail, Security, State};

/// What a conversation is held over.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// The longest mail, in bytes.
const MAIL_BYTES_MAX: usize = 1 << 20;

/// Where a mail stands.
#[derive(Debug, Default)]
struct Envelope {
    sender: Option<String>,
    recipients: Vec<String>,
    eight_bit: bool,
}

pub(super) struct Conversation {
    wire: BufReader<Box<dyn Wire>>,
    state: Arc<State>,
    tls: TlsAcceptor,
    encrypted: bool,
    greeted: bool,
    login: Option<(String, String)>,
    envelope: Envelope,
}

/// What follows an answer.
#[derive(PartialEq, Eq)]
enum Then {
    GoOn,
    End,
}

impl Conversation {
    pub(super) fn new(wire: Box<dyn Wire>, state: Arc<State>, tls: TlsAcceptor, encrypted: bool) -> Self {
        let wire = BufReader::new(wire);
        Self { wire, state, tls, encrypted, greeted: false, login: None, envelope: Envelope::default() }
    }

    /// Holds it to its end.
    pub(super) async fn hold(mut self) -> io::Result<()> {
        if self.unless_faulty(At::Greeting, "220 localhost ESMTP").await? == Then::End {
            return Ok(());
        }
        while let Some(command) = self.read(COMMAND_BYTES_MAX).await? {
            let command = String::from_utf8_lossy(&command).into_owned();
            let (verb, rest) = command.split_once(' ').unwrap_or((&command, ""));
            if verb.eq_ignore_ascii_case("STARTTLS") && self.offers_tls() {
                self = self.start_tls().await?;
                continue;
            }
            if self.obey(&verb.to_ascii_uppercase(), rest).await? == Then::End {
                break;
            }
        }
        Ok(())
    }

    async fn obey(&mut self, verb: &str, rest: &str) -> io::Result<Then> {
        match verb {
            "EHLO" => self.hello(rest).await,
            "AUTH" => self.log_in(rest).await,
            "MAIL" => self.begin(rest).await,
            "RCPT" => self.add_recipient(rest).await,
            "DATA" if rest.is_empty() => self.take_mail().await,
            "RSET" if rest.is_empty() => {
                self.envelope = Envelope::default();
                self.unless_faulty(At::Reset, "250 OK").await
            }
            "NOOP" => self.say("250 OK").await,
            "QUIT" => {
                self.say("221 Bye").await?;
                Ok(Then::End)
            }
            _ => self.refuse("500 No such command").await,
        }
    }

    async fn hello(&mut self, name: &str) -> io::Result<Then> {
        if name.is_empty() {
            return self.refuse("501 EHLO needs a name").await;
        }
        (self.greeted, self.envelope) = (true, Envelope::default());
        let mut offers = vec!["localhost", "8BITMIME"];
        if self.offers_tls() {
            offers.push("STARTTLS");
        }
        if self.state.options.needs_login && !self.offers_tls() {
            offers.push("AUTH PLAIN");
        }
        let last = offers.len() - 1;
        let lines: Vec<String> = offers
            .iter()
            .enumerate()
            .map(|(place, offer)| format!("250{}{offer}", if place == last { ' ' } else { '-' }))
            .collect();
        self.unless_faulty(At::Hello, &lines.join("\r\n")).await
    }

    fn offers_tls(&self) -> bool {
        self.state.options.security == Security::StartTls && !self.encrypted
    }

    /// What was sent in the clear behind the command would be taken for encrypted, so it ends the conversation.
    async fn start_tls(mut self) -> io::Result<Self> {
        if !self.wire.buffer().is_empty() {
            self.state.violated("something follows STARTTLS in the clear");
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.say("220 Go ahead").await?;
        let Self { wire, state, tls, .. } = self;
        let wire: Box<dyn Wire> = Box::new(tls.accept(wire.into_inner()).await?);
        Ok(Self::new(wire, state, tls, true))
    }

    async fn log_in(&mut self, rest: &str) -> io::Result<Then> {
        let plain = rest.strip_prefix("PLAIN ").and_then(|text| STANDARD.decode(text).ok());
        let parts = plain.and_then(|bytes| String::from_utf8(bytes).ok());
        let parts: Vec<&str> = parts.as_deref().unwrap_or_default().split('\0').collect();
        let (["", user, password], true) = (&parts[..], self.greeted) else {
            return self.refuse("504 PLAIN alone, with its answer").await;
        };
        self.login = Some(((*user).to_owned(), (*password).to_owned()));
        self.unless_faulty(At::Login, "235 Welcome").await
    }

    async fn begin(&mut self, rest: &str) -> io::Result<Then> {
        let parsed = rest.strip_prefix("FROM:<").and_then(|rest| rest.split_once('>'));
        let Some((sender, parameters)) = parsed else { return self.refuse("501 MAIL FROM:<sender>").await };
        if !self.greeted
            || self.envelope.sender.is_some()
            || (self.state.options.needs_login && self.login.is_none())
        {
            return self.refuse("503 Not now").await;
        }
        let parameters: Vec<&str> = parameters.split_ascii_whitespace().collect();
        if !sender.is_ascii() || parameters.iter().any(|one| !["BODY=8BITMIME", "BODY=7BIT"].contains(one)) {
            return self.refuse("555 No such parameter").await;
        }
        self.envelope.eight_bit = parameters.contains(&"BODY=8BITMIME");
        let then = self.unless_faulty(At::Sender, "250 OK").await?;
        if self.state.fault_at(At::Sender, &[]).is_none() {
            self.envelope.sender = Some(sender.to_owned());
        }
        Ok(then)
    }

    async fn add_recipient(&mut self, rest: &str) -> io::Result<Then> {
        let parsed = rest.strip_prefix("TO:<").and_then(|rest| rest.strip_suffix('>'));
        let Some(recipient) = parsed.filter(|address| address.contains('@')) else {
            return self.refuse("501 RCPT TO:<recipient>").await;
        };
        if self.envelope.sender.is_none() {
            return self.refuse("503 MAIL comes first").await;
        }
        if !recipient.is_ascii() || recipient.contains(['<', '>', ' ']) {
            return self.refuse("553 No such address").await;
        }
        self.envelope.recipients.push(recipient.to_owned());
        let then = self.unless_faulty(At::Recipient, "250 OK").await?;
        if self.state.fault_at(At::Recipient, &self.envelope.recipients).is_some() {
            self.envelope.recipients.pop();
        }
        Ok(then)
    }

    async fn take_mail(&mut self) -> io::Result<Then> {
        if self.envelope.recipients.is_empty() {
            return self.refuse("503 RCPT comes first").await;
        }
        if self.unless_faulty(At::Data, "354 Go ahead").await? == Then::End {
            return Ok(Then::End);
        }
        if self.state.fault_at(At::Data, &self.envelope.recipients).is_some() {
            return Ok(Then::GoOn);
        }
        let mut content = Vec::new();
        loop {
            // A doubled dot is one more than the limit counts.
            let Some(line) = self.read(TEXT_BYTES_MAX + 1).await? else { return Ok(Then::End) };
            match &*line {
                b"." => break,
                [b'.', rest @ ..] => content.extend_from_slice(rest),
                line => content.extend_from_slice(line),
            }
            content.extend_from_slice(b"\r\n");
            if content.len() > MAIL_BYTES_MAX {
                self.refuse("552 Too long").await?;
                return Ok(Then::End);
            }
        }
        if !content.is_ascii() && !self.envelope.eight_bit {
            return self.refuse("554 Eight bits, and nobody said so").await;
        }
        let Envelope { sender, recipients, .. } = std::mem::take(&mut self.envelope);
        let fault = self.state.fault_at(At::Content, &recipients);
        if fault.is_none_or(|fault| fault == Fault::Lost) {
            self.state.keep(Mail {
                number: 0,
                at: streamly::clock::Clock::system().now(),
                sender: sender.unwrap_or_default(),
                recipients: recipients.clone(),
                content,
                encrypted: self.encrypted,
                login: self.login.clone(),
            });
        }
        self.answer(fault, "250 Taken").await
    }

    /// Reads a line; one that no client may send ends the conversation.
    async fn read(&mut self, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
        let read = line::read(&mut self.wire, bytes_max).await;
        if let Err(error) = &read
            && error.kind() == io::ErrorKind::InvalidData
        {
            self.state.violated(error.to_string());
        }
        read
    }

    async fn unless_faulty(&mut self, at: At, answer: &str) -> io::Result<Then> {
        let fault = self.state.fault_at(at, &self.envelope.recipients);
        self.answer(fault, answer).await
    }

    async fn answer(&mut self, fault: Option<Fault>, answer: &str) -> io::Result<Then> {
        match fault {
            None => self.say(answer).await,
            Some(Fault::Answer(code)) => {
                // A real server names the recipient here, which must reach no log.
                let about = self.envelope.recipients.join(", ");
                self.say(&format!("{code} Faulty <{about}>")).await
            }
            Some(Fault::Nonsense) => self.say("hello?").await,
            Some(Fault::Silence) => std::future::pending().await,
            Some(Fault::Cut | Fault::Lost) => Ok(Then::End),
        }
    }

    /// Refuses what no client should have said.
    async fn refuse(&mut self, answer: &str) -> io::Result<Then> {
        self.state.violated(answer);
        self.say(answer).await
    }

    async fn say(&mut self, answer: &str) -> io::Result<Then> {
        let wire = self.wire.get_mut();
        wire.write_all(format!("{answer}\r\n").as_bytes()).await?;
        wire.flush().await?;
        Ok(Then::GoOn)
    }
}
