//! One server in one folder: made, started, found again, stopped.

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::str::FromStr;
use std::time::{Duration, Instant};
use streamly::db::Settings;

use super::account::Account;
use super::{Binaries, Error, Search};

/// The longest wait for the first answer, in seconds: recovery after a crash takes its time.
const START_S_MAX: u64 = 120;
/// The longest wait for the end, in seconds.
const STOP_S_MAX: u64 = 30;
/// How often the server is asked whether it is there yet, or gone.
const POLL_MS: u64 = 20;
/// The longest path of a socket, by the kernel's `sockaddr_un`; macOS has 104.
const SOCKET_BYTES_MAX: usize = 103;
/// The number in the name of a socket beside which nothing listens over TCP.
const SOCKET_PORT: u16 = 5432;
/// The user that `initdb` makes: a superuser, for arranging and stopping alone.
const SUPERUSER: &str = "postgres";

/// How a server is to be.
pub struct Options<'a> {
    /// Where its files lie.
    pub folder: &'a Path,
    /// Whether it survives a power cut. Tests do without.
    pub durable: bool,
    /// Whether it listens on a TCP port of loopback too, with passwords.
    pub tcp: bool,
    /// The most connections at once.
    pub connections_max: u16,
    /// What is told while it works.
    pub progress: &'a dyn Fn(&str),
}

/// A running server.
#[derive(Debug, Clone)]
pub struct Server {
    folder: PathBuf,
    socket: PathBuf,
    port: u16,
    listens: bool,
    started: bool,
    password: String,
}

impl Server {
    /// Finds the server that runs in this folder, or starts it; makes its files first where there are none.
    pub async fn start(options: Options<'_>) -> Result<Self, Error> {
        let account = Account::choose()?;
        let folder = account.reachable(options.folder)?;
        let data = folder.join("data");
        let password = password(&folder)?;
        if let Some(running) = Running::read(&data) {
            let Running { socket, port, listens, .. } = running;
            let server = Self { socket, port, listens, started: false, password, folder };
            server.wait(None).await?;
            return Ok(server);
        }
        let binaries = Search::from_environment().run(&folder.join("fetched"), options.progress)?;
        if !data.join("PG_VERSION").exists() {
            (options.progress)("making a database");
            // Of this process alone: an initdb that outlived its killed parent may still be at work on another.
            let unfinished = folder.join(format!("data.unfinished-{}", std::process::id()));
            initdb(account, &binaries, &unfinished, &password, options.durable)?;
            fs::rename(&unfinished, &data).map_err(Error::file("rename", &unfinished))?;
        }
        let socket = socket_folder(&folder);
        account.create_private(&socket)?;
        let port = if options.tcp { free_port()? } else { SOCKET_PORT };
        let mut child = launch(account, &binaries, &options, &folder, &socket, port)?;
        let server = Self { folder, socket, port, listens: options.tcp, started: true, password };
        server.wait(Some(&mut child)).await?;
        Ok(server)
    }

    /// The superuser's way to one database, over the socket.
    pub fn superuser(&self, database: &str) -> Settings {
        settings(&self.socket_url(SUPERUSER, database))
    }

    /// The superuser's password, for the TCP port.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The port of loopback on which it listens, with passwords.
    pub fn port(&self) -> Option<u16> {
        self.listens.then_some(self.port)
    }

    /// Whether this call started it; else it was running before.
    pub fn was_started(&self) -> bool {
        self.started
    }

    /// The folder of its files, which may be another than the one that was asked for.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of its socket; only its own account and root can enter.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The socket itself.
    pub fn socket_file(&self) -> PathBuf {
        self.socket.join(format!(".s.PGSQL.{}", self.port))
    }

    /// `DATABASE_URL` of a user over the socket, where everyone who can enter its folder is believed.
    pub fn socket_url(&self, user: &str, database: &str) -> String {
        let host = self.socket.display().to_string().replace('\\', "\\\\").replace('\'', "\\'");
        format!("host='{host}' port={} user={user} dbname={database}", self.port)
    }

    /// Ends it: running transactions are rolled back, everything committed is on the disk.
    pub async fn stop(&self) -> Result<(), Error> {
        let data = self.folder.join("data");
        let Some(running) = Running::read(&data) else { return Ok(()) };
        // It may have ended by itself meanwhile.
        let _ = kill_process(running.pid, Signal::INT);
        let started = Instant::now();
        while Running::read(&data).is_some() {
            if started.elapsed() > Duration::from_secs(STOP_S_MAX) {
                return Err(Error::Program { program: "postgres", output: "it does not stop".to_owned() });
            }
            tokio::time::sleep(Duration::from_millis(POLL_MS)).await;
        }
        Ok(())
    }

    /// Waits for the first answer, or for the end of the process that should give it.
    async fn wait(&self, mut child: Option<&mut std::process::Child>) -> Result<(), Error> {
        let started = Instant::now();
        let way = self.superuser("postgres");
        loop {
            if way.connect(None).await.is_ok() {
                return Ok(());
            }
            let ended =
                child.as_mut().is_some_and(|child| child.try_wait().is_ok_and(|status| status.is_some()));
            if ended || started.elapsed() > Duration::from_secs(START_S_MAX) {
                return Err(Error::NotStarted { folder: self.folder.clone(), log: log_end(&self.folder) });
            }
            tokio::time::sleep(Duration::from_millis(POLL_MS)).await;
        }
    }
}

/// What a running server says of itself in `postmaster.pid`.
struct Running {
    pid: Pid,
    socket: PathBuf,
    port: u16,
    listens: bool,
}

impl Running {
    /// None where no server runs; the file of one that was killed is left for the next to replace.
    fn read(data: &Path) -> Option<Self> {
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let lines: Vec<&str> = text.lines().collect();
        let pid = Pid::from_raw(lines.first()?.trim().parse().ok()?)?;
        let alive = !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH));
        // Lines 4 to 6: the port, the socket's folder, the addresses listened on.
        let (port, socket) = (lines.get(3)?.trim().parse().ok()?, PathBuf::from(lines.get(4)?.trim()));
        let listens = lines.get(5).is_some_and(|addresses| !addresses.trim().is_empty());
        alive.then_some(Self { pid, socket, port, listens })
    }
}

fn settings(text: &str) -> Settings {
    Settings::from_str(text).expect("a socket's address is well formed")
}

/// Under a passing name: what has the name of the data is whole, whenever we are killed.
fn initdb(
    account: Account,
    binaries: &Binaries,
    data: &Path,
    password: &str,
    durable: bool,
) -> Result<(), Error> {
    if data.exists() {
        fs::remove_dir_all(data).map_err(Error::file("remove", data))?;
    }
    account.create_private(data)?;
    let file = data.with_extension("password");
    write_private(&file, password)?;
    account.give(&file)?;
    let mut command = account.command(&binaries.program("initdb"));
    command.arg("--pgdata").arg(data).arg("--pwfile").arg(&file);
    command.args(["--username", SUPERUSER, "--auth-local=trust", "--auth-host=scram-sha-256"]);
    command.args(["--encoding=UTF8", "--locale=C"]);
    if !durable {
        command.arg("--no-sync");
    }
    let output = command.output().map_err(Error::file("run", binaries.program("initdb")));
    let _ = fs::remove_file(&file);
    let output = output?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Program {
        program: "initdb",
        output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

/// Starts the server in a process group of its own, so that a Ctrl-C for us does not end it before its clients.
fn launch(
    account: Account,
    binaries: &Binaries,
    options: &Options<'_>,
    folder: &Path,
    socket: &Path,
    port: u16,
) -> Result<std::process::Child, Error> {
    let data = folder.join("data");
    let log = folder.join("postgres.log");
    let output =
        fs::OpenOptions::new().create(true).append(true).open(&log).map_err(Error::file("open", &log))?;
    let errors = output.try_clone().map_err(Error::file("open", &log))?;
    let mut command = account.command(&binaries.program("postgres"));
    command.arg("-D").arg(&data).arg("-k").arg(socket);
    command.args(["-p", &port.to_string(), "-N", &options.connections_max.to_string()]);
    command.args(["-h", if options.tcp { "127.0.0.1" } else { "" }]);
    if !options.durable {
        command.args(["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]);
    }
    command.stdout(Stdio::from(output)).stderr(Stdio::from(errors)).process_group(0);
    command.spawn().map_err(Error::file("run", binaries.program("postgres")))
}

/// The password that was written when the folder was made.
fn password(folder: &Path) -> Result<String, Error> {
    let file = folder.join("superuser.password");
    match fs::read_to_string(&file) {
        Ok(text) => return Ok(text.trim().to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(Error::file("read", file)(error)),
    }
    let password = uuid::Uuid::new_v4().simple().to_string();
    write_private(&file, &password)?;
    Ok(password)
}

fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(Error::file("write", path))
}

/// Beside the data, or under the temporary folder where that path is too long for a socket.
fn socket_folder(folder: &Path) -> PathBuf {
    let beside = folder.join("socket");
    let length = beside.as_os_str().len() + "/.s.PGSQL.65535.lock".len();
    if length <= SOCKET_BYTES_MAX {
        return beside;
    }
    let name = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, folder.as_os_str().as_encoded_bytes());
    Path::new("/tmp").join(format!("streamly-{}", name.simple()))
}

fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(Error::file("find a port on", "127.0.0.1"))
}

/// The last lines of the server's log, which tell why it did not start.
fn log_end(folder: &Path) -> String {
    let text = fs::read_to_string(folder.join("postgres.log")).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join(" | ")
}
