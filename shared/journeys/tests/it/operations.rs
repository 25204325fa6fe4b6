//! What operators are told is what the programs write: the page of the job lists each field, outcome and alert, and the
//! deployment's filters name no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace is there")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The first column of the table under this heading.
fn listed(heading: &str) -> BTreeSet<String> {
    let page = read("functions/reconcile/README.md");
    let section = page.split("\n## ").find(|section| section.starts_with(heading)).expect("the section");
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    let names = rows.map(|row| row.split('|').nth(1).unwrap_or_default().trim().trim_matches('`').to_owned());
    names.collect()
}

/// The product's sources, without tests.
fn sources() -> String {
    let mut text = String::new();
    let mut folders = vec![root().join("functions"), root().join("shared")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path()) {
            let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if entry.is_dir() && !["tests", "fuzz", "testkit", "journeys"].contains(&name.as_str()) {
                folders.push(entry);
            } else if entry.extension().is_some_and(|end| end == "rs") && name != "tests.rs" {
                let source = fs::read_to_string(&entry).expect("a source");
                text.push_str(source.split("#[cfg(test)]").next().unwrap_or_default());
            }
        }
    }
    text
}

/// The words that a type says, in the arms of its `as_str`.
fn words(path: &str, of: &str) -> BTreeSet<String> {
    let text = read(path);
    let block = text.split(&format!("impl {of} {{")).nth(1).and_then(|rest| rest.split("\n}").next());
    let arms = block.expect("the words").lines().filter_map(|line| line.trim().split_once(" => \""));
    arms.filter_map(|(_, rest)| rest.strip_suffix("\",")).map(str::to_owned).collect()
}

/// What stands in quotes after this, wherever it stands in the text.
fn quoted(text: &str, before: &str) -> BTreeSet<String> {
    text.split(before).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(ToString::to_string).collect()
}

#[test]
fn the_page_lists_the_fields_of_the_summary_line() {
    let written = reconcile::Summary::default().fields();
    assert_eq!(listed("The summary line"), written.iter().map(|(name, _)| (*name).to_owned()).collect());
}

#[test]
fn the_page_lists_what_becomes_of_events() {
    let mut outcomes = words("shared/streamly/src/billing/effect.rs", "Outcome");
    assert_eq!(outcomes.len(), 7, "{outcomes:?}");
    outcomes.insert(webhook::INVALID_SIGNATURE.slug.to_owned());
    assert_eq!(listed("What becomes of events"), outcomes);
    let page = read("functions/reconcile/README.md");
    let details = words("shared/streamly/src/billing/event.rs", "Ignored");
    assert_eq!(details.len(), 5, "{details:?}");
    let sentence = page.split("Why an event was").nth(1).and_then(|rest| rest.split("\n\n").next());
    let named: BTreeSet<String> =
        sentence.expect("the sentence").split('`').skip(3).step_by(2).map(str::to_owned).collect();
    assert_eq!(named, details);
}

#[test]
fn the_page_and_the_deployment_list_the_alerts_that_the_code_writes() {
    let mut written = words("shared/streamly/src/billing/effect.rs", "Alert");
    assert_eq!(written.len(), 6, "{written:?}");
    let text = sources();
    written.extend(quoted(&text, "(\"alert\", \""));
    written.extend(["unlisted", "price-differs", "erasure-held"].map(str::to_owned));
    for alert in &written {
        assert!(text.contains(&format!("\"{alert}\"")), "{alert} is written nowhere");
    }
    let alarms = text.split("alarm(").skip(1).filter_map(|call| call.split(");").next());
    let literals: BTreeSet<String> = alarms
        .filter_map(|call| call.rsplit_once(", \""))
        .filter_map(|(_, word)| word.strip_suffix('"'))
        .map(str::to_owned)
        .collect();
    assert!(literals.is_subset(&written), "{literals:?}");
    assert_eq!(listed("Alerts"), written);
    let monitoring = read("terraform/monitoring.tf");
    let policies = monitoring.split("log_alerts = {").nth(1).and_then(|rest| rest.split("\n  }\n").next());
    let policies: BTreeSet<String> = policies
        .expect("the policies")
        .lines()
        .filter_map(|line| line.strip_prefix("    ")?.strip_suffix(" = {"))
        .map(str::to_owned)
        .collect();
    assert_eq!(policies, written);
}

#[test]
fn the_page_lists_the_exit_statuses() {
    assert_eq!(listed("Exit status"), set(&["0", "1", "78"]));
}

#[test]
fn the_page_lists_what_a_dry_run_tells() {
    let would = words("functions/reconcile/src/rehearsal.rs", "Would");
    assert_eq!(would.len(), 7, "{would:?}");
    let page = read("functions/reconcile/README.md");
    let sentence = page.split("`reconcile.would` (").nth(1).and_then(|rest| rest.split(')').next());
    let named = sentence.expect("the sentence").split('`').skip(1).step_by(2);
    assert_eq!(named.map(str::to_owned).collect::<BTreeSet<_>>(), would);
}

#[test]
fn every_field_that_the_deployment_filters_by_is_written() {
    let fields = quoted(&read("terraform/monitoring.tf"), "jsonPayload.\\\"");
    let fields: BTreeSet<&str> = fields.iter().map(|field| field.trim_end_matches('\\')).collect();
    assert!(fields.len() >= 5, "{fields:?}");
    let text = sources();
    for field in fields {
        assert!(text.contains(&format!("\"{field}\"")), "{field} is written nowhere");
    }
}
