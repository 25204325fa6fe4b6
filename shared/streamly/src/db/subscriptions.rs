//! `subscriptions`: what Stripe says that somebody pays for.

use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::{Error, Statement};
use crate::ids::UserId;

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[STATES_BY_USER];

/// The state of everything a person ever subscribed to, in this mode.
const STATES_BY_USER: Statement = Statement::new(
    "subscriptions::STATES_BY_USER",
    &[Type::UUID, Type::BOOL],
    "
    select distinct status, pause_behavior is not null as collection_is_paused
      from subscriptions
     where user_id = $1 and livemode = $2",
);

/// How one subscription stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Stripe's word for it.
    pub status: String,
    /// Whether nothing is collected for it at present.
    pub collection_is_paused: bool,
}

/// The states of everything a person ever subscribed to, each once.
pub async fn states_by_user(
    client: &impl GenericClient,
    user: UserId,
    livemode: bool,
) -> Result<Vec<State>, Error> {
    let rows = STATES_BY_USER.rows(client, &[&user.uuid(), &livemode]).await?;
    let states = rows.iter().map(|row| State {
        status: row.get("status"),
        collection_is_paused: row.get("collection_is_paused"),
    });
    Ok(states.collect())
}
