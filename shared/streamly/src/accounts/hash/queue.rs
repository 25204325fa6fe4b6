//! The queue of hashes, counted in KiB of memory, and the memory itself, which is used again: fetching it anew from the
//! system costs a twentieth of a hash.

use argon2::Block;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Capacity, Cost};

/// A queue that lets so many hashes run at once.
pub(super) struct Queue {
    /// One unit is 1 KiB.
    units: Arc<Semaphore>,
    total: u32,
    idle: Arc<Idle>,
    wait: Duration,
}

/// Memory of the usual size that no hash uses now.
struct Idle {
    blocks: usize,
    stock: Mutex<Vec<Vec<Block>>>,
}

/// The right to compute one hash. It moves into the hash's thread.
pub(super) struct Permit {
    blocks: usize,
    idle: Arc<Idle>,
    /// Dropped last, so that memory is back before the next hash starts.
    _units: OwnedSemaphorePermit,
}

/// Nobody's turn came in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overloaded;

impl Queue {
    pub(super) fn new(capacity: Capacity, cost: Cost, wait: Duration) -> Self {
        let total = capacity.hashes(cost) * cost.memory_kib();
        let idle = Idle { blocks: cost.memory_kib() as usize, stock: Mutex::default() };
        Self { units: Arc::new(Semaphore::new(total as usize)), total, idle: Arc::new(idle), wait }
    }

    /// Waits for the right to compute a hash of this memory. One that needs more than all units runs alone.
    pub(super) async fn permit(&self, memory_kib: u32) -> Result<Permit, Overloaded> {
        let units = memory_kib.min(self.total);
        let turn = Arc::clone(&self.units).acquire_many_owned(units);
        match tokio::time::timeout(self.wait, turn).await {
            Ok(Ok(units)) => {
                Ok(Permit { blocks: memory_kib as usize, idle: Arc::clone(&self.idle), _units: units })
            }
            _ => Err(Overloaded),
        }
    }
}

impl Permit {
    /// Lends the hash its memory; none where the system has none.
    pub(super) fn with_memory<T>(&self, work: impl FnOnce(&mut [Block]) -> T) -> Option<T> {
        let usual = self.blocks == self.idle.blocks;
        let mut blocks = if usual { self.idle.take() } else { self.idle.give_all_back() };
        if blocks.len() != self.blocks {
            blocks.try_reserve_exact(self.blocks).ok()?;
            blocks.resize(self.blocks, Block::default());
        }
        let result = work(&mut blocks);
        if usual {
            self.idle.put(blocks);
        }
        Some(result)
    }
}

impl Idle {
    fn take(&self) -> Vec<Block> {
        self.lock().pop().unwrap_or_default()
    }

    fn put(&self, blocks: Vec<Block>) {
        self.lock().push(blocks);
    }

    /// Makes room for a hash of another size; what it starts with is empty.
    fn give_all_back(&self) -> Vec<Block> {
        self.lock().clear();
        Vec::new()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        // Whatever a panicking hash left is whole: the stock holds only memory that is not in use.
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Capacity, Cost, Overloaded, Queue};
    use std::time::Duration;

    const NO_WAIT: Duration = Duration::from_millis(1);
    const MEMORY_KIB: u32 = 19_456;

    /// A queue for two hashes at the floor.
    fn queue() -> Queue {
        Queue::new(Capacity::new(512 * 1024 * 1024, 1), Cost::default(), NO_WAIT)
    }

    #[tokio::test]
    async fn the_surplus_is_turned_away() {
        let queue = queue();
        let first = queue.permit(MEMORY_KIB).await.ok().unwrap();
        let _second = queue.permit(MEMORY_KIB).await.ok().unwrap();
        assert_eq!(queue.permit(MEMORY_KIB).await.err(), Some(Overloaded));
        drop(first);
        assert!(queue.permit(MEMORY_KIB).await.is_ok());
    }

    #[tokio::test]
    async fn a_larger_hash_takes_the_place_of_several_and_the_largest_runs_alone() {
        let queue = queue();
        let small = queue.permit(1_024).await.ok().unwrap();
        assert!(queue.permit(262_144).await.is_err());
        assert!(queue.permit(2 * MEMORY_KIB).await.is_err());
        drop(small);
        let largest = queue.permit(262_144).await.ok().unwrap();
        assert!(queue.permit(8).await.is_err());
        drop(largest);
        assert!(queue.permit(8).await.is_ok());
    }

    #[tokio::test]
    async fn memory_is_used_again_and_given_back_before_a_hash_of_another_size() {
        let queue = queue();
        let address = |permit: &super::Permit| permit.with_memory(|blocks| blocks.as_ptr().addr()).unwrap();
        let permit = queue.permit(MEMORY_KIB).await.ok().unwrap();
        let first = address(&permit);
        assert_eq!(address(&permit), first);
        assert_eq!(queue.idle.lock().len(), 1);
        drop(permit);
        let other = queue.permit(1_024).await.ok().unwrap();
        assert_eq!(other.with_memory(|blocks| blocks.len()), Some(1_024));
        assert_eq!(queue.idle.lock().len(), 0);
    }
}
