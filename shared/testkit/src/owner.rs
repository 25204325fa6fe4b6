//! The owner's connection to a test's database: to arrange rows, to read them and to count them.

use std::ops::Deref;
use tokio_postgres::Client;
use tokio_postgres::types::{FromSqlOwned, ToSql};

use crate::Database;

/// A connection as the owner of the schema, with the questions that tests ask most; the statement is named where it
/// fails.
pub struct Owner {
    client: Client,
}

impl Owner {
    /// A new connection to this database.
    pub async fn new(database: &Database) -> Self {
        Self { client: database.owner().await }
    }

    /// Runs a statement.
    pub async fn run(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) {
        self.client.execute(sql, parameters).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// The one value that this query finds.
    pub async fn value<T: FromSqlOwned>(&self, sql: &str) -> T {
        self.client.query_one(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
    }

    /// How many rows there are of a table, or of whatever else may follow `from`.
    pub async fn count(&self, what: &str) -> i64 {
        self.value(&format!("select count(*) from {what}")).await
    }
}

impl Deref for Owner {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}
