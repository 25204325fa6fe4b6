//! Who comes between: another connection that holds a row until a function waits for it.

use std::future::Future;
use tokio_postgres::Client;

use crate::Database;

impl Database {
    /// Waits for this answer, and commits what a rival holds open as soon as the database has somebody wait for a lock.
    pub async fn behind<T>(&self, rival: &Client, answer: impl Future<Output = T>) -> T {
        // Nobody else sees what the connections of other roles wait for.
        let watcher = self.superuser().await;
        let waits = "
            select exists (
              select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())";
        let release = async {
            loop {
                let row = watcher.query_one(waits, &[]).await.expect("the activity is readable");
                if row.get(0) {
                    break;
                }
            }
            rival.batch_execute("commit").await.expect("the rival may commit");
        };
        tokio::join!(answer, release).0
    }
}
