//! A function as a process of its own: found beside the running program, given its variables and no others, started again
//! when it dies, ended by SIGTERM as its platform does.

mod job;
mod watchdog;

pub use job::Job;
pub use watchdog::{Ending, Watchdog};

use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// What is told while the stack works: one line each.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// The longest wait for the first answer, in seconds.
const READY_S_MAX: u64 = 30;
/// How often a starting process is asked whether it is there, in milliseconds.
const POLL_MS: u64 = 10;
/// How long a process may take after SIGTERM, in seconds: Cloud Run gives as many.
const STOP_S_MAX: u64 = 10;
/// The wait before a dead process is started again, in milliseconds; it doubles with each further death.
const RESTART_MS_MIN: u64 = 100;
/// The longest such wait.
const RESTART_MS_MAX: u64 = 5_000;
/// A process that lived this long, in seconds, starts the waits over.
const STEADY_S: u64 = 10;
/// How often another port is tried for a process that ends before it answers: its port may have been taken meanwhile.
const PORTS_MAX: usize = 3;
/// The exit status of a configuration fault, which no other port mends.
const EXIT_CONFIGURATION: i32 = 78;

/// What to run.
#[derive(Clone)]
pub struct Program {
    /// What it is called in progress lines.
    pub name: String,
    /// The program.
    pub path: PathBuf,
    /// All its variables but `PORT`.
    pub variables: BTreeMap<String, String>,
    /// Where its output goes; emptied at the start.
    pub log: PathBuf,
    /// Told when it dies and when it is back.
    pub progress: Progress,
}

/// Why a process does not run.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The program or its log cannot be opened.
    #[error("{name} cannot be started from {path:?}")]
    Spawn {
        /// The process.
        name: String,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It ended before it answered.
    #[error("{name} ended at once ({status}): {output}")]
    Ended {
        /// The process.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it said.
        output: String,
    },
    /// It does not answer.
    #[error("{name} does not answer after {READY_S_MAX} s; see {log:?}")]
    Silent {
        /// The process.
        name: String,
        /// Its log.
        log: PathBuf,
    },
}

/// A running process; it is killed when this is dropped, and ended gently by [`Process::stop`].
pub struct Process {
    port: u16,
    pid: Arc<AtomicU32>,
    stop: watch::Sender<bool>,
    supervisor: JoinHandle<()>,
}

impl Process {
    /// Starts it on a free port, and returns when it answers.
    pub async fn start(program: Program, watchdog: Arc<Watchdog>) -> Result<Self, ProcessError> {
        File::create(&program.log).map_err(|source| program.spawn_error(&program.log, source))?;
        let mut tries = 0;
        loop {
            tries += 1;
            let port = free_port().map_err(|source| program.spawn_error(&program.path, source))?;
            match program.run(port, &watchdog).await {
                Ok(child) => return Ok(Self::supervise(program, port, child, watchdog)),
                Err(ProcessError::Ended { status, .. })
                    if status.code() != Some(EXIT_CONFIGURATION) && tries < PORTS_MAX => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn supervise(program: Program, port: u16, child: Running, watchdog: Arc<Watchdog>) -> Self {
        let pid = Arc::new(AtomicU32::new(child.pid));
        let (stop, stopped) = watch::channel(false);
        let supervisor = tokio::spawn(supervise(program, port, child, Arc::clone(&pid), stopped, watchdog));
        Self { port, pid, stop, supervisor }
    }

    /// Its base URL, without a slash at the end; the same after a restart.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The process that runs now, or ran last.
    pub fn pid(&self) -> u32 {
        self.pid.load(Ordering::SeqCst)
    }

    /// Ends it: SIGTERM, and SIGKILL where that does not help in time.
    pub async fn stop(mut self) {
        // Without a receiver the supervisor has ended already.
        let _ = self.stop.send(true);
        let _ = (&mut self.supervisor).await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The child is dropped with its supervisor, and killed with that.
        self.supervisor.abort();
    }
}

/// A child, and the number by which the watchdog knows it.
struct Running {
    child: Child,
    pid: u32,
}

/// Waits for its death or its end, whichever comes first, and starts it again after a death.
async fn supervise(
    program: Program,
    port: u16,
    first: Running,
    pid: Arc<AtomicU32>,
    mut stopped: watch::Receiver<bool>,
    watchdog: Arc<Watchdog>,
) {
    let (mut running, mut delay, mut started) = (Some(first), RESTART_MS_MIN, Instant::now());
    loop {
        if let Some(mut now) = running.take() {
            let ended = tokio::select! {
                status = now.child.wait() => status,
                _ = stopped.changed() => return terminate(now, &watchdog).await,
            };
            watchdog.forget(now.pid);
            if started.elapsed() > Duration::from_secs(STEADY_S) {
                delay = RESTART_MS_MIN;
            }
            let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
            (program.progress)(&format!("{} died ({how}); starting it again in {delay} ms", program.name));
        }
        tokio::select! {
            () = sleep(Duration::from_millis(delay)) => {}
            _ = stopped.changed() => return,
        }
        delay = (delay * 2).min(RESTART_MS_MAX);
        started = Instant::now();
        let again = tokio::select! {
            again = program.run(port, &watchdog) => again,
            _ = stopped.changed() => return,
        };
        match again {
            Ok(again) => {
                pid.store(again.pid, Ordering::SeqCst);
                running = Some(again);
                (program.progress)(&format!("{} is back", program.name));
            }
            Err(error) => (program.progress)(&format!("{error}; trying again in {delay} ms")),
        }
    }
}

async fn terminate(mut running: Running, watchdog: &Watchdog) {
    if let Some(pid) = running.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())) {
        // It may have ended by itself meanwhile.
        let _ = kill_process(pid, Signal::TERM);
    }
    if timeout(Duration::from_secs(STOP_S_MAX), running.child.wait()).await.is_err() {
        let _ = running.child.kill().await;
    }
    watchdog.forget(running.pid);
}

impl Program {
    /// One life of the process, from its start to its first answer.
    async fn run(&self, port: u16, watchdog: &Watchdog) -> Result<Running, ProcessError> {
        let log = OpenOptions::new().append(true).open(&self.log);
        let log = log.map_err(|source| self.spawn_error(&self.log, source))?;
        let before = log.metadata().map_or(0, |metadata| metadata.len());
        let errors = log.try_clone().map_err(|source| self.spawn_error(&self.log, source))?;
        let mut command = Command::new(&self.path);
        command.env_clear().envs(&self.variables).env("PORT", port.to_string()).stdin(Stdio::null());
        // A group of its own: Ctrl-C is for the stack, which ends its parts in order.
        command.stdout(log).stderr(errors).process_group(0).kill_on_drop(true);
        let mut child = command.spawn().map_err(|source| self.spawn_error(&self.path, source))?;
        let pid = child.id().expect("it has just been started");
        watchdog.watch(pid, Ending::Terminate);
        let ready = timeout(Duration::from_secs(READY_S_MAX), ready(port));
        let error = tokio::select! {
            ready = ready => match ready {
                Ok(()) => return Ok(Running { child, pid }),
                Err(_) => ProcessError::Silent { name: self.name.clone(), log: self.log.clone() },
            },
            status = child.wait() => match status {
                Ok(status) => ProcessError::Ended {
                    name: self.name.clone(),
                    status,
                    output: said_since(&self.log, before),
                },
                Err(source) => self.spawn_error(&self.path, source),
            },
        };
        let _ = child.kill().await;
        watchdog.forget(pid);
        Err(error)
    }

    fn spawn_error(&self, path: &Path, source: io::Error) -> ProcessError {
        ProcessError::Spawn { name: self.name.clone(), path: path.to_owned(), source }
    }
}

/// Asks for `/health` until the answer is 200.
async fn ready(port: u16) {
    while !is_healthy(port).await.unwrap_or(false) {
        sleep(Duration::from_millis(POLL_MS)).await;
    }
}

async fn is_healthy(port: u16) -> io::Result<bool> {
    const REQUEST: &[u8] = b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(REQUEST).await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    Ok(answer.ends_with(b" 200"))
}

/// A port that nothing listens on at this moment.
pub fn free_port() -> io::Result<u16> {
    let listener = std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))?;
    Ok(listener.local_addr()?.port())
}

/// The last lines of what was written to the log after its first `before` bytes.
fn said_since(log: &Path, before: u64) -> String {
    const LINES_MAX: usize = 5;
    let bytes = fs::read(log).unwrap_or_default();
    let start = usize::try_from(before).unwrap_or(usize::MAX).min(bytes.len());
    let text = String::from_utf8_lossy(&bytes[start..]);
    let lines: Vec<&str> = text.lines().collect();
    match &lines[lines.len().saturating_sub(LINES_MAX)..] {
        [] => "it said nothing".to_owned(),
        last => last.join(" | "),
    }
}
