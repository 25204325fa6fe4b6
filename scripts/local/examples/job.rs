//! A job for the tests of processes: says its arguments, and fails, or waits for its end, where one says so.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = arguments.first().is_some_and(|argument| argument == "--print-variables");
    let said = if asked { "[]".to_owned() } else { format!("ran {}", arguments.join(" ")) };
    // A closed stdout is the reader's affair.
    let _ = writeln!(std::io::stdout(), "{said}");
    match arguments.first().map(String::as_str) {
        Some("fail") => ExitCode::FAILURE,
        Some("wait") => loop {
            std::thread::park();
        },
        _ => ExitCode::SUCCESS,
    }
}
