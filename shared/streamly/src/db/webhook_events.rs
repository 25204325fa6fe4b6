//! `webhook_events`: what a video provider has told already, so that it counts once.

use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::videos::Provider;
use super::{Error, Statement};

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[INSERT];

/// Notes an event. A rival that notes the same one is waited for.
const INSERT: Statement = Statement::new(
    "webhook_events::INSERT",
    &[Type::TEXT, Type::TEXT, Type::TEXT],
    "
    insert into webhook_events (provider, event_id, event_type)
    values ($1, $2, $3)
    on conflict (provider, event_id) do nothing",
);

/// Notes an event; whether it is new.
pub async fn insert(
    client: &impl GenericClient,
    provider: Provider,
    event_id: &str,
    event_type: &str,
) -> Result<bool, Error> {
    let inserted = INSERT.execute(client, &[&provider.as_str(), &event_id, &event_type]).await?;
    Ok(inserted == 1)
}
