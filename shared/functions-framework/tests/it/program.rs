//! A compiled example as a process, and a client that speaks to it.

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

/// A reply whose body has arrived.
pub(crate) type Reply = http::Response<Bytes>;

/// The command for a compiled example, with nothing but these variables in its environment.
pub(crate) fn example(name: &str, variables: &[(&str, &str)]) -> Command {
    // Cargo puts tests into `deps` and examples beside it, and builds the latter with the former.
    let test = std::env::current_exe().expect("a running test knows its file");
    let path: PathBuf =
        [test.parent().and_then(Path::parent).expect("a build folder"), "examples".as_ref(), name.as_ref()]
            .iter()
            .collect();
    assert!(path.exists(), "{} is not built: run the package's tests whole", path.display());
    let mut command = Command::new(path);
    command.env_clear().envs(variables.iter().copied()).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// An example that listens on a port of the kernel's choice.
pub(crate) struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
}

impl Program {
    pub(crate) async fn start(name: &str, variables: &[(&str, &str)], folder: &Path) -> Self {
        let mut command = example(name, variables);
        command.env("PORT", "0").current_dir(folder).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("the example starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a piped stdout")).lines();
        let first = lines.next_line().await.expect("a readable stdout").expect("a line about the port");
        let first: Value = serde_json::from_str(&first).expect("a line is JSON");
        let port = first["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
        Self { child, lines, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)) }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("the example listens")
    }

    /// Sends one request on a connection of its own.
    pub(crate) async fn ask(&self, request: http::Request<Full<Bytes>>) -> Reply {
        ask(self.address, request).await
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next line that it logs.
    pub(crate) async fn line(&mut self) -> Value {
        let line = self.lines.next_line().await.expect("a readable stdout").expect("another line");
        serde_json::from_str(&line).expect("a line is JSON")
    }

    /// Asks it to end, as the platform does.
    pub(crate) fn terminate(&self) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).expect("it runs");
        let id = rustix::process::Pid::from_raw(id).expect("a process id");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it can be signalled");
    }

    /// How it ended.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        self.child.wait().await.expect("it ends")
    }
}

/// Sends one request on a connection of its own.
pub(crate) async fn ask(address: SocketAddr, request: http::Request<Full<Bytes>>) -> Reply {
    let stream = TcpStream::connect(address).await.expect("the example listens");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection");
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await.expect("a reply").into_parts();
    http::Response::from_parts(head, body.collect().await.expect("a whole reply").to_bytes())
}

/// A POST of JSON to `/`.
pub(crate) fn post(body: &'static str) -> http::Request<Full<Bytes>> {
    http::Request::post("/")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(body.as_bytes())))
        .expect("a request")
}

/// A folder of this test's own, empty.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}
