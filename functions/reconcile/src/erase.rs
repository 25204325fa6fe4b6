//! People who deleted their account 14 days ago.

use streamly::db::erasures;
use streamly::ids::UserId;

use crate::work::{End, Failure, Work, alarm};

/// How many people are listed at once.
const PEOPLE_MAX: i64 = 200;

impl Work {
    /// Ends what people who left still pay for, and erases those whose time has come. Of whom something goes on at Stripe,
    /// nothing is erased: what is left would be what it is charged to.
    pub(crate) async fn erase(&mut self) -> Result<(), End> {
        self.forsaken().await?;
        let mut after = None;
        loop {
            self.check()?;
            let due = async {
                let connection = self.connection().await?;
                Ok::<_, Failure>(erasures::due(&*connection, after, PEOPLE_MAX).await?)
            };
            let due = match due.await {
                Ok(due) => due,
                Err(failure) => return self.failed("the list of who left", &failure),
            };
            let Some(last) = due.last() else { break };
            after = Some(*last);
            for person in due {
                self.check()?;
                if let Err(failure) = self.erase_person(person).await {
                    self.failed(&person.to_string(), &failure)?;
                }
            }
        }
        self.held().await
    }

    async fn erase_person(&mut self, person: UserId) -> Result<(), Failure> {
        if self.summary.dry_run {
            self.rehearse_erasure(person);
        }
        let erased = self.summary.dry_run || erasures::erase(&*self.connection().await?, person).await?;
        self.summary.erased += u64::from(erased);
        Ok(())
    }

    async fn held(&mut self) -> Result<(), End> {
        let held = async { Ok::<_, Failure>(erasures::held(&*self.connection().await?).await?) };
        match held.await {
            Ok(held) => self.summary.held = held,
            Err(failure) => return self.failed("the count of who waits for erasure", &failure),
        }
        if self.summary.held > 0 {
            alarm("people who left", "erasure-held");
        }
        Ok(())
    }
}
