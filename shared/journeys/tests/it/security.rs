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

/// The texts of a folder's Rust files, but for tests.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path()) {
        let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if entry.is_dir() && name != "tests" {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|end| end == "rs") && name != "tests.rs" {
            found.push(fs::read_to_string(&entry).expect("a source"));
        }
    }
}

/// A name of an event, in quotes of either kind.
fn event(text: &str) -> Option<&str> {
    let (name, _) = text.split_once(['"', '\''])?;
    let prefixes = ["authn_login_", "authn_password_", "authn_token_"];
    let whole = ["email_changed", "hash_unusable", "user_created", "user_deleted", "user_verified"];
    (prefixes.iter().any(|prefix| name.starts_with(prefix)) || whole.contains(&name)).then_some(name)
}

#[test]
fn the_page_lists_the_events_that_the_code_writes() {
    let mut texts = Vec::new();
    sources(&folder().join("streamly/src"), &mut texts);
    for entry in fs::read_dir(folder().join("../functions")).expect("the functions") {
        let source = entry.expect("readable").path().join("src");
        if source.is_dir() {
            sources(&source, &mut texts);
        }
    }
    let quoted = texts.iter().flat_map(|text| text.split_inclusive(['"', '\'']));
    let written: BTreeSet<&str> = quoted.filter_map(event).collect();
    let text = page();
    let section =
        text.split("### Events").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("the section");
    let listed: BTreeSet<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(written, listed);
}
