//! The table: what was measured, its floor, their ratio, and whether the ratio is as it should be.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;

use crate::load::Measured;

/// One figure against its floor.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Row {
    what: String,
    measured: f64,
    floor: f64,
    ratio: f64,
    wanted: String,
    reached: bool,
}

impl Row {
    /// A figure that should be at most `limit` times its floor.
    pub(crate) fn at_most(what: &str, measured: f64, limit: f64, floor: f64) -> Self {
        let ratio = measured / floor;
        Self {
            what: what.to_owned(),
            measured,
            floor,
            ratio,
            wanted: format!("<= {limit}"),
            reached: ratio <= limit,
        }
    }

    /// A figure that should be at least `limit` times its floor.
    pub(crate) fn at_least(what: &str, measured: f64, limit: f64, floor: f64) -> Self {
        let ratio = measured / floor;
        Self {
            what: what.to_owned(),
            measured,
            floor,
            ratio,
            wanted: format!(">= {limit}"),
            reached: ratio >= limit,
        }
    }
}

impl Row {
    /// A count of what there should be none of.
    pub(crate) fn none(what: &str, count: usize) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let measured = count as f64;
        Self {
            what: what.to_owned(),
            measured,
            floor: 0.0,
            ratio: measured,
            wanted: "none".to_owned(),
            reached: count == 0,
        }
    }
}

/// Everything one run measured.
#[derive(Debug, Default, serde::Serialize)]
pub(crate) struct Report {
    rows: Vec<Row>,
    /// What else there is to say.
    notes: Vec<String>,
    /// Every round of load, by what was loaded.
    pub(crate) runs: BTreeMap<String, Vec<Measured>>,
}

impl Report {
    /// Adds a figure.
    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Adds what no ratio says: a plan, a count, why a figure is missing.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Prints the table.
    pub(crate) fn print(&self) {
        line(&format!("{:<62} {:>10} {:>10} {:>8}  {:<8}", "", "measured", "floor", "ratio", "wanted"));
        for row in &self.rows {
            let verdict = if row.reached { "" } else { "NOT REACHED" };
            line(&format!(
                "{:<62} {:>10.2} {:>10.2} {:>8.2}  {:<8} {verdict}",
                row.what, row.measured, row.floor, row.ratio, row.wanted
            ));
        }
        for (name, runs) in &self.runs {
            for run in runs {
                let cpu = run.cpu_us.map_or_else(String::new, |us| format!(", CPU {us:.0} us each"));
                let figures =
                    format!("{:.0} requests/s, p50 {} us, p99 {} us", run.per_second, run.p50_us, run.p99_us);
                let text = figures + &cpu;
                line(&format!("{name}: {text}"));
            }
        }
        for note in &self.notes {
            line(note);
        }
    }
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn line(text: &str) {
    // A closed stdout must not hide the figures' file.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Tells what is going on.
pub(crate) fn progress(text: &str) {
    let _ = writeln!(std::io::stderr(), "bench: {text}");
}

/// Tells why there is no table.
pub(crate) fn complain(error: &dyn Error) {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    let _ = writeln!(std::io::stderr(), "bench: {}", causes.join(": "));
}
