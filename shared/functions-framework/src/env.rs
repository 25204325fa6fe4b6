//! The environment, read once: every fault is remembered and reported on one line, and no value is ever shown.
//!
//! ```
//! use functions_framework::env::{self, Invalid, Reader};
//!
//! struct Config {
//!     greeting: String,
//!     times: u8,
//! }
//!
//! fn read(env: &mut Reader<'_>) -> Result<Config, Invalid> {
//!     let greeting = env.required("GREETING");
//!     let times = env.or("TIMES", 1);
//!     Ok(Config { greeting: greeting?, times: times? })
//! }
//!
//! let empty = std::collections::HashMap::from([("TIMES".to_owned(), "many".to_owned())]);
//! let faults = env::read_from(&empty, read).err().expect("two faults");
//! assert_eq!(
//!     faults.to_string(),
//!     "invalid configuration: GREETING is not set; TIMES: invalid digit found in string"
//! );
//! ```

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::BuildHasher;
use std::str::FromStr;

/// Where variables come from: the process, or a map in tests.
pub trait Source {
    /// The variable's value, or none.
    fn get(&self, name: &str) -> Option<String>;
}

/// The variables of this process.
#[derive(Debug, Clone, Copy)]
pub struct Process;

impl Source for Process {
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    fn get(&self, name: &str) -> Option<String> {
        // What is not Unicode becomes a value that no type takes for a right one.
        std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
    }
}

impl<S: BuildHasher> Source for HashMap<String, String, S> {
    fn get(&self, name: &str) -> Option<String> {
        Self::get(self, name).cloned()
    }
}

/// A fault that the reader has already remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid;

/// Every fault of a configuration, on one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid configuration: {}", .0.join("; "))]
pub struct Faults(Vec<String>);

/// A variable that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Whether the function cannot start without it.
    pub required: bool,
    /// Whether its value must never be shown.
    pub secret: bool,
}

/// Reads variables and remembers what was asked for and what was wrong.
pub struct Reader<'a> {
    source: &'a dyn Source,
    faults: Vec<String>,
    asked: Vec<Variable>,
}

impl<'a> Reader<'a> {
    fn new(source: &'a dyn Source) -> Self {
        Self { source, faults: Vec::new(), asked: Vec::new() }
    }

    /// A variable that must be set.
    pub fn required<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Result<T, Invalid> {
        self.ask(name, true, false)?.ok_or_else(|| self.fault(name, "is not set"))
    }

    /// A variable that must be set and whose value is a secret.
    pub fn required_secret<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Result<T, Invalid> {
        self.ask(name, true, true)?.ok_or_else(|| self.fault(name, "is not set"))
    }

    /// A variable that may be unset.
    pub fn optional<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Result<Option<T>, Invalid> {
        self.ask(name, false, false)
    }

    /// A variable that may be unset and whose value is a secret.
    pub fn optional_secret<T: FromStr<Err: Display>>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<T>, Invalid> {
        self.ask(name, false, true)
    }

    /// A variable with a default.
    pub fn or<T: FromStr<Err: Display>>(&mut self, name: &'static str, default: T) -> Result<T, Invalid> {
        Ok(self.ask(name, false, false)?.unwrap_or(default))
    }

    /// Remembers a fault that only several values together show. `what` follows the name: `is not set`, or `: …`.
    pub fn fault(&mut self, name: &'static str, what: &str) -> Invalid {
        let space = if what.starts_with(':') { "" } else { " " };
        self.faults.push(format!("{name}{space}{what}"));
        Invalid
    }

    /// The one place that asks the source: empty is unset, white space around a value does not count.
    fn ask<T: FromStr<Err: Display>>(
        &mut self,
        name: &'static str,
        required: bool,
        secret: bool,
    ) -> Result<Option<T>, Invalid> {
        self.asked.push(Variable { name, required, secret });
        let value = self.source.get(name);
        let Some(value) = value.as_deref().map(str::trim).filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        value.parse().map(Some).map_err(|error| self.fault(name, &format!(": {error}")))
    }
}

/// Reads a service's configuration from the process's environment, with the framework's own variables in the same pass,
/// so that one line names every fault.
pub fn read<T>(config: impl FnOnce(&mut Reader<'_>) -> Result<T, Invalid>) -> Result<T, Refused> {
    read_process(|env| {
        let service = crate::run::Service::read(env);
        let config = config(env);
        service.and(config)
    })
}

/// Reads a job's configuration from the process's environment.
pub fn read_job<T>(config: impl FnOnce(&mut Reader<'_>) -> Result<T, Invalid>) -> Result<T, Refused> {
    read_process(|env| of_job(env, config))
}

/// The same for a job that takes arguments of its own beside the two that every program takes: `arguments` reads them, or
/// returns the one that it does not know; `help` is what `--help` says of them.
pub fn read_job_with<A, T>(
    help: &str,
    arguments: impl FnOnce(&[String]) -> Result<A, String>,
    config: impl FnOnce(&mut Reader<'_>) -> Result<T, Invalid>,
) -> Result<(A, T), Refused> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    answer(
        &given,
        help,
        |env| of_job(env, config),
        |given, config| {
            let arguments = arguments(given).map_err(Refused::Argument)?;
            Ok((arguments, read_from(&Process, config)?))
        },
    )
}

fn of_job<T>(
    env: &mut Reader<'_>,
    config: impl FnOnce(&mut Reader<'_>) -> Result<T, Invalid>,
) -> Result<T, Invalid> {
    // A job has no requests, hence no trace to name; it is deployed with the same variable all the same.
    let project = env.optional::<String>("GCP_PROJECT_ID");
    let config = config(env);
    project.and(config)
}

/// Why a program does not go on after reading its variables.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// They cannot be used.
    #[error(transparent)]
    Faults(#[from] Faults),
    /// `--print-variables` asked for the list alone, or `--help` for a text; this is it.
    #[error("{0}")]
    Answered(String),
    /// An argument that no function takes.
    #[error("unknown argument '{0}'; a function takes its configuration from variables, see --help")]
    Argument(String),
}

const HELP: &str = "\
This program is configured by variables of the environment.

  --print-variables   list as JSON the variables that it reads, and end
  --help              this text";

/// Every service takes the same two arguments.
pub(crate) fn read_process<T>(
    config: impl FnOnce(&mut Reader<'_>) -> Result<T, Invalid>,
) -> Result<T, Refused> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    answer(&given, "", config, |given, config| match given.first() {
        None => Ok(read_from(&Process, config)?),
        Some(other) => Err(Refused::Argument(other.clone())),
    })
}

/// The one place that answers the two arguments; without them it goes on.
fn answer<T, R, C: FnOnce(&mut Reader<'_>) -> Result<T, Invalid>>(
    given: &[String],
    help: &str,
    config: C,
    go_on: impl FnOnce(&[String], C) -> Result<R, Refused>,
) -> Result<R, Refused> {
    let asks = |names: &[&str]| given.iter().any(|given| names.contains(&given.as_str()));
    if asks(&["--print-variables"]) {
        let empty = HashMap::new();
        let mut reader = Reader::new(&empty);
        // Without values there are faults, of course; what counts is what was asked for.
        let _ = config(&mut reader);
        reader.asked.sort_by_key(|variable| variable.name);
        return Err(Refused::Answered(
            serde_json::to_string_pretty(&reader.asked).expect("names serialize to JSON"),
        ));
    }
    if asks(&["--help", "-h"]) {
        return Err(Refused::Answered(format!("{HELP}{help}")));
    }
    go_on(given, config)
}

/// Reads a configuration from any source.
pub fn read_from<T>(
    source: &dyn Source,
    config: impl FnOnce(&mut Reader<'_>) -> Result<T, Invalid>,
) -> Result<T, Faults> {
    let mut reader = Reader::new(source);
    match config(&mut reader) {
        Ok(value) if reader.faults.is_empty() => Ok(value),
        _ => Err(Faults(reader.faults)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU8;

    #[derive(Debug, PartialEq)]
    struct Config {
        name: String,
        key: String,
        times: u8,
        size: Option<NonZeroU8>,
    }

    fn config(env: &mut Reader<'_>) -> Result<Config, Invalid> {
        let name = env.required("NAME");
        let key = env.required_secret("KEY");
        let times = env.or("TIMES", 3);
        let size = env.optional("SIZE");
        if size == Ok(NonZeroU8::new(7)) && times == Ok(7) {
            return Err(env.fault("SIZE", "is the same as TIMES"));
        }
        Ok(Config { name: name?, key: key?, times: times?, size: size? })
    }

    fn read_map(variables: &[(&str, &str)]) -> Result<Config, String> {
        let map: HashMap<String, String> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        read_from(&map, config).map_err(|faults| faults.to_string())
    }

    #[track_caller]
    fn check(variables: &[(&str, &str)], faults: &str) {
        assert_eq!(read_map(variables), Err(format!("invalid configuration: {faults}")));
    }

    #[test]
    fn values_are_trimmed_and_defaults_stand_where_nothing_is_set() {
        let read = read_map(&[("NAME", " a b\n"), ("KEY", "k"), ("SIZE", ""), ("OTHER", "x")]);
        let expected = Config { name: "a b".to_owned(), key: "k".to_owned(), times: 3, size: None };
        assert_eq!(read, Ok(expected));
    }

    #[test]
    fn empty_is_unset() {
        for empty in ["", " ", "\t\n"] {
            check(&[("NAME", empty), ("KEY", "k")], "NAME is not set");
        }
    }

    #[test]
    fn every_fault_is_named_in_the_order_of_reading() {
        check(&[], "NAME is not set; KEY is not set");
        check(
            &[("TIMES", "256"), ("SIZE", "0")],
            "NAME is not set; KEY is not set; TIMES: number too large to fit in target type; \
             SIZE: number would be zero for non-zero type",
        );
        check(&[("NAME", "a"), ("KEY", "k"), ("TIMES", "7"), ("SIZE", "7")], "SIZE is the same as TIMES");
    }

    #[test]
    fn no_value_is_ever_shown() {
        let faults =
            read_map(&[("KEY", "s3cret"), ("TIMES", "s3cret"), ("SIZE", "s3cret")]).expect_err("faults");
        assert!(!faults.contains("s3cret"), "{faults}");
    }

    #[test]
    fn a_remembered_fault_counts_even_where_the_program_goes_on() {
        let empty = HashMap::<String, String>::new();
        let read = read_from(&empty, |env| {
            let _ = env.required::<String>("NAME");
            Ok(())
        });
        assert_eq!(
            read.map_err(|faults| faults.to_string()),
            Err("invalid configuration: NAME is not set".to_owned())
        );
    }

    #[test]
    fn what_was_asked_for_is_listed_with_what_must_be_hidden() {
        let empty = HashMap::<String, String>::new();
        let mut reader = Reader::new(&empty);
        assert_eq!(config(&mut reader), Err(Invalid));
        let asked: Vec<_> =
            reader.asked.iter().map(|asked| (asked.name, asked.required, asked.secret)).collect();
        let expected =
            [("NAME", true, false), ("KEY", true, true), ("TIMES", false, false), ("SIZE", false, false)];
        assert_eq!(asked, expected);
    }
}
