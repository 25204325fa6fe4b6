//! One drain: lease, send one after the other over one connection, write down what became of each.

use functions_framework::{Severity, log};
use std::time::Duration;
use streamly::accounts::outbox::Template;
use streamly::db::mail_outbox::{self, LEASE_S, Leased};
use streamly::ids::MailId;
use tokio::time::Instant;

use crate::message::message;
use crate::relay::{Connection, Failure};
use crate::{DrainError, Drained, Parts};

/// The most mails of one drain.
const MAILS_MAX: i64 = 100;

/// How long a drain takes over what.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How long it begins another mail, in milliseconds.
    pub begins_ms_max: u64,
    /// The longest that one mail takes, from connecting to the relay's answer, in milliseconds.
    pub mail_ms_max: u64,
}

impl Patience {
    /// What counts but in tests.
    pub(crate) const STANDARD: Self = Self { begins_ms_max: 20_000, mail_ms_max: 25_000 };

    /// The longest drain, in milliseconds, but for the database.
    pub(crate) const fn ms_max(self) -> u64 {
        self.begins_ms_max + self.mail_ms_max
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self::STANDARD
    }
}

// No lease ends while its mail is being sent, or another drain would send it too.
const _: () = assert!(Patience::STANDARD.ms_max() < LEASE_S * 1_000);

impl Parts {
    /// Sends what is due.
    pub(crate) async fn drain(&self) -> Result<Drained, DrainError> {
        let until = Instant::now() + Duration::from_millis(self.patience.begins_ms_max);
        let mut waiting = mail_outbox::lease(&*self.pool.get().await?, MAILS_MAX).await?.into_iter();
        let mut round = Round { mailer: self, connection: None, drained: Drained::default() };
        while Instant::now() < until {
            let Some(mail) = waiting.next() else { break };
            if let Next::Nobody(failure) = round.send(&mail).await? {
                let rest: Vec<MailId> = waiting.by_ref().map(|mail| mail.id).collect();
                round.defer(&rest, &failure).await?;
            }
        }
        if let Some(connection) = round.connection.take() {
            connection.quit().await;
        }
        let rest: Vec<MailId> = waiting.map(|mail| mail.id).collect();
        if !rest.is_empty() {
            mail_outbox::put_back(&*self.pool.get().await?, &rest).await?;
        }
        Ok(round.drained)
    }

    /// For how many seconds the oldest mail has waited.
    pub(crate) async fn oldest_s(&self) -> Result<i64, DrainError> {
        Ok(mail_outbox::oldest_s(&*self.pool.get().await?).await?)
    }
}

/// Whose turn it is after a mail.
enum Next {
    Anybody,
    /// Nobody's: the relay takes no mail at all now.
    Nobody(Failure),
}

/// What lives as long as a drain.
struct Round<'a> {
    mailer: &'a Parts,
    connection: Option<Connection>,
    drained: Drained,
}

impl Round<'_> {
    /// Sends one mail and writes down what became of it.
    async fn send(&mut self, mail: &Leased) -> Result<Next, DrainError> {
        let patience = Duration::from_millis(self.mailer.patience.mail_ms_max);
        let sent = tokio::time::timeout(patience, self.hand_over(mail)).await;
        match sent.unwrap_or(Err(Failure::Silent)) {
            Ok(()) => {
                mail_outbox::mark_sent(&*self.mailer.pool.get().await?, mail.id).await?;
                self.drained.sent += 1;
                Ok(Next::Anybody)
            }
            Err(failure) if failure.is_final() => {
                self.refuse(mail, &failure).await?;
                Ok(Next::Anybody)
            }
            Err(failure) => {
                self.defer(&[mail.id], &failure).await?;
                Ok(if failure.is_everybodys() { Next::Nobody(failure) } else { Next::Anybody })
            }
        }
    }

    async fn hand_over(&mut self, mail: &Leased) -> Result<(), Failure> {
        let template: Template = mail.template.parse().map_err(|_| Failure::UnknownTemplate)?;
        let Parts { relay, sender, app, clock, .. } = self.mailer;
        let message = message(mail, template, sender, app, clock.now())?;
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => relay.connect(sender.host()).await?,
        };
        let (sent, connection) = connection.send(&message).await;
        self.connection = connection;
        sent
    }

    async fn refuse(&mut self, mail: &Leased, failure: &Failure) -> Result<(), DrainError> {
        mail_outbox::refuse(&*self.mailer.pool.get().await?, mail.id, &failure.to_string()).await?;
        self.drained.failed += 1;
        let (id, template) = (mail.id, &mail.template);
        let message = format!("mail {id} ({template}) will never be sent: {failure}");
        log(Severity::Warning, &message, &[("mail.id", id.to_string().into())]);
        Ok(())
    }

    /// Lets mails wait for their next attempt, and tells of those that have none.
    async fn defer(&mut self, ids: &[MailId], failure: &Failure) -> Result<(), DrainError> {
        if ids.is_empty() {
            return Ok(());
        }
        let why = failure.to_string();
        let over = mail_outbox::defer(&*self.mailer.pool.get().await?, ids, &why).await?;
        self.drained.failed += ids.len();
        let message = format!("mails to be tried again: {}; {failure}", ids.len() - over.len());
        if over.len() < ids.len() {
            log(Severity::Warning, &message, &[("mail.id", ids[0].to_string().into())]);
        }
        for id in over {
            let message = format!("mail {id} is given up, as it is good no longer: {failure}");
            log(Severity::Error, &message, &[("mail.id", id.to_string().into())]);
        }
        Ok(())
    }
}
