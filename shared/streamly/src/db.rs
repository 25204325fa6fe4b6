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

pub mod customers;
pub mod payment_logs;
pub mod streams;
pub mod subscriptions;
pub mod videos;

pub use error::Error;
pub use pool::{Connection, Pool, PoolSize, Transaction, TransactionLimits};
pub use settings::{CaFile, InvalidSettings, Settings};
pub use statement::Statement;

/// Every statement of the product, for the tests that prepare each one and look at its plan.
pub fn statements() -> impl Iterator<Item = &'static Statement> {
    let tables: [&'static [Statement]; 5] = [
        customers::STATEMENTS,
        payment_logs::STATEMENTS,
        streams::STATEMENTS,
        subscriptions::STATEMENTS,
        videos::STATEMENTS,
    ];
    tables.into_iter().flatten()
}
