//! Cloud Logging's structured lines: one JSON object a line on stdout.

use serde_json::{Map, Value};
use std::io::Write;
use std::sync::OnceLock;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::TraceContext;

/// How much a line matters, in Cloud Logging's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Routine.
    Info,
    /// Worth a look.
    Warning,
    /// Someone must act.
    Error,
}

impl Severity {
    fn as_str(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }
}

/// The project's id, which turns a trace id into a link; set once by `run`.
static PROJECT: OnceLock<Option<String>> = OnceLock::new();

pub(crate) fn set_project(project: Option<String>) {
    // A second program in one process keeps the first one's project.
    let _ = PROJECT.set(project);
}

/// Writes one line: a sentence, and fields with dotted names. Never a token, password, hash, address, key or body.
pub fn log(severity: Severity, message: &str, fields: &[(&str, Value)]) {
    write(severity, message, None, fields);
}

pub(crate) fn write(
    severity: Severity,
    message: &str,
    trace: Option<&TraceContext>,
    fields: &[(&str, Value)],
) {
    let mut line = Map::new();
    line.insert("severity".to_owned(), severity.as_str().into());
    line.insert("message".to_owned(), message.into());
    line.insert("time".to_owned(), now().into());
    if let (Some(trace), Some(Some(project))) = (trace, PROJECT.get()) {
        let name = format!("projects/{project}/traces/{}", trace.trace_id);
        line.insert("logging.googleapis.com/trace".to_owned(), name.into());
        if let Some(span) = &trace.span_id {
            line.insert("logging.googleapis.com/spanId".to_owned(), span.clone().into());
        }
        line.insert("logging.googleapis.com/trace_sampled".to_owned(), trace.sampled.into());
    }
    for (name, value) in fields {
        line.insert((*name).to_owned(), value.clone());
    }
    let mut text = Value::Object(line).to_string();
    text.push('\n');
    // A closed stdout must not end a request.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

#[expect(clippy::disallowed_methods, reason = "a log line carries the machine's own time")]
fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}

/// An error and what it came from, on one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
