//! An event of the ledger, done again: whose it is may be known by now.

use super::apply::{ApplyError, LIMITS, settle};
use super::people::Found;
use super::{Effect, Event, Rules};
use crate::db::{Pool, payment_logs};

/// Does again what an event says that was nobody's; none where a rival does the same at this moment or has done it.
pub async fn replay(pool: &Pool, rules: &Rules, event_id: &str) -> Result<Option<Effect>, ApplyError> {
    let transaction = pool.get().await?.begin(LIMITS).await?;
    let text = payment_logs::claim(&*transaction, event_id).await?;
    let Some(event) = text.and_then(|text| Event::read(text.as_bytes(), &rules.plans).ok()) else {
        transaction.rollback().await?;
        return Ok(None);
    };
    let (counted, found) = tokio::join!(
        biased;
        payment_logs::replayed(&*transaction, event_id),
        Found::look_up(&transaction, &event),
    );
    counted?;
    settle(&transaction, rules, &event, found?).await.map(Some)
}
