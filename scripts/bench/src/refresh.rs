//! What a refresh costs the program: its processor time beside that of `/health`, which is HTTP and a log line alone; and
//! what the check of a caller's access token costs.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use streamly::accounts::refresh::{Named, RefreshKey};
use streamly::accounts::verify::Verifier;
use streamly::clock::Clock;
use testkit::keys::SigningKey;
use testkit::{AUDIENCE, Database, ISSUER, Person};

use crate::Arguments;
use crate::fixture;
use crate::floors::ROUNDS;
use crate::load::{self, Lane, Measured, Shot};
use crate::process::{self, Program};
use crate::report::{self, Report, Row, median};

const CONNECTIONS: usize = 2;
/// More than a connection is answered in a second.
const TURNS_PER_SECOND_MAX: u64 = 2_000;
/// About a second's, since processor time is told in ticks of 10 ms.
const CHECKS: u32 = 20_000;
/// Why there is no figure.
const NO_CPU_TIME: &str = "the machine does not tell a program's CPU time";

/// Measures it.
pub(crate) async fn measure(arguments: &Arguments, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let database = Database::new().await;
    let owner = database.owner().await;
    let variables = testkit::variables(&database, "token", &[("THROTTLE_IP_REFRESH", "1000000/1")]);
    let key: RefreshKey = variables["REFRESH_TOKEN_KEY"].parse()?;
    let variables: Vec<_> = variables.into_iter().collect();
    let program = Program::start(&arguments.programs.join("token"), &variables)?;
    fixture::ready(program.address).await?;
    let health: Arc<[Shot]> = vec![Shot::get("/health", &[])].into();
    let duration = Duration::from_secs(arguments.seconds);
    let (mut refreshes, mut floors) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        report::progress(&format!("refresh under load, round {round} of {ROUNDS}"));
        floors.push(load::run(&program, Lane::repeating(&health, CONNECTIONS), duration).await?);
        let mut lanes = Vec::new();
        for _ in 0..CONNECTIONS {
            // Each session is refreshed by one connection, which knows what its next token is.
            let session_id = Person::new(&owner).await.session;
            let shot = |counter| {
                let token = key.token(Named { session_id, counter });
                let body = serde_json::json!({ "refresh_token": token }).to_string();
                Shot::post("/v1/token/refresh", body.as_bytes())
            };
            lanes.push(Lane::once((0..TURNS_PER_SECOND_MAX * arguments.seconds).map(shot).collect()));
        }
        refreshes.push(load::run(&program, lanes, duration).await?);
    }
    let cpu_ms = |runs: &[Measured]| {
        let times: Option<Vec<f64>> = runs.iter().map(|run| run.cpu_us.map(|us| us / 1000.0)).collect();
        times.map(median).ok_or(NO_CPU_TIME)
    };
    let beside = cpu_ms(&refreshes)? - cpu_ms(&floors)?;
    report.add(Row::at_most("refresh, ms of CPU beside /health", beside, 0.1, 1.0));
    report.runs.insert("refresh".to_owned(), refreshes);
    report.runs.insert("health of token".to_owned(), floors);
    let check_ms = bearer_check_ms(&Person::new(&owner).await)?;
    report.add(Row::at_most("bearer check, ms of CPU", check_ms, 0.1, 1.0));
    Ok(())
}

/// What the product's check of one access token takes, in this program: signature, header and claims. A function's
/// question to the database, whether the session was ended, is not in it.
fn bearer_check_ms(person: &Person) -> Result<f64, Box<dyn Error>> {
    let keys = SigningKey::published().jwks().parse()?;
    let verifier = Verifier::new(keys, ISSUER.parse()?, AUDIENCE.parse()?, Clock::system());
    let bearer = testkit::bearer(person);
    let token = bearer.strip_prefix("Bearer ").ok_or("a caller's header has another form")?;
    let cpu_s = || process::cpu_seconds(std::process::id()).ok_or(NO_CPU_TIME);
    let before_s = cpu_s()?;
    for _ in 0..CHECKS {
        // Nothing of it is spared for being asked again: it keeps no token.
        verifier.verify(std::hint::black_box(token))?;
    }
    Ok((cpu_s()? - before_s) * 1000.0 / f64::from(CHECKS))
}
