//! The table that every run prints: sizes, cold starts, playback and login against their floors.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Arguments;
use crate::fixture::{self, Fixture};
use crate::load::{self, Lane, Shot};
use crate::process::Program;
use crate::report::{self, Report, Row, median};

/// Rounds of load for each side, by turns, so that a machine that slows down slows both: many short ones, since a machine
/// is seldom quiet for long.
pub(crate) const ROUNDS: usize = 9;
/// Connections of the load on playback.
const PLAYBACK_CONNECTIONS: usize = 8;
/// Connections of the load on login: more than there are hash permits on two cores, fewer than its queue holds.
const LOGIN_CONNECTIONS: usize = 4;

/// Measures all of it.
pub(crate) async fn measure(arguments: &Arguments, report: &mut Report) -> Result<(), Box<dyn Error>> {
    report::progress("arranging a database, an account, a subscription and a video");
    let fixture = Fixture::new().await?;
    sizes(&arguments.programs, report)?;
    cold_start(arguments, &fixture, report).await?;
    playback(arguments, &fixture, report).await?;
    login(arguments, &fixture, report).await
}

/// The release programs, stripped, against the sizes that the project allows itself.
fn sizes(programs: &Path, report: &mut Report) -> Result<(), Box<dyn Error>> {
    for (name, megabytes_max) in
        [("playback", 3.0), ("login", 3.5), ("register", 3.5), ("webhook", 3.5), ("checkout", 6.0)]
    {
        let bytes = std::fs::metadata(programs.join(name)).map_err(|error| format!("{name}: {error}"))?.len();
        #[expect(clippy::cast_precision_loss, reason = "a file's size")]
        let megabytes = bytes as f64 / 1e6;
        report.add(Row::at_most(&format!("size of {name}, MB"), megabytes, megabytes_max, 1.0));
    }
    Ok(())
}

/// From exec to the first 200 of playback with its first database connection, against bare hyper, and against the floor
/// that opens the same connection and sends the same statements: what lies between the two floors is PostgreSQL's.
async fn cold_start(
    arguments: &Arguments,
    fixture: &Fixture,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let path = |name: &str| arguments.programs.join(name);
    let (bare, nothing) = (Shot::get("/", &[]), Vec::new());
    let starts = [
        (path("floor-hyper"), &nothing, &bare),
        (path("floor-playback"), &fixture.floor_variables, &fixture.floor[0]),
        (path("playback"), &fixture.playback_variables, &fixture.playback[0]),
    ];
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..arguments.starts {
        report::progress(&format!("cold start {} of {}", round + 1, arguments.starts));
        for ((program, variables, shot), times) in starts.iter().zip(&mut times) {
            let (_, took) = Program::cold_start(program, variables, shot).await?;
            times.push(took.as_secs_f64() * 1000.0);
        }
    }
    let [hyper, floor, playback] = times.map(median);
    report.add(Row::at_most("cold start of playback, ms, to bare hyper", playback, 3.0, hyper));
    report.add(Row::at_most("cold start of playback, ms, to its floor", playback, 1.5, floor));
    Ok(())
}

/// Requests a second of a warm playback, against hyper with the same statement over the same pool.
async fn playback(
    arguments: &Arguments,
    fixture: &Fixture,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let floor = Program::start(&arguments.programs.join("floor-playback"), &fixture.floor_variables)?;
    let program = Program::start(&arguments.programs.join("playback"), &fixture.playback_variables)?;
    let duration = Duration::from_secs(arguments.seconds);
    fixture::ready(floor.address).await?;
    fixture::ready(program.address).await?;
    let (mut floors, mut measured) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        report::progress(&format!("playback under load, round {} of {ROUNDS}", round + 1));
        floors
            .push(load::run(&floor, Lane::repeating(&fixture.floor, PLAYBACK_CONNECTIONS), duration).await?);
        measured.push(
            load::run(&program, Lane::repeating(&fixture.playback, PLAYBACK_CONNECTIONS), duration).await?,
        );
    }
    let per_second = |runs: &[load::Measured]| median(runs.iter().map(|run| run.per_second).collect());
    report.add(Row::at_least(
        "playback, requests a second",
        per_second(&measured),
        0.85,
        per_second(&floors),
    ));
    if let Some(kib) = program.resident_kib() {
        #[expect(clippy::cast_precision_loss, reason = "a size in memory")]
        report.add(Row::at_most("playback, resident MiB after the load", kib as f64 / 1024.0, 12.0, 1.0));
    }
    report.runs.insert("playback".to_owned(), measured);
    report.runs.insert("floor of playback".to_owned(), floors);
    Ok(())
}

/// Logins a second, against bare argon2id on every core.
async fn login(arguments: &Arguments, fixture: &Fixture, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let program = Program::start(&arguments.programs.join("login"), &fixture.login_variables)?;
    let duration = Duration::from_secs(arguments.seconds);
    fixture::ready(program.address).await?;
    let (mut floors, mut measured) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        report::progress(&format!("login under load, round {} of {ROUNDS}", round + 1));
        floors.push(hashes_per_second(duration)?);
        measured
            .push(load::run(&program, Lane::repeating(&fixture.login, LOGIN_CONNECTIONS), duration).await?);
    }
    let per_second = median(measured.iter().map(|run| run.per_second).collect());
    report.add(Row::at_least("login, requests a second", per_second, 0.95, median(floors)));
    report.runs.insert("login".to_owned(), measured);
    Ok(())
}

/// argon2id with login's parameters, one thread a core, nothing else.
fn hashes_per_second(duration: Duration) -> Result<f64, Box<dyn Error>> {
    let threads = std::thread::available_parallelism()?.get();
    let parameters = argon2::Params::new(19_456, 2, 1, Some(32)).map_err(|error| error.to_string())?;
    let started = Instant::now();
    let hashes: usize = std::thread::scope(|scope| {
        let hash = || {
            let argon2 =
                argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, parameters.clone());
            let mut output = [0; 32];
            let mut done = 0;
            while started.elapsed() < duration {
                argon2
                    .hash_password_into(b"a password", b"sixteen byte salt", &mut output)
                    .expect("the sizes are fixed");
                done += 1;
            }
            done
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(hash)).collect();
        running.into_iter().map(|thread| thread.join().expect("hashing does not panic")).sum()
    });
    #[expect(clippy::cast_precision_loss, reason = "a count of hashes")]
    Ok(hashes as f64 / started.elapsed().as_secs_f64())
}
