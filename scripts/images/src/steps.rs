//! Other programs, run one after the other: what each was for stands in the error when it fails.

use std::ffi::OsStr;
use std::io;
use std::process::{Command, Stdio};

/// A step failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    /// The program is not there or may not be started.
    #[error("{program} could not be started")]
    Start {
        /// Its name.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// The program started and did not succeed; it said why itself.
    #[error("{what}: {program} ended with {status}")]
    Failed {
        /// What the step was for.
        what: String,
        /// Its name.
        program: String,
        /// Its status, or the signal that ended it.
        status: std::process::ExitStatus,
    },
}

/// Runs a program to its end; what it says is seen.
pub(crate) fn run(command: &mut Command, what: &str) -> Result<(), StepError> {
    let status = command.status().map_err(|source| StepError::Start { program: name(command), source })?;
    if status.success() {
        Ok(())
    } else {
        Err(StepError::Failed { what: what.into(), program: name(command), status })
    }
}

/// What a program writes to its output; what it says to its user is seen.
pub(crate) fn output(command: &mut Command) -> Result<String, StepError> {
    let ended = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| StepError::Start { program: name(command), source })?;
    if ended.status.success() {
        return Ok(String::from_utf8_lossy(&ended.stdout).into_owned());
    }
    let what = command.get_args().map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ");
    Err(StepError::Failed { what, program: name(command), status: ended.status })
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{output, run};
    use std::process::Command;

    #[track_caller]
    fn check(failed: &str, expected: &str) {
        assert!(failed.starts_with(expected), "{failed:?} is not {expected:?}…");
    }

    #[test]
    fn a_step_that_fails_says_what_it_was_for() {
        check(
            &run(&mut Command::new("false"), "nothing could be done").expect_err("it fails").to_string(),
            "nothing could be done: false ended with",
        );
        check(
            &output(Command::new("sh").args(["-c", "exit 3"])).expect_err("it fails").to_string(),
            "-c exit 3: sh ended with exit status: 3",
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let failed = run(&mut Command::new("no-such-program"), "unused").expect_err("it is not there");
        assert_eq!(failed.to_string(), "no-such-program could not be started");
    }

    #[test]
    fn a_step_that_succeeds_hands_on_its_output() {
        run(&mut Command::new("true"), "unused").expect("it succeeds");
        assert_eq!(output(Command::new("echo").arg("done")).expect("it succeeds"), "done\n");
    }
}
