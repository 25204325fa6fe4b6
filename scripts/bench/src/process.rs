//! Programs under measurement: started on a free port, stopped when dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::load::{Connection, Shot};

/// The longest wait for a first reply, in seconds.
const START_S_MAX: u64 = 10;

/// A running program.
pub(crate) struct Program {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Program {
    /// Starts a program with these variables and no others.
    pub(crate) fn start(path: &Path, variables: &[(String, String)]) -> io::Result<Self> {
        Self::launch(Command::new(path), path, variables)
    }

    /// The same within a group of limited memory.
    pub(crate) fn start_in(
        group: &MemoryGroup,
        path: &Path,
        variables: &[(String, String)],
    ) -> io::Result<Self> {
        // The shell enters the group and becomes the program.
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo $$ > \"$1\" && exec \"$2\"", "sh"]).arg(group.members()).arg(path);
        Self::launch(command, path, variables)
    }

    fn launch(mut command: Command, path: &Path, variables: &[(String, String)]) -> io::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let child = command
            .env_clear()
            .env("PORT", port.to_string())
            .envs(variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        Ok(Self { child, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)) })
    }

    /// The time from exec to the first reply to this request.
    pub(crate) async fn cold_start(
        path: &Path,
        variables: &[(String, String)],
        shot: &Shot,
    ) -> io::Result<(Self, Duration)> {
        let started = Instant::now();
        let program = Self::start(path, variables)?;
        loop {
            match Connection::open(program.address).await {
                Ok(mut connection) => {
                    connection.shoot(shot).await?;
                    return Ok((program, started.elapsed()));
                }
                Err(error) if started.elapsed() > Duration::from_secs(START_S_MAX) => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_micros(100)).await,
            }
        }
    }

    /// [`cpu_seconds`] of the program.
    pub(crate) fn cpu_seconds(&self) -> Option<f64> {
        cpu_seconds(self.child.id())
    }

    /// Resident memory in KiB (`VmRSS` of proc(5)); none where there is no /proc.
    pub(crate) fn resident_kib(&self) -> Option<u64> {
        self.status("VmRSS:")
    }

    /// The most of it so far (`VmHWM`).
    pub(crate) fn resident_kib_peak(&self) -> Option<u64> {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    }
}

/// CPU seconds of this process so far, its own and the kernel's for it (proc(5), in the usual ticks of 10 ms); none where
/// there is no /proc.
pub(crate) fn cpu_seconds(process: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: u32 = fields.next()?.parse::<u32>().ok()? + fields.next()?.parse::<u32>().ok()?;
    Some(f64::from(ticks) / 100.0)
}

/// A control group whose members are killed when they take more memory than this together.
#[derive(Debug)]
pub(crate) struct MemoryGroup {
    folder: PathBuf,
}

impl MemoryGroup {
    /// A group of this many bytes, of whichever version of control groups the machine has; only root may make one.
    pub(crate) fn new(bytes: u64) -> io::Result<Self> {
        let first = Path::new("/sys/fs/cgroup/memory");
        let (root, limit) = if first.is_dir() {
            (first, "memory.limit_in_bytes")
        } else {
            (Path::new("/sys/fs/cgroup"), "memory.max")
        };
        let group = Self { folder: root.join(format!("streamly-bench-{}", std::process::id())) };
        std::fs::create_dir(&group.folder)?;
        std::fs::write(group.folder.join(limit), bytes.to_string())?;
        Ok(group)
    }

    fn members(&self) -> PathBuf {
        self.folder.join("cgroup.procs")
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        // Empty once its program has ended; an empty group holds nothing.
        let _ = std::fs::remove_dir(&self.folder);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; the benchmark has what it wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
