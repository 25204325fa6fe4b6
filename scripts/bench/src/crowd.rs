//! 200 logins at once, three times, on a login of 512 MiB: each is answered, with tokens or with a request to come again, the
//! memory suffices, and whoever asks for something else meanwhile is not kept waiting.

use std::error::Error;
use std::time::{Duration, Instant};
use testkit::Database;
use tokio::sync::watch;

use crate::Arguments;
use crate::fixture::{self, FIRST_PERSON, PASSWORD};
use crate::load::{Connection, Shot};
use crate::process::{MemoryGroup, Program};
use crate::report::{self, Report, Row};

const LOGINS: u64 = 200;
const WAVES: u64 = 3;
const MEMORY_MIB: u64 = 512;
/// How often somebody asks for something else meanwhile.
const OTHER_EVERY: Duration = Duration::from_millis(20);
/// The longest that they wait, in milliseconds.
const OTHER_MS_MAX: f64 = 250.0;

/// Measures it.
pub(crate) async fn measure(arguments: &Arguments, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let database = Database::new().await;
    fixture::people(&database.owner().await, LOGINS).await?;
    let wide = [("THROTTLE_IP_CREDENTIALS", "1000000/1")];
    let variables: Vec<_> = testkit::variables(&database, "login", &wide).into_iter().collect();
    let group = MemoryGroup::new(MEMORY_MIB * 1024 * 1024)?;
    let program = Program::start_in(&group, &arguments.programs.join("login"), &variables)?;
    fixture::ready(program.address).await?;
    let (ended, watched) = watch::channel(false);
    let others = tokio::spawn(others(program.address, watched));
    let (mut wrong, mut served) = (0, 0);
    for wave in 1..=WAVES {
        report::progress(&format!("{LOGINS} logins at once, {wave} of {WAVES}"));
        let answers = wave_of(&program).await?;
        let count = |wanted: &Answer| answers.iter().filter(|answer| *answer == wanted).count();
        let (tokens, again) = (count(&Answer::Tokens), count(&Answer::Again));
        wrong += answers.len() - tokens - again;
        served += tokens;
        report.note(format!(
            "{LOGINS} logins at once: {tokens} with tokens, {again} to come again (503, Retry-After)"
        ));
    }
    ended.send_replace(true);
    let slowest = others.await??;
    report.add(Row::none("logins answered otherwise than 200, or 503 with Retry-After", wrong));
    report.add(Row::at_most(
        "slowest /health meanwhile, ms",
        slowest.as_secs_f64() * 1000.0,
        OTHER_MS_MAX,
        1.0,
    ));
    let peak = program.resident_kib_peak().ok_or("the program did not survive, or there is no /proc")?;
    #[expect(clippy::cast_precision_loss, reason = "a size in memory")]
    let (peak_mib, limit) = (peak as f64 / 1024.0, MEMORY_MIB as f64);
    report.add(Row::at_most("login, peak resident MiB", peak_mib, limit, 1.0));
    // The crowd has gone: whoever comes next is served.
    Connection::open(program.address).await?.shoot(&login(0)).await?;
    if served == 0 { Err("nobody was served".into()) } else { Ok(()) }
}

/// What somebody was answered.
#[derive(Debug, PartialEq)]
enum Answer {
    Tokens,
    /// 503, with the time after which to come again.
    Again,
    Other,
}

async fn wave_of(program: &Program) -> Result<Vec<Answer>, Box<dyn Error>> {
    let mut waiting = Vec::new();
    for number in 0..LOGINS {
        // All are connected before the first one asks.
        waiting.push((Connection::open(program.address).await?, login(number)));
    }
    let asked = waiting
        .into_iter()
        .map(|(mut connection, shot)| tokio::spawn(async move { connection.ask(&shot).await }));
    let mut answers = Vec::new();
    for asked in asked.collect::<Vec<_>>() {
        answers.push(match asked.await? {
            Ok((200, _)) => Answer::Tokens,
            Ok((503, head)) if head.contains("\r\nretry-after: ") => Answer::Again,
            _ => Answer::Other,
        });
    }
    Ok(answers)
}

/// Asks for `/health` over and over: the longest wait.
async fn others(address: std::net::SocketAddr, ended: watch::Receiver<bool>) -> std::io::Result<Duration> {
    let (shot, mut slowest) = (Shot::get("/health", &[]), Duration::ZERO);
    while !*ended.borrow() {
        let started = Instant::now();
        Connection::open(address).await?.shoot(&shot).await?;
        slowest = slowest.max(started.elapsed());
        tokio::time::sleep(OTHER_EVERY).await;
    }
    Ok(slowest)
}

fn login(number: u64) -> Shot {
    let email = format!("person-{}@example.com", FIRST_PERSON + number);
    Shot::post(
        "/v1/login",
        serde_json::json!({ "email": email, "password": PASSWORD }).to_string().as_bytes(),
    )
}
