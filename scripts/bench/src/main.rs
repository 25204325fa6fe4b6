//! Prints how Streamly's programs compare with floors measured in the same run: ratios, since the machine's own speed
//! says nothing about the code. scripts/bench/run builds what it starts; README.md says how to read the table.

mod capture;
mod crowd;
mod events;
mod fixture;
mod floors;
mod load;
mod pgbench;
mod process;
mod ranks;
mod refresh;
mod report;
mod stage;
mod tables;
mod timing;
mod webhook;

use clap::{Parser, Subcommand};
use report::Report;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

/// Compares Streamly's programs with floors measured in the same run.
#[derive(Debug, Parser)]
struct Arguments {
    /// The folder of the release programs.
    #[arg(long, default_value = "target/release", global = true)]
    programs: PathBuf,
    /// Seconds of each round of load; each side gets nine rounds, by turns.
    #[arg(long, default_value_t = 1, global = true)]
    seconds: u64,
    /// Cold starts of each program.
    #[arg(long, default_value_t = 20, global = true)]
    starts: usize,
    /// Where the figures are written as JSON.
    #[arg(long, default_value = "target/bench.json", global = true)]
    json: PathBuf,
    /// What is measured; without a word, everything that takes a minute or less.
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum What {
    /// Sizes, cold starts, playback and login.
    Floors,
    /// The webhook's events a second against pgbench with the same statements.
    Webhook,
    /// The webhook's p99 over small tables and over a million ledger rows and 200,000 subscriptions, with the plans.
    Tables,
    /// What a refresh costs the program.
    Refresh,
    /// 200 logins at once on 512 MiB; as root, who alone may limit a program's memory.
    Crowd,
    /// Whether time tells known from unknown addresses, at login, forgot and register.
    Timing {
        /// Pairs of requests for each route.
        #[arg(long, default_value_t = 500)]
        pairs: u64,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    match runtime.block_on(bench(&arguments)) {
        Ok(report) => {
            report.print();
            ExitCode::SUCCESS
        }
        Err(error) => {
            report::complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

async fn bench(arguments: &Arguments) -> Result<Report, Box<dyn Error>> {
    let mut report = Report::default();
    match arguments.what {
        None => {
            floors::measure(arguments, &mut report).await?;
            webhook::measure(arguments, &mut report).await?;
            refresh::measure(arguments, &mut report).await?;
        }
        Some(What::Floors) => floors::measure(arguments, &mut report).await?,
        Some(What::Webhook) => webhook::measure(arguments, &mut report).await?,
        Some(What::Tables) => tables::measure(arguments, &mut report).await?,
        Some(What::Refresh) => refresh::measure(arguments, &mut report).await?,
        Some(What::Crowd) => crowd::measure(arguments, &mut report).await?,
        Some(What::Timing { pairs }) => timing::measure(arguments, pairs, &mut report).await?,
    }
    std::fs::write(&arguments.json, serde_json::to_vec_pretty(&report)?)?;
    Ok(report)
}
