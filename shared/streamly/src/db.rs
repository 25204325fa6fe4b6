//! Postgres: where it is, the pool, statements, the error, and one file a table with its SQL and the functions that send
//! it.
//!
//! Statements are sent unnamed, in one round trip, which leaves nothing on the server and works through a pooler in
//! transaction mode.

mod error;
mod pool;
mod settings;
mod statement;
mod tls;

pub mod auth_events;
pub mod auth_throttle;
pub mod credentials;
pub mod customers;
pub mod entitlements;
pub mod erasures;
pub mod exports;
pub mod heartbeats;
pub mod leftovers;
pub mod listings;
pub mod mail_outbox;
pub mod one_time_tokens;
pub mod own_sessions;
pub mod payment_logs;
pub mod sessions;
pub mod streams;
pub mod subscriptions;
pub mod syncs;
pub mod users;
pub mod video_states;
pub mod videos;
pub mod viewers;
pub mod watch_progress;
pub mod webhook_events;

pub use error::Error;
pub use pool::{Connection, Pool, PoolSize, Transaction, TransactionLimits};
pub use settings::{CaFile, InvalidSettings, Settings};
pub use statement::Statement;

/// Every statement of the product, for the tests that prepare each one and look at its plan.
pub fn statements() -> impl Iterator<Item = &'static Statement> {
    let tables: [&'static [Statement]; 24] = [
        auth_events::STATEMENTS,
        auth_throttle::STATEMENTS,
        credentials::STATEMENTS,
        customers::STATEMENTS,
        entitlements::STATEMENTS,
        erasures::STATEMENTS,
        exports::STATEMENTS,
        heartbeats::STATEMENTS,
        leftovers::STATEMENTS,
        listings::STATEMENTS,
        mail_outbox::STATEMENTS,
        one_time_tokens::STATEMENTS,
        own_sessions::STATEMENTS,
        payment_logs::STATEMENTS,
        sessions::STATEMENTS,
        streams::STATEMENTS,
        subscriptions::STATEMENTS,
        syncs::STATEMENTS,
        users::STATEMENTS,
        video_states::STATEMENTS,
        videos::STATEMENTS,
        viewers::STATEMENTS,
        watch_progress::STATEMENTS,
        webhook_events::STATEMENTS,
    ];
    tables.into_iter().flatten()
}
