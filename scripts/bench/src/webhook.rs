//! The webhook's events a second, against pgbench with the same statements over as many connections of the same role.

use std::error::Error;
use std::time::Duration;
use testkit::postgres::Search;

use crate::Arguments;
use crate::floors::ROUNDS;
use crate::load::Measured;
use crate::pgbench::Script;
use crate::report::{self, Report, Row, median};
use crate::stage::Stage;

/// Enough that a round touches few subscriptions twice.
const SUBJECTS: u64 = 20_000;
/// As many events as make the ledger's indexes more than a page.
const LEDGER_ROWS: u64 = 20_000;
/// Where the webhook waits for the database after its transaction began. A test of its own counts its round trips.
const WAITS_BEFORE: [&str; 3] = ["payment_logs::INSERT", "subscriptions::LOCK", "subscriptions::APPLY"];

/// Measures it, where there is a pgbench.
pub(crate) async fn measure(arguments: &Arguments, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let mut stage = Stage::new(&arguments.programs, SUBJECTS, LEDGER_ROWS).await?;
    let fetched = stage.database.server().folder().join("fetched");
    let pgbench = Search::from_environment().run(&fetched, &report::progress)?.program("pgbench");
    if !pgbench.is_file() {
        report.note(format!("webhook against pgbench: skipped, there is no {}", pgbench.display()));
        return stage.end().await;
    }
    let (sent, numbers) = stage.captured().await?;
    let names: Vec<&str> = sent.iter().map(|sent| sent.name.as_str()).collect();
    report.note(format!("a transaction of the webhook and of pgbench: {}", names.join(", ")));
    let settings = stage.database.url("webhook");
    let scripts = [Script::new(&sent, numbers, &WAITS_BEFORE), Script::new(&sent, numbers, &[])];
    let webhook = stage.webhook().await?;
    let mut runs: [Vec<Measured>; 3] = Default::default();
    // The first round warms the server's caches and the connections.
    for round in 0..=ROUNDS {
        report::progress(&format!("webhook under load, round {round} of {ROUNDS}"));
        for (script, runs) in scripts.iter().zip(&mut runs[1..]) {
            let course = stage.course();
            runs.push(script.run(&pgbench, &settings, course, arguments.seconds)?);
            stage.check(course).await?;
        }
        runs[0].push(stage.deliver(&webhook, Duration::from_secs(arguments.seconds)).await?);
    }
    drop(webhook);
    stage.end().await?;
    for runs in &mut runs {
        runs.remove(0);
    }
    let per_second = |runs: &[Measured]| median(runs.iter().map(|run| run.per_second).collect());
    let [webhook, pipelined, plain] = runs;
    for (floor, name) in [(&pipelined, "in pipelines"), (&plain, "one by one")] {
        report.add(Row::at_least(
            &format!("webhook, events a second, to pgbench {name}"),
            per_second(&webhook),
            0.8,
            per_second(floor),
        ));
    }
    report.runs.insert("webhook".to_owned(), webhook);
    report.runs.insert("pgbench in pipelines".to_owned(), pipelined);
    report.runs.insert("pgbench one by one".to_owned(), plain);
    Ok(())
}
