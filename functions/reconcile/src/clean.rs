//! Rows that are of no use any more.

use streamly::db::leftovers::{self, Leftover};

use crate::work::{End, Failure, Work};

/// How many rows are dropped at once.
const ROWS_MAX: i64 = 1_000;

impl Work {
    /// Drops what is of no use any more.
    pub(crate) async fn clean(&mut self) -> Result<(), End> {
        for kind in Leftover::ALL {
            if let Err(failure) = self.drop_stale(kind).await {
                self.failed("what is of no use any more", &failure)?;
            }
            self.check()?;
        }
        Ok(())
    }

    async fn drop_stale(&mut self, kind: Leftover) -> Result<(), Failure> {
        if self.summary.dry_run {
            let stale = leftovers::count_stale(&*self.connection().await?, kind).await?;
            self.summary.dropped += stale;
            return Ok(());
        }
        while self.check().is_ok() {
            let dropped = leftovers::drop_stale(&*self.connection().await?, kind, ROWS_MAX).await?;
            self.summary.dropped += dropped;
            if dropped < ROWS_MAX {
                break;
            }
        }
        Ok(())
    }
}
