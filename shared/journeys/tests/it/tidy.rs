//! The house's habits that no compiler and no lint holds.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use streamly::db::statements;

/// The most lines of a source file.
const LINES_MAX: usize = 400;

/// The names of the top level; dotfiles, the target folder and git's own beside them.
const TOP: [&str; 8] =
    ["Cargo.lock", "Cargo.toml", "README.md", "functions", "migrations", "scripts", "shared", "terraform"];

/// Names that say nothing, so that everything fits in.
const NAMELESS: [&str; 7] = ["common", "core", "helpers", "manager", "misc", "util", "utils"];

/// Marks of unfinished work, split so that this file does not hold them.
const UNFINISHED: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X "),
    concat!("todo", "!("),
    concat!("unimpl", "emented!("),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace is there")
}

/// Every file below, without what git does not keep.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the folder is readable").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !["target", ".git", "node_modules", ".terraform"].contains(&name) {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}

fn sources() -> Vec<(String, String)> {
    let root = root();
    let rust = files(&root).into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    rust.map(|path| {
        let text = fs::read_to_string(&path).expect("sources are text");
        (path.strip_prefix(&root).expect("below the root").display().to_string(), text)
    })
    .collect()
}

#[track_caller]
fn check(found: impl IntoIterator<Item = String>, claim: &str) {
    let found: Vec<String> = found.into_iter().collect();
    assert!(found.is_empty(), "{claim}:\n{}", found.join("\n"));
}

#[test]
fn the_top_level_is_closed() {
    let entries = fs::read_dir(root()).expect("the root is readable");
    let names =
        entries.map(|entry| entry.expect("it is readable").file_name().into_string().expect("plain names"));
    let found: BTreeSet<String> = names.filter(|name| !name.starts_with('.') && name != "target").collect();
    assert_eq!(found, TOP.map(str::to_owned).into());
}

#[test]
fn no_name_says_nothing() {
    let nameless = files(&root()).into_iter().filter(|path| {
        path.strip_prefix(root()).expect("below the root").components().any(|part| {
            let name = part.as_os_str().to_string_lossy();
            NAMELESS.contains(&name.split('.').next().unwrap_or_default())
        })
    });
    check(nameless.map(|path| path.display().to_string()), "a name that says nothing");
}

#[test]
fn no_source_file_is_long() {
    let long = sources().into_iter().filter(|(_, text)| text.lines().count() > LINES_MAX);
    check(long.map(|(path, text)| format!("{path}: {} lines", text.lines().count())), "look for the joint");
}

#[test]
fn nothing_is_unfinished() {
    let marked = sources().into_iter().filter(|(_, text)| UNFINISHED.iter().any(|mark| text.contains(mark)));
    check(marked.map(|(path, _)| path), "unfinished work");
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let silent = sources().into_iter().filter(|(_, text)| !text.starts_with("//!"));
    check(silent.map(|(path, _)| path), "no module doc on the first line");
}

#[test]
fn every_statement_is_listed_under_its_own_name() {
    let (mut declared, mut listed) = (BTreeSet::new(), BTreeSet::new());
    for (path, text) in sources().iter().filter(|(path, _)| path.starts_with("shared/streamly/src/db/")) {
        let table = Path::new(path).file_stem().expect("a file").to_string_lossy().into_owned();
        for constant in text.split("const ").skip(1).filter(|rest| rest.contains(": Statement =")) {
            let name = constant.split(':').next().unwrap_or_default();
            if constant.split(';').next().is_some_and(|item| item.contains("Statement::new(")) {
                declared.insert(format!("{table}::{name}"));
            }
        }
    }
    listed.extend(statements().map(|statement| statement.name().to_owned()));
    assert_eq!(declared, listed);
}

#[test]
fn product_code_keeps_sql_in_statements() {
    let verbs = ["select ", "insert into ", "update ", "delete from "];
    let product = |path: &str| {
        (path.starts_with("functions/") || path.starts_with("shared/streamly/src/"))
            && !path.contains("/tests/")
    };
    let outside = sources().into_iter().filter(|(path, text)| {
        let exempt = path.starts_with("shared/streamly/src/db/") || path.starts_with("functions/migrate/");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let quoted = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        product(path)
            && !exempt
            && quoted
                .flat_map(|line| line.split('"').skip(1).step_by(2))
                .any(|text| verbs.iter().any(|verb| text.trim_start().to_ascii_lowercase().starts_with(verb)))
    });
    check(outside.map(|(path, _)| path), "SQL outside a Statement of streamly::db");
}

#[test]
fn no_arrow_is_wrong() {
    let manifest = |path: &str| fs::read_to_string(root().join(path)).expect("a manifest");
    let dependencies = |text: &str, section: &str| -> BTreeSet<String> {
        let after = text.split(&format!("[{section}]")).nth(1).unwrap_or_default();
        let lines = after.split("\n[").next().unwrap_or_default().lines();
        lines
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let members: BTreeSet<String> = fs::read_dir(root().join("functions"))
        .expect("the functions")
        .filter_map(|entry| entry.expect("readable").file_name().into_string().ok())
        .filter(|name| !name.contains('.'))
        .collect();
    let mut wrong = Vec::new();
    let mut refuse = |path: &str, section: &str, banned: &dyn Fn(&str) -> bool| {
        let found = dependencies(&manifest(path), section);
        wrong.extend(
            found.into_iter().filter(|name| banned(name)).map(|name| format!("{path}: [{section}] {name}")),
        );
    };
    let dev_only = |name: &str| ["testkit", "local", "journeys", "bench"].contains(&name);
    for function in &members {
        let path = format!("functions/{function}/Cargo.toml");
        refuse(&path, "dependencies", &|name| {
            members.contains(name) || dev_only(name) || name == "tokio-postgres" && function != "migrate"
        });
        refuse(&path, "dev-dependencies", &|name| {
            members.contains(name) || name == "local" || name == "journeys"
        });
    }
    let product = "shared/streamly/Cargo.toml";
    refuse(product, "dependencies", &|name| {
        members.contains(name) || dev_only(name) || ["functions-framework", "adapters"].contains(&name)
    });
    refuse(product, "dev-dependencies", &|name| {
        members.contains(name) || dev_only(name) || ["functions-framework", "adapters"].contains(&name)
    });
    refuse("shared/adapters/Cargo.toml", "dependencies", &|name| members.contains(name) || dev_only(name));
    let shim = "shared/functions-framework/Cargo.toml";
    for section in ["dependencies", "dev-dependencies"] {
        refuse(shim, section, &|name| {
            members.contains(name) || dev_only(name) || ["streamly", "adapters"].contains(&name)
        });
    }
    check(wrong, "a wrong arrow");
}
