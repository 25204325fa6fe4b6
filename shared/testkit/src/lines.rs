//! What a test's program writes to its output, which no test sees of itself: log lines go past the runner's capture.

use serde_json::Value;
use std::process::Command;

/// Runs one test of the caller's own binary once more, as a program, and returns the log lines that carry this alert.
///
/// # Panics
/// Where that test fails or does not exist.
pub fn alerts_of(name: &str, alert: &str) -> Vec<Value> {
    let program = std::env::current_exe().expect("a running test knows its file");
    let told = Command::new(program)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .output()
        .expect("the test starts");
    let text = String::from_utf8(told.stdout).expect("lines are UTF-8");
    assert!(told.status.success() && text.contains("1 passed"), "{name}: {text}");
    // A line may stand behind the runner's word on the test.
    text.lines()
        .filter_map(|line| serde_json::from_str::<Value>(&line[line.find('{')?..]).ok())
        .filter(|line| line["alert"] == alert)
        .collect()
}
