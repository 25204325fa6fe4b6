//! What a hash costs: enough to be worth little to a thief, and never so much that it exhausts us.

use argon2::Params;

/// The most memory of one hash, stored or configured, in KiB: an imported one must not exhaust the machine.
pub(super) const MEMORY_KIB_MAX: u32 = 262_144;
/// The most passes of one hash.
pub(super) const TIME_COST_MAX: u32 = 10;
/// The most lanes of a stored hash; new ones have one.
pub(super) const LANES_MAX: u32 = 16;
/// The bytes of a new hash's output.
pub(super) const OUTPUT_BYTES: usize = 32;
/// The bytes of a new hash's salt.
pub(super) const SALT_BYTES: usize = 16;

/// The floor of the OWASP Password Storage Cheat Sheet and of ASVS, appendix C: so much memory with so many passes.
const FLOOR: [(u32, u32); 2] = [(19_456, 2), (47_104, 1)];

/// The cost of new hashes: `ARGON2_MEMORY_KIB` and `ARGON2_TIME_COST`, the floor by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    time_cost: u32,
}

impl Default for Cost {
    fn default() -> Self {
        let (memory_kib, time_cost) = FLOOR[0];
        Self { memory_kib, time_cost }
    }
}

impl Cost {
    /// A cost between the floor and the caps.
    pub fn new(memory_kib: u32, time_cost: u32) -> Result<Self, InvalidCost> {
        if memory_kib > MEMORY_KIB_MAX || time_cost > TIME_COST_MAX {
            return Err(InvalidCost::TooMuch);
        }
        if !FLOOR.iter().any(|(memory, passes)| memory_kib >= *memory && time_cost >= *passes) {
            return Err(InvalidCost::TooLittle);
        }
        Ok(Self { memory_kib, time_cost })
    }

    /// The memory of one hash, in KiB.
    pub fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// How often a hash passes over its memory.
    pub fn time_cost(self) -> u32 {
        self.time_cost
    }

    /// As the argon2 crate takes it.
    pub(super) fn params(self) -> Params {
        Params::new(self.memory_kib, self.time_cost, 1, Some(OUTPUT_BYTES)).expect("the cost was checked")
    }
}

/// A cost that is too weak, or that would exhaust a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCost {
    /// Under the floor.
    #[error("needs 19456 KiB with 2 passes, or 47104 KiB with 1, or more")]
    TooLittle,
    /// Over the caps.
    #[error("takes at most 262144 KiB and 10 passes")]
    TooMuch,
}

#[cfg(test)]
mod tests {
    use super::{Cost, InvalidCost};

    #[track_caller]
    fn check(memory_kib: u32, time_cost: u32, expected: Result<(), InvalidCost>) {
        assert_eq!(Cost::new(memory_kib, time_cost).map(|_| ()), expected, "{memory_kib} {time_cost}");
    }

    #[test]
    fn the_floor_and_the_caps_hold() {
        check(19_456, 2, Ok(()));
        check(19_455, 2, Err(InvalidCost::TooLittle));
        check(19_456, 1, Err(InvalidCost::TooLittle));
        check(19_455, 10, Err(InvalidCost::TooLittle));
        check(47_104, 1, Ok(()));
        check(47_103, 1, Err(InvalidCost::TooLittle));
        check(47_104, 0, Err(InvalidCost::TooLittle));
        check(65_536, 3, Ok(()));
        check(262_144, 10, Ok(()));
        check(262_145, 10, Err(InvalidCost::TooMuch));
        check(262_144, 11, Err(InvalidCost::TooMuch));
        assert_eq!(Cost::default(), Cost::new(19_456, 2).expect("the floor"));
    }
}
