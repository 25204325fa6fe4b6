//! The security page promises nothing that no test holds: every test that it names is there, and every promise names one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The fewest tests that the page names: it may say more, never less.
const TESTS_MIN: usize = 120;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

fn page() -> String {
    fs::read_to_string(folder().join("SECURITY.md")).expect("the page is there")
}

/// Every ``[`name`](path)`` of a text.
fn named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("[`").skip(1).filter_map(|rest| {
        let (name, rest) = rest.split_once("`](")?;
        Some((name, rest.split_once(')')?.0))
    })
}

/// Whether the file has this test: a function with a test's attribute, or a step of that name where it is no Rust.
fn has(path: &Path, name: &str) -> bool {
    let Ok(text) = fs::read_to_string(path) else { return false };
    if path.extension().is_none_or(|end| end != "rs") {
        return text.contains(name);
    }
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let starts = [format!("fn {name}("), format!("async fn {name}(")];
    let is_test = |place: usize| {
        lines[..place]
            .iter()
            .rev()
            .take_while(|line| line.starts_with("#["))
            .any(|line| line.contains("test"))
    };
    lines
        .iter()
        .enumerate()
        .any(|(place, line)| starts.iter().any(|start| line.starts_with(start)) && is_test(place))
}

#[track_caller]
fn check(found: impl IntoIterator<Item = String>, claim: &str) {
    let found: Vec<String> = found.into_iter().collect();
    assert!(found.is_empty(), "{claim}:\n{}", found.join("\n"));
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let text = page();
    let all: BTreeSet<(&str, &str)> = named(&text).collect();
    let absent = all.iter().filter(|(name, path)| !has(&folder().join(path), name));
    check(absent.map(|(name, path)| format!("{name} in {path}")), "named and not there");
    assert!(all.len() >= TESTS_MIN, "only {} tests are named", all.len());
}

#[test]
fn every_promise_and_every_control_names_a_test() {
    let text = page();
    // The tables of claims end with a column of tests; others have no such heading.
    let tables = text
        .split("\n\n")
        .filter(|block| block.lines().next().is_some_and(|head| head.ends_with("| Held by |")));
    let rows: Vec<&str> = tables.flat_map(|table| table.lines().skip(2)).collect();
    check(
        rows.iter().filter(|row| named(row).next().is_none()).map(|row| (*row).to_owned()),
        "a claim without a test",
    );
    assert!(rows.len() > 50, "only {} claims", rows.len());
}
