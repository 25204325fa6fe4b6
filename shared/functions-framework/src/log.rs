//! Cloud Logging's structured lines: one JSON object a line on stdout.
//!
//! A request gets one line when it is answered. A handler adds to it with
//! [`log_field`](crate::RequestExt::log_field), or writes a line of its own, in the same trace, with
//! [`log`](crate::RequestExt::log). What belongs to no request is written by [`log`].

use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::sync::{Arc, Mutex, PoisonError};
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

/// Writes one line: a sentence, and fields with dotted names. Never a token, password, hash, address, key or body.
pub fn log(severity: Severity, message: &str, fields: &[(&str, Value)]) {
    write(&text(&line(severity, message, fields)));
}

/// A line's fields, each name once.
type Line<'a> = BTreeMap<&'a str, Cow<'a, Value>>;

/// What every line about one request says, and what its own line will say besides.
#[derive(Debug)]
pub(crate) struct RequestLog {
    pub(crate) id: String,
    pub(crate) trace: Option<TraceContext>,
    /// The project's id, which turns a trace id into a link.
    project: Option<Arc<str>>,
    fields: Mutex<Vec<(&'static str, Value)>>,
}

impl RequestLog {
    pub(crate) fn new(id: String, trace: Option<TraceContext>, project: Option<Arc<str>>) -> Self {
        Self { id, trace, project, fields: Mutex::default() }
    }

    /// Keeps a field for the request's own line; a later value of the same name replaces an earlier one.
    pub(crate) fn keep(&self, name: &'static str, value: Value) {
        self.fields.lock().unwrap_or_else(PoisonError::into_inner).push((name, value));
    }

    /// Writes a line in this request's trace.
    pub(crate) fn write(&self, severity: Severity, message: &str, fields: &[(&str, Value)]) {
        write(&self.line(severity, message, fields));
    }

    /// Writes the request's own line, with the fields that were kept for it.
    pub(crate) fn finish(&self, severity: Severity, message: &str, fields: &[(&str, Value)]) {
        write(&self.last_line(severity, message, fields));
    }

    fn last_line(&self, severity: Severity, message: &str, fields: &[(&str, Value)]) -> String {
        let kept = self.fields.lock().unwrap_or_else(PoisonError::into_inner);
        // What the framework says of the request itself stands, whatever a handler kept under that name.
        let mut all: Line<'_> = kept.iter().map(borrowed).collect();
        all.extend(line(severity, message, fields));
        self.text(all)
    }

    fn line(&self, severity: Severity, message: &str, fields: &[(&str, Value)]) -> String {
        self.text(line(severity, message, fields))
    }

    /// The line as it is written, with what every line about this request says.
    fn text<'a>(&'a self, mut line: Line<'a>) -> String {
        let mut say = |name, value: Value| line.insert(name, Cow::Owned(value));
        say("request.id", self.id.as_str().into());
        if let (Some(trace), Some(project)) = (&self.trace, &self.project) {
            let name = format!("projects/{project}/traces/{}", trace.trace_id);
            say("logging.googleapis.com/trace", name.into());
            if let Some(span) = &trace.span_id {
                say("logging.googleapis.com/spanId", span.as_str().into());
            }
            say("logging.googleapis.com/trace_sampled", trace.sampled.into());
        }
        text(&line)
    }
}

fn line<'a>(severity: Severity, message: &str, fields: &'a [(&'a str, Value)]) -> Line<'a> {
    let mut line: Line<'a> = fields.iter().map(borrowed).collect();
    line.insert("severity", Cow::Owned(severity.as_str().into()));
    line.insert("message", Cow::Owned(message.into()));
    line.insert("time", Cow::Owned(now().into()));
    line
}

fn borrowed<'a>((name, value): &'a (&'a str, Value)) -> (&'a str, Cow<'a, Value>) {
    (name, Cow::Borrowed(value))
}

fn text(line: &Line<'_>) -> String {
    let mut text = serde_json::to_string(line).expect("a map of JSON values serializes");
    text.push('\n');
    text
}

fn write(line: &str) {
    // A closed stdout must not end a request.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
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
    text.replace(['\r', '\n'], " ")
}

/// Makes every panic of this process one line, with the place where it happened.
pub(crate) fn panics_are_lines() {
    std::panic::set_hook(Box::new(|panic| {
        log(Severity::Error, "a handler or a task panicked: a defect", &panic_fields(panic));
    }));
}

/// Where, and what the source says there. A message that was put together at run time is left out: it may quote an
/// address, a token or a database's row.
fn panic_fields(panic: &PanicHookInfo<'_>) -> Vec<(&'static str, Value)> {
    let place = panic.location().map_or(Cow::from("unknown"), |place| place.to_string().into());
    let mut fields = vec![("panic.location", Value::from(place))];
    if let Some(message) = panic.payload().downcast_ref::<&'static str>() {
        fields.push(("panic.message", Value::from(*message)));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request_log(project: Option<&str>) -> RequestLog {
        let trace = TraceContext {
            trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
            span_id: Some("00000000000000ff".to_owned()),
            sampled: true,
        };
        RequestLog::new("r-1".to_owned(), Some(trace), project.map(Arc::from))
    }

    /// The line as its reader parses it, without its time, which is checked to be one.
    fn parsed(text: &str) -> Value {
        let line = text.strip_suffix('\n').expect("a line has an end");
        assert!(!line.contains('\n'), "a line is one line: {line}");
        let mut value: Value = serde_json::from_str(line).expect("a line is JSON");
        let time = value.as_object_mut().and_then(|line| line.remove("time")).expect("a line has a time");
        OffsetDateTime::parse(time.as_str().expect("text"), &Rfc3339).expect("RFC 3339");
        value
    }

    #[test]
    fn a_requests_line_carries_its_trace_its_id_and_what_the_handler_kept() {
        let log = request_log(Some("streamly-test"));
        log.keep("webhook.outcome", "stale".into());
        log.keep("webhook.outcome", "applied".into());
        log.keep("severity", "made up".into());
        let line = log.last_line(Severity::Info, "POST /x 200", &[("response.status", 200.into())]);
        let expected = json!({
            "severity": "INFO",
            "message": "POST /x 200",
            "request.id": "r-1",
            "response.status": 200,
            "webhook.outcome": "applied",
            "logging.googleapis.com/trace": "projects/streamly-test/traces/0af7651916cd43dd8448eb211c80319c",
            "logging.googleapis.com/spanId": "00000000000000ff",
            "logging.googleapis.com/trace_sampled": true,
        });
        assert_eq!(parsed(&line), expected);
    }

    #[test]
    fn without_a_project_there_is_no_trace_to_link() {
        let line = request_log(None).line(Severity::Warning, "slow", &[]);
        assert_eq!(parsed(&line), json!({"severity": "WARNING", "message": "slow", "request.id": "r-1"}));
    }

    #[test]
    fn a_line_stays_one_line_whatever_a_client_wrote() {
        let fields = [("a.b", "\r\n".into())];
        let line = line(Severity::Error, "GET /a\nb\u{2028}\" {\0 404", &fields);
        assert_eq!(parsed(&text(&line))["message"], "GET /a\nb\u{2028}\" {\0 404");
    }

    #[test]
    fn a_chain_of_causes_is_one_line() {
        #[derive(Debug, thiserror::Error)]
        #[error("users::BY_ADDRESS failed")]
        struct Outer(#[source] std::io::Error);
        let error = Outer(std::io::Error::other("connection\nlost"));
        assert_eq!(chain(&error), "users::BY_ADDRESS failed: connection lost");
    }
}
