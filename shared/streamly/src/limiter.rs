//! How often one caller may ask, whatever they ask for: each question costs a round trip to the database, and more behind it.
//! Kept in the memory of this instance, so it is no business limit, only a guard of the processor.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use time::OffsetDateTime;

use crate::ids::UserId;

/// How many questions one caller may ask at once.
const BURST: i64 = 60;
/// How long it takes until one more is free, in milliseconds.
const REFILL_MS: i64 = 100;
/// The most callers remembered; beyond it those who may ask again are forgotten first, then all.
const CALLERS_MAX: usize = 10_000;

/// Counts questions by caller (the generic cell rate algorithm of ITU-T I.371: one time stamp a caller).
#[derive(Debug, Default)]
pub struct Limiter {
    /// For each caller when all that they asked will have been refilled, in Unix milliseconds.
    refilled_at: Mutex<HashMap<UserId, i64>>,
}

impl Limiter {
    /// Counts a question of this caller, or says how long to wait.
    pub fn admit(&self, caller: UserId, now: OffsetDateTime) -> Result<(), Duration> {
        let now = now.unix_timestamp() * 1000 + i64::from(now.millisecond());
        let mut callers = self.refilled_at.lock().unwrap_or_else(PoisonError::into_inner);
        if callers.len() >= CALLERS_MAX && !callers.contains_key(&caller) {
            callers.retain(|_, refilled_at| *refilled_at > now);
            if callers.len() >= CALLERS_MAX {
                callers.clear();
            }
        }
        // A stamp further ahead than anyone can get says that the clock was set back.
        let known = callers.get(&caller).copied().filter(|stamp| *stamp <= now + BURST * REFILL_MS);
        let refilled_at = known.unwrap_or(now).max(now) + REFILL_MS;
        let early = refilled_at - now - BURST * REFILL_MS;
        if early > 0 {
            return Err(Duration::from_millis(early.unsigned_abs()));
        }
        callers.insert(caller, refilled_at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{BURST, CALLERS_MAX, Limiter};
    use crate::ids::UserId;
    use time::{Duration, OffsetDateTime};

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn after(milliseconds: i64) -> OffsetDateTime {
        NOW + Duration::milliseconds(milliseconds)
    }

    /// How many of so many questions at one moment are let through.
    fn admitted(limiter: &Limiter, caller: UserId, questions: usize, now: OffsetDateTime) -> usize {
        (0..questions).filter(|_| limiter.admit(caller, now).is_ok()).count()
    }

    #[test]
    fn a_burst_passes_and_then_one_each_tenth_of_a_second() {
        let (limiter, caller) = (Limiter::default(), UserId::new());
        assert_eq!(admitted(&limiter, caller, 100, NOW), 60);
        assert_eq!(admitted(&limiter, caller, 100, after(99)), 0);
        assert_eq!(admitted(&limiter, caller, 100, after(100)), 1);
        assert_eq!(admitted(&limiter, caller, 100, after(1_100)), 10);
        assert_eq!(admitted(&limiter, caller, 100, after(100_000)), 60);
    }

    #[test]
    fn the_wait_is_the_time_until_one_more_is_free() {
        let (limiter, caller) = (Limiter::default(), UserId::new());
        admitted(&limiter, caller, 60, NOW);
        assert_eq!(limiter.admit(caller, NOW), Err(std::time::Duration::from_millis(100)));
        assert_eq!(limiter.admit(caller, after(40)), Err(std::time::Duration::from_millis(60)));
        assert_eq!(limiter.admit(caller, after(100)), Ok(()));
    }

    #[test]
    fn others_are_not_affected() {
        let limiter = Limiter::default();
        assert_eq!(admitted(&limiter, UserId::new(), 1000, NOW), 60);
        assert_eq!(admitted(&limiter, UserId::new(), 60, NOW), 60);
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let (limiter, caller) = (Limiter::default(), UserId::new());
        admitted(&limiter, caller, 60, after(3_600_000));
        assert_eq!(limiter.admit(caller, NOW), Ok(()));
    }

    #[test]
    fn the_memory_is_bounded_and_those_who_wait_are_kept_before_those_who_may_ask() {
        let (limiter, busy) = (Limiter::default(), UserId::new());
        for _ in 1..CALLERS_MAX {
            assert_eq!(limiter.admit(UserId::new(), NOW), Ok(()));
        }
        assert_eq!(admitted(&limiter, busy, 100, NOW), 60);
        // All but the busy one are refilled by now.
        assert_eq!(limiter.admit(UserId::new(), after(100)), Ok(()));
        assert_eq!(limiter.refilled_at.lock().expect("no panic").len(), 2);
        assert_eq!(admitted(&limiter, busy, 100, after(100)), 1);
        for _ in 0..2 * CALLERS_MAX {
            let _ = limiter.admit(UserId::new(), after(100));
        }
        assert!(limiter.refilled_at.lock().expect("no panic").len() <= CALLERS_MAX);
        assert_eq!(usize::try_from(BURST), Ok(60));
    }
}
