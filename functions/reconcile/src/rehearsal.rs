//! What a dry run tells in place of doing it: a line for each thing that would be done, and for a subscription every column
//! that would change. Rows are named by our own ids beside Stripe's, people by ours alone.

use functions_framework::{Severity, log};
use serde_json::{Map, Value, json};
use streamly::billing::difference::Difference;
use streamly::billing::sync::{Adopted, Answered};
use streamly::db::syncs;
use streamly::ids::UserId;

use crate::work::{Failure, Work};

/// What would be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Would {
    /// A row would become what Stripe says.
    Change,
    /// A row would be made and become what Stripe says.
    Insert,
    /// A row would be marked.
    Mark,
    /// A subscription would be cancelled at Stripe.
    Cancel,
    /// An event would be entered.
    Enter,
    /// An event would be done again.
    Replay,
    /// A person would be erased.
    Erase,
}

impl Would {
    fn word(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Insert => "insert",
            Self::Mark => "mark",
            Self::Cancel => "cancel",
            Self::Enter => "enter",
            Self::Replay => "replay",
            Self::Erase => "erase",
        }
    }
}

/// The columns that would change, as a person reads them.
fn sentence(differences: &[Difference]) -> String {
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".to_owned());
    let column =
        |found: &Difference| format!("{} {} -> {}", found.column, shown(&found.old), shown(&found.new));
    differences.iter().map(column).collect::<Vec<_>>().join(", ")
}

/// The same as a field.
fn changes(differences: &[Difference]) -> Value {
    let column = |found: &Difference| (found.column.to_owned(), json!({"old": found.old, "new": found.new}));
    differences.iter().map(column).collect::<Map<_, _>>().into()
}

impl Work {
    /// Tells of one thing, once a run, since nothing that is told takes place.
    fn tell(&mut self, would: Would, item: &str, detail: &str, fields: Vec<(&str, Value)>) {
        if !self.told.insert((would, item.to_owned())) {
            return;
        }
        self.summary.told += 1;
        let named = vec![("reconcile.would", would.word().into()), ("reconcile.item", item.into())];
        let text = format!("dry run: would {} {item}{detail}", would.word());
        log(Severity::Info, &text, &[named, fields].concat());
    }

    /// Tells of an event.
    pub(crate) fn rehearse_event(&mut self, would: Would, id: &str, event_type: &str) {
        self.tell(would, id, "", vec![("stripe.event.type", event_type.into())]);
    }

    /// Tells that a person would be erased.
    pub(crate) fn rehearse_erasure(&mut self, person: UserId) {
        let person = person.to_string();
        self.tell(Would::Erase, &person, "", vec![("user.id", person.as_str().into())]);
    }

    /// Tells what an answer would change, column by column.
    pub(crate) async fn rehearse(&mut self, answered: &Answered<'_>) -> Result<(), Failure> {
        let known = syncs::known(&*self.connection().await?, answered.id()).await?;
        let differences = answered.differences(known.as_ref(), &self.parts.rules);
        if let Some(known) = known.filter(|_| !differences.is_empty()) {
            let fields =
                vec![("reconcile.row", known.row.into()), ("reconcile.changes", changes(&differences))];
            self.tell(Would::Change, answered.id(), &format!(": {}", sentence(&differences)), fields);
        }
        Ok(())
    }

    /// Tells whose a subscription would be that no event told of, and what its row would say.
    pub(crate) async fn rehearse_adoption(&mut self, answered: &Answered<'_>) -> Result<Adopted, Failure> {
        if syncs::known(&*self.connection().await?, answered.id()).await?.is_some() {
            self.rehearse(answered).await?;
            return Ok(answered.rehearse_adoption(&self.parts.pool, &self.parts.rules).await?);
        }
        let adopted = answered.rehearse_adoption(&self.parts.pool, &self.parts.rules).await?;
        if let Adopted::Theirs(person) = adopted {
            let differences = answered.differences(None, &self.parts.rules);
            let fields =
                vec![("user.id", person.to_string().into()), ("reconcile.changes", changes(&differences))];
            self.tell(Would::Insert, answered.id(), &format!(": {}", sentence(&differences)), fields);
        }
        Ok(adopted)
    }

    /// Tells that a row would be marked, or its subscription cancelled at Stripe.
    pub(crate) async fn rehearse_at(&mut self, would: Would, id: &str) -> Result<(), Failure> {
        let known = syncs::known(&*self.connection().await?, id).await?;
        let row = known.map(|known| ("reconcile.row", known.row.into()));
        self.tell(would, id, "", row.into_iter().collect());
        Ok(())
    }
}
