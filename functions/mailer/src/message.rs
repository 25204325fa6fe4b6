//! A row of the outbox as a message on the wire: both bodies, fixed subject, and the row's id for a `Message-ID`, so that
//! whoever gets a mail twice can tell.

use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use secrecy::ExposeSecret;
use std::time::SystemTime;
use streamly::accounts::address;
use streamly::accounts::outbox::Template;
use streamly::db::mail_outbox::Leased;

use crate::relay::Failure;
use crate::text::{Values, text};
use crate::{AppUrl, Sender};

/// What is handed over: the bytes, and for whom.
pub(crate) struct Outgoing {
    pub(crate) envelope: Envelope,
    pub(crate) bytes: Vec<u8>,
}

/// The message of this row.
pub(crate) fn message(
    mail: &Leased,
    template: Template,
    sender: &Sender,
    app: &AppUrl,
    now: impl Into<SystemTime>,
) -> Result<Outgoing, Failure> {
    let recipient = recipient(&mail.recipient)?;
    let token = mail.token.as_ref().map(ExposeSecret::expose_secret);
    if template.has_token() != token.is_some() {
        return Err(Failure::Params);
    }
    let text = text(template);
    let app = app.to_string();
    let values = Values { address: recipient.as_ref(), app: &app, token };
    let no_answer = HeaderName::new_from_ascii_str("Auto-Submitted");
    let message = Message::builder()
        .from(sender.mailbox().clone())
        .to(Mailbox::new(None, recipient.clone()))
        .subject(text.subject)
        .date(now.into())
        .message_id(Some(format!("<{}@{}>", mail.id, sender.host())))
        // RFC 3834: no out-of-office note answers this.
        .raw_header(HeaderValue::new(no_answer, "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(text.plain(&values), text.html(&values)))
        .map_err(|_| Failure::Address)?;
    Ok(Outgoing { envelope: message.envelope().clone(), bytes: message.formatted() })
}

/// The address to send to: the local part as it was typed, the host as every relay understands it.
fn recipient(typed: &str) -> Result<Address, Failure> {
    let known: address::Address = typed.parse().map_err(|_| Failure::Address)?;
    let local = typed.split_once('@').map_or(known.local(), |(local, _)| local);
    Address::new(local, known.host()).map_err(|_| Failure::Address)
}
