//! Whether the time of an answer tells who has an account: pairs of requests, one for an address with an account and one for
//! an address without, in an order that alternates, compared by the Mann-Whitney U test.
//!
//! Every address is asked for once, so that no limit of an account distorts what is measured; the limits of a client, who is
//! one here, are wide.

use serde_json::{Value, json};
use std::error::Error;
use std::path::Path;
use std::time::Instant;
use testkit::Database;

use crate::Arguments;
use crate::fixture::{self, FIRST_PERSON};
use crate::load::{Connection, Shot};
use crate::process::Program;
use crate::ranks::compare;
use crate::report::{self, Report, Row, median};

/// Less probable by chance than once in a thousand runs is no chance.
const P_MIN: f64 = 0.001;
/// Pairs that only warm connections and caches.
const WARM_PAIRS: u64 = 20;
/// Delays of which the smallest that the test would have found is told, in microseconds.
const DELAYS_US: [f64; 8] = [10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0];

/// A route that must not tell.
struct Route {
    function: &'static str,
    path: &'static str,
    status: u16,
    body: fn(String) -> Value,
}

/// A password that nobody has and everybody may choose.
const GUESS: &str = "analytical engine no 1";

/// Each answers known and unknown addresses alike: with a wrong password, with a mail, and where addresses are verified.
const ROUTES: [Route; 4] = [
    Route {
        function: "login",
        path: "/v1/login",
        status: 401,
        body: |email| json!({ "email": email, "password": GUESS }),
    },
    Route {
        function: "password",
        path: "/v1/password/forgot",
        status: 202,
        body: |email| json!({ "email": email }),
    },
    Route {
        function: "email",
        path: "/v1/email/verify/resend",
        status: 202,
        body: |email| json!({ "email": email }),
    },
    Route {
        function: "register",
        path: "/v1/register",
        status: 202,
        body: |email| json!({ "email": email, "password": GUESS }),
    },
];

/// Measures all of it.
pub(crate) async fn measure(
    arguments: &Arguments,
    pairs: u64,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    for route in ROUTES {
        // A database for each: what one route changes is not there for the next.
        let database = Database::durable(&arguments.programs.join("bench-postgres")).await;
        compare_one(&arguments.programs, &route, &database, pairs, report).await?;
    }
    let database = Database::durable(&arguments.programs.join("bench-postgres")).await;
    let server = database.server().clone();
    drop(database);
    Ok(server.stop().await?)
}

async fn compare_one(
    programs: &Path,
    route: &Route,
    database: &Database,
    pairs: u64,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    report::progress(&format!("{} for known and unknown addresses, {pairs} pairs", route.path));
    let owner = database.owner().await;
    fixture::people(&owner, WARM_PAIRS + pairs).await?;
    if route.function == "email" {
        // Only who is not verified is mailed.
        owner.batch_execute("update users set verified_at = null").await?;
    }
    let wide = "1000000/1";
    let changes = [
        ("THROTTLE_IP_CREDENTIALS", wide),
        ("THROTTLE_IP_REGISTER", wide),
        ("EMAIL_VERIFICATION", "required"),
    ];
    let variables: Vec<_> = testkit::variables(database, route.function, &changes).into_iter().collect();
    let program = Program::start(&programs.join(route.function), &variables)?;
    fixture::ready(program.address).await?;
    let mut connection = Connection::open(program.address).await?;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for pair in 0..WARM_PAIRS + pairs {
        // Each comes first as often as second.
        let sides = if pair % 2 == 0 { [true, false] } else { [false, true] };
        for is_known in sides {
            // The names are of one length.
            let name = if is_known { "person" } else { "nobody" };
            let body = (route.body)(format!("{name}-{}@example.com", FIRST_PERSON + pair)).to_string();
            let shot = Shot { status: route.status, ..Shot::post(route.path, body.as_bytes()) };
            let started = Instant::now();
            connection.shoot(&shot).await?;
            let took_us = started.elapsed().as_secs_f64() * 1e6;
            if pair >= WARM_PAIRS {
                if is_known { known.push(took_us) } else { unknown.push(took_us) }
            }
        }
    }
    let found = compare(&known, &unknown);
    report.add(Row::at_least(
        &format!("{}, p-value of known and unknown addresses", route.path),
        found.p,
        P_MIN,
        1.0,
    ));
    let delayed = |delay: &f64| {
        let delayed: Vec<f64> = unknown.iter().map(|took| took + delay).collect();
        compare(&delayed, &unknown).p < P_MIN
    };
    let sensitivity = DELAYS_US.into_iter().find(|delay| delayed(delay));
    report.note(format!(
        "{}: medians {:.0} and {:.0} us, known slower than unknown in {:.1} of 100 pairs, p = {:.4}; a delay of {} would have \
         been found",
        route.path,
        median(known),
        median(unknown),
        found.share * 100.0,
        found.p,
        sensitivity.map_or_else(|| "no tried length".to_owned(), |delay| format!("{delay:.0} us")),
    ));
    Ok(())
}
