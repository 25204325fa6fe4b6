//! What the scripts say to arguments, before they build or start anything.

use std::path::Path;
use std::process::{Command, Output};

fn run(script: &str, arguments: &[&str]) -> Output {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("scripts").join(script);
    // From elsewhere: a script finds the project by its own place.
    Command::new(scripts).args(arguments).current_dir("/").output().expect("bash is there")
}

#[track_caller]
fn check_help(script: &str, expected: &str) {
    for flag in ["--help", "-h"] {
        let output = run(script, &[flag]);
        assert!(output.status.success(), "{script} {flag}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(expected), "{script} {flag}");
    }
}

#[track_caller]
fn check_refused(script: &str, arguments: &[&str], named: &str) {
    let output = run(script, arguments);
    assert_eq!(output.status.code(), Some(2), "{script} {arguments:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains(named), "{script} {arguments:?}");
    assert!(output.stdout.is_empty());
}

#[test]
fn each_script_explains_itself() {
    check_help("dev", "Usage: scripts/dev [--fresh]");
    check_help("dev", "scripts/dev reconcile [PASS...] [--dry-run]");
    check_help("demo", "Usage: scripts/demo");
    check_help("keys", "Usage: scripts/keys make FILE [--beside SET]");
}

#[test]
fn an_unknown_argument_is_named_and_starts_nothing() {
    check_refused("dev", &["--frehs"], "'--frehs'");
    check_refused("dev", &["--fresh", "up"], "'up'");
    check_refused("demo", &["--fresh"], "'--fresh'");
    check_refused("keys", &["mkae"], "'mkae'");
    check_refused("keys", &[], "Usage: scripts/keys make");
}

#[test]
fn the_program_behind_them_wants_a_command_that_it_knows() {
    let local = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_local")).args(arguments).output();
        output.expect("it is built").status.code()
    };
    assert_eq!(local(&[]), Some(2));
    assert_eq!(local(&["down"]), Some(2));
    assert_eq!(local(&["up", "--frehs"]), Some(2));
    assert_eq!(local(&["--help"]), Some(0));
}

#[test]
fn reconciling_without_a_running_stack_says_how_to_start_one() {
    let folder = super::Folder::new();
    let output = Command::new(env!("CARGO_BIN_EXE_local"))
        .args(["reconcile", "marked", "--dry-run"])
        .env("STREAMLY_LOCAL_DIR", folder.path())
        .output()
        .expect("it is built");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no stack runs") && said.contains("scripts/dev"), "{said}");
}
