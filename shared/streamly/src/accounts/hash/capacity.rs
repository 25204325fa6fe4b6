//! How many hashes this machine computes at once.

use std::fs;

use super::Cost;

/// What everything but hashes needs, in bytes.
const RESERVE_BYTES: u64 = 128 * 1024 * 1024;
/// The memory of a machine that does not tell, in bytes: the smallest on which hashing functions are deployed.
const UNKNOWN_BYTES: u64 = 512 * 1024 * 1024;
/// More hashes than that per processor only wait for each other.
const PER_CPU: u64 = 2;

/// A machine's memory and processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    memory_bytes: u64,
    cpus: u64,
}

impl Capacity {
    /// A machine of this size.
    pub fn new(memory_bytes: u64, cpus: usize) -> Self {
        Self { memory_bytes, cpus: cpus.max(1) as u64 }
    }

    /// This machine, or the part of it that this process may use.
    pub fn of_machine() -> Self {
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        let group = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let files = limit_files(&group);
        let limits = files.iter().filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok());
        let total = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_bytes(&text));
        Self::new(limits.chain(total).min().unwrap_or(UNKNOWN_BYTES), cpus)
    }

    /// What hashes may take together, in KiB; at least one of them is always possible.
    pub(super) fn memory_kib(self, cost: Cost) -> u32 {
        let kib = self.memory_bytes.saturating_sub(RESERVE_BYTES) / 1024;
        u32::try_from(kib).unwrap_or(u32::MAX).max(cost.memory_kib())
    }

    /// How many hashes of this cost may run at once.
    pub(super) fn hashes(self, cost: Cost) -> u32 {
        let by_memory = u64::from(self.memory_kib(cost) / cost.memory_kib());
        u32::try_from(by_memory.min(PER_CPU * self.cpus)).unwrap_or(u32::MAX).max(1)
    }
}

/// Where control groups tell the memory limit: version 2 in the process's own group and in the container's, version 1.
fn limit_files(group: &str) -> Vec<String> {
    let own = group.lines().find_map(|line| line.strip_prefix("0::")).map(|path| path.trim_end_matches('/'));
    let own = own.filter(|path| !path.is_empty()).map(|path| format!("/sys/fs/cgroup{path}/memory.max"));
    let fixed = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    own.into_iter().chain(fixed.map(str::to_owned)).collect()
}

/// The whole machine's memory, from `/proc/meminfo`.
fn total_bytes(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::{Capacity, Cost, limit_files, total_bytes};

    const MIB: u64 = 1024 * 1024;

    #[track_caller]
    fn check(memory_mib: u64, cpus: usize, cost: Cost, hashes: u32) {
        assert_eq!(Capacity::new(memory_mib * MIB, cpus).hashes(cost), hashes, "{memory_mib} {cpus}");
    }

    #[test]
    fn memory_and_processors_bound_the_hashes() {
        let floor = Cost::default();
        check(512, 1, floor, 2);
        check(512, 2, floor, 4);
        // (512 - 128) / 19 = 20.2
        check(512, 64, floor, 20);
        check(128 + 19 * 2, 64, floor, 2);
        check(128 + 19 * 2 - 1, 64, floor, 1);
        check(128, 4, floor, 1);
        check(0, 0, floor, 1);
        check(512, 8, Cost::new(262_144, 10).expect("the caps"), 1);
    }

    #[test]
    fn a_hash_is_always_possible_and_memory_is_never_overrun() {
        let cost = Cost::default();
        assert_eq!(Capacity::new(0, 1).memory_kib(cost), cost.memory_kib());
        assert_eq!(Capacity::new(512 * MIB, 1).memory_kib(cost), 384 * 1024);
        assert_eq!(Capacity::new(u64::MAX, 1).memory_kib(cost), u32::MAX);
    }

    #[test]
    fn limits_are_read_where_systems_tell_them() {
        let fixed = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
        assert_eq!(limit_files(""), fixed);
        assert_eq!(limit_files("0::/\n"), fixed);
        assert_eq!(limit_files("0::/a/b\n")[0], "/sys/fs/cgroup/a/b/memory.max");
        assert_eq!(limit_files("9:memory:/x\n0::/y\n")[0], "/sys/fs/cgroup/y/memory.max");
        assert_eq!(total_bytes("MemTotal:       24683652 kB\nMemFree: 1 kB\n"), Some(24_683_652 * 1024));
        assert_eq!(total_bytes("MemFree: 1 kB\n"), None);
        assert_eq!(total_bytes("MemTotal: many\n"), None);
        assert!(Capacity::of_machine().memory_bytes > 0);
    }
}
