//! The webhook's p99 over small tables and over large ones, in rounds by turns, and the plans of what it sends.

use std::error::Error;
use std::time::Duration;
use testkit::Owner;

use crate::Arguments;
use crate::capture::Sent;
use crate::floors::ROUNDS;
use crate::load::Measured;
use crate::report::{self, Report, Row, median};
use crate::stage::Stage;

/// Subscriptions and rows of the ledger: small, and as the webhook is promised to bear.
const SIZES: [(u64, u64); 2] = [(2_000, 10_000), (200_000, 1_000_000)];

/// Measures it.
pub(crate) async fn measure(arguments: &Arguments, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let [small, large] = SIZES;
    let mut stages = [
        Stage::new(&arguments.programs, small.0, small.1).await?,
        Stage::new(&arguments.programs, large.0, large.1).await?,
    ];
    let (sent, _) = stages[1].captured().await?;
    for sent in &sent {
        plan(&stages[1].owner, sent, report).await?;
    }
    let webhooks = [stages[0].webhook().await?, stages[1].webhook().await?];
    let mut runs: [Vec<Measured>; 2] = Default::default();
    // The first round warms the server's caches and the connections.
    for round in 0..=ROUNDS {
        report::progress(&format!("webhook over small and large tables, round {round} of {ROUNDS}"));
        for ((stage, webhook), runs) in stages.iter_mut().zip(&webhooks).zip(&mut runs) {
            runs.push(stage.deliver(webhook, Duration::from_secs(arguments.seconds)).await?);
        }
    }
    drop(webhooks);
    let [small, large] = stages;
    drop(small);
    large.end().await?;
    for runs in &mut runs {
        runs.remove(0);
    }
    #[expect(clippy::cast_precision_loss, reason = "microseconds")]
    let p99_ms = |runs: &[Measured]| median(runs.iter().map(|run| run.p99_us as f64 / 1000.0).collect());
    let [small, large] = runs;
    let what = "webhook, p99 in ms, a million ledger rows to ten thousand";
    report.add(Row::at_most(what, p99_ms(&large), 1.2, p99_ms(&small)));
    report.runs.insert("webhook over small tables".to_owned(), small);
    report.runs.insert("webhook over large tables".to_owned(), large);
    Ok(())
}

/// The plan of one statement for the values that it was sent with.
async fn plan(owner: &Owner, sent: &Sent, report: &mut Report) -> Result<(), Box<dyn Error>> {
    if sent.types.is_empty() {
        return Ok(());
    }
    let types: Vec<&str> = sent.types.iter().map(tokio_postgres::types::Type::name).collect();
    let quoted = |value: &Option<String>| match value {
        Some(value) => format!("'{}'", value.replace('\'', "''")),
        None => "null".to_owned(),
    };
    let values: Vec<String> = sent.values.iter().map(quoted).collect();
    let prepare = format!("prepare statement ({}) as {}", types.join(", "), sent.sql);
    owner.batch_execute("set plan_cache_mode = force_custom_plan").await?;
    owner.batch_execute(&prepare).await?;
    let explain = format!("explain execute statement ({})", values.join(", "));
    let lines = owner.simple_query(&explain).await?;
    owner.batch_execute("deallocate statement").await?;
    let lines = lines.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    let plan = lines.collect::<Vec<_>>().join("\n  ");
    let scans = plan.matches("Seq Scan").count();
    report.note(format!("plan of {}:\n  {plan}", sent.name));
    report.add(Row::none(&format!("sequential scans of {}", sent.name), scans));
    Ok(())
}
