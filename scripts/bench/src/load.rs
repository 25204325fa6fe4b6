//! A client that costs little beside what it measures: one request, the same bytes each time, over kept connections.

use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::Program;

/// The request of a run, and the status it must be answered with.
#[derive(Debug, Clone)]
pub(crate) struct Shot {
    /// The request, head and body, as it is written to the connection.
    pub(crate) bytes: Vec<u8>,
    /// The only status that counts; any other ends the benchmark.
    pub(crate) status: u16,
}

impl Shot {
    /// A GET.
    pub(crate) fn get(path: &str, headers: &[(&str, &str)]) -> Self {
        Self::new("GET", path, headers, b"")
    }

    /// A POST of JSON.
    pub(crate) fn post(path: &str, body: &[u8]) -> Self {
        Self::new("POST", path, &[("content-type", "application/json")], body)
    }

    /// A request with these headers; a body has its length.
    pub(crate) fn new(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
        // Writing to a string cannot fail.
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !body.is_empty() {
            let _ = write!(head, "content-length: {}\r\n", body.len());
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        Self { bytes, status: 200 }
    }
}

/// What a run came to.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub(crate) struct Measured {
    /// Requests answered a second.
    pub(crate) per_second: f64,
    /// CPU time of the program for each, in microseconds; none where the machine does not tell.
    pub(crate) cpu_us: Option<f64>,
    /// The median latency in microseconds.
    pub(crate) p50_us: u64,
    /// The latency that one request in a hundred exceeds, in microseconds.
    pub(crate) p99_us: u64,
}

/// What one connection sends.
#[derive(Debug, Clone)]
pub(crate) struct Lane {
    /// Its requests, in turn.
    shots: Arc<[Shot]>,
    /// Where it begins.
    first: usize,
    /// Whether it begins anew at the end; else it ends there.
    repeats: bool,
}

impl Lane {
    /// Requests that can be sent again and again, over so many connections. Each begins elsewhere in the list, so that they do
    /// not ask the same at once.
    pub(crate) fn repeating(shots: &Arc<[Shot]>, connections: usize) -> Vec<Self> {
        let lane = |number| Self {
            shots: Arc::clone(shots),
            first: number * shots.len() / connections,
            repeats: true,
        };
        (0..connections).map(lane).collect()
    }

    /// Requests that are sent once, in their order.
    pub(crate) fn once(shots: Vec<Shot>) -> Self {
        Self { shots: shots.into(), first: 0, repeats: false }
    }

    fn shot(&self, turn: usize) -> Option<&Shot> {
        let place = self.first + turn;
        self.shots.get(if self.repeats { place % self.shots.len() } else { place })
    }
}

/// Sends each lane over a connection of its own for so long.
pub(crate) async fn run(program: &Program, lanes: Vec<Lane>, duration: Duration) -> io::Result<Measured> {
    let address = program.address;
    let cpu_before = program.cpu_seconds();
    let started = Instant::now();
    let deadline = started + duration;
    let mut tasks = Vec::new();
    for lane in lanes {
        tasks.push(tokio::spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut latencies = Vec::new();
            while Instant::now() < deadline
                && let Some(shot) = lane.shot(latencies.len())
            {
                let sent = Instant::now();
                connection.shoot(shot).await?;
                latencies.push(sent.elapsed());
            }
            io::Result::Ok(latencies)
        }));
    }
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.map_err(io::Error::other)??);
    }
    let took = started.elapsed();
    let cpu = cpu_before.zip(program.cpu_seconds()).map(|(before, after)| after - before);
    Ok(Measured::new(latencies, took, cpu))
}

impl Measured {
    /// The figures of so many latencies within a time, in which the program used so many seconds of CPU.
    pub(crate) fn new(mut latencies: Vec<Duration>, took: Duration, cpu_seconds: Option<f64>) -> Self {
        latencies.sort_unstable();
        let at = |share: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "an index into the samples"
            )]
            let index = (latencies.len().saturating_sub(1) as f64 * share) as usize;
            let latency = latencies.get(index).copied().unwrap_or_default();
            u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)
        };
        #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
        let count = latencies.len() as f64;
        Self {
            per_second: count / took.as_secs_f64(),
            cpu_us: cpu_seconds.map(|seconds| seconds * 1e6 / count),
            p50_us: at(0.5),
            p99_us: at(0.99),
        }
    }
}

/// One kept connection.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    /// Connects, without Nagle's delay.
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(16 * 1024) })
    }

    /// One request and its whole reply, which must have the shot's status.
    pub(crate) async fn shoot(&mut self, shot: &Shot) -> io::Result<()> {
        let (status, _) = self.ask(shot).await?;
        if status == shot.status {
            return Ok(());
        }
        let reply = String::from_utf8_lossy(&self.received);
        Err(io::Error::other(format!("answered {status} instead of {}: {reply}", shot.status)))
    }

    /// One request: the status of the reply, and its head in lower case.
    pub(crate) async fn ask(&mut self, shot: &Shot) -> io::Result<(u16, String)> {
        self.stream.write_all(&shot.bytes).await?;
        self.received.clear();
        let head_length = loop {
            if let Some(end) = find(&self.received, b"\r\n\r\n") {
                break end + 4;
            }
            self.receive().await?;
        };
        let head = String::from_utf8_lossy(&self.received[..head_length]).to_ascii_lowercase();
        let status: u16 = head.get(9..12).and_then(|text| text.parse().ok()).unwrap_or(0);
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .and_then(|value| value.trim().parse().ok())
            .unwrap_or(0);
        while self.received.len() < head_length + length {
            self.receive().await?;
        }
        Ok((status, head))
    }

    async fn receive(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
