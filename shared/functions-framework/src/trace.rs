//! Which trace a request belongs to, read from what the platform or the caller sends.

use http::HeaderMap;

/// The trace a request belongs to (W3C `traceparent`, else `X-Cloud-Trace-Context`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// 32 lower-case hexadecimal digits.
    pub trace_id: String,
    /// 16 lower-case hexadecimal digits.
    pub span_id: Option<String>,
    /// Whether the trace is recorded.
    pub sampled: bool,
}

impl TraceContext {
    /// W3C Trace Context, else Google's older header.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        text("traceparent").and_then(w3c).or_else(|| text("x-cloud-trace-context").and_then(google))
    }
}

/// `VERSION-TRACE-SPAN-FLAGS`; a version later than 00 may say more after that (Trace Context, section 4.3).
fn w3c(text: &str) -> Option<TraceContext> {
    let parts: Vec<&str> = text.trim().split('-').collect();
    let [version, trace_id, span_id, flags, rest @ ..] = parts.as_slice() else { return None };
    let known = *version == "00" && rest.is_empty();
    let later = is_hex(version, 2) && *version != "00" && *version != "ff";
    if !(known || later) || !is_id(trace_id, 32) || !is_id(span_id, 16) || !is_hex(flags, 2) {
        return None;
    }
    let sampled = u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1);
    let (trace_id, span_id) = ((*trace_id).to_owned(), Some((*span_id).to_owned()));
    Some(TraceContext { trace_id, span_id, sampled })
}

/// `TRACE`, `TRACE/SPAN` or `TRACE/SPAN;o=1`, with the span in decimal.
fn google(text: &str) -> Option<TraceContext> {
    let (ids, options) = text.trim().split_once(';').unwrap_or((text.trim(), ""));
    let (trace_id, span) = ids.split_once('/').unwrap_or((ids, ""));
    let trace_id = trace_id.to_ascii_lowercase();
    let span = span.parse::<u64>().ok().filter(|span| *span != 0);
    is_id(&trace_id, 32).then(|| TraceContext {
        trace_id,
        span_id: span.map(|span| format!("{span:016x}")),
        sampled: options == "o=1",
    })
}

/// Lower-case hexadecimal digits, so many of them.
fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The same, and not all of them zero: that means none.
fn is_id(text: &str, length: usize) -> bool {
    is_hex(text, length) && text.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    #[track_caller]
    fn check(name: &'static str, value: &str, expected: Option<(&str, Option<&str>, bool)>) {
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static(name),
            HeaderValue::from_str(value).expect("a header value"),
        )]);
        let expected = expected.map(|(trace_id, span_id, sampled)| TraceContext {
            trace_id: trace_id.to_owned(),
            span_id: span_id.map(str::to_owned),
            sampled,
        });
        assert_eq!(TraceContext::read(&headers), expected, "{name}: {value}");
    }

    #[test]
    fn traceparent_is_read_as_the_standard_says() {
        let sampled = format!("00-{TRACE}-{SPAN}-01");
        check("traceparent", &sampled, Some((TRACE, Some(SPAN), true)));
        check("traceparent", &format!("00-{TRACE}-{SPAN}-00"), Some((TRACE, Some(SPAN), false)));
        check("traceparent", &format!("00-{TRACE}-{SPAN}-03"), Some((TRACE, Some(SPAN), true)));
        check("traceparent", &format!("01-{TRACE}-{SPAN}-01-more"), Some((TRACE, Some(SPAN), true)));
    }

    #[test]
    fn a_traceparent_that_breaks_the_standard_is_no_trace() {
        check("traceparent", "", None);
        check("traceparent", &format!("00-{TRACE}-{SPAN}-01-more"), None);
        check("traceparent", &format!("ff-{TRACE}-{SPAN}-01"), None);
        check("traceparent", &format!("00-{}-{SPAN}-01", TRACE.to_uppercase()), None);
        check("traceparent", &format!("00-{}-{SPAN}-01", "0".repeat(32)), None);
        check("traceparent", &format!("00-{TRACE}-{}-01", "0".repeat(16)), None);
        check("traceparent", &format!("00-{}-{SPAN}-01", &TRACE[1..]), None);
        check("traceparent", &format!("00-{TRACE}-{SPAN}-1"), None);
    }

    #[test]
    fn the_older_header_has_a_decimal_span() {
        check(
            "x-cloud-trace-context",
            &format!("{TRACE}/255;o=1"),
            Some((TRACE, Some("00000000000000ff"), true)),
        );
        check(
            "x-cloud-trace-context",
            &format!("{TRACE}/255"),
            Some((TRACE, Some("00000000000000ff"), false)),
        );
        check("x-cloud-trace-context", TRACE, Some((TRACE, None, false)));
        check("x-cloud-trace-context", &format!("{TRACE}/0;o=0"), Some((TRACE, None, false)));
        check("x-cloud-trace-context", &format!("{TRACE}/-1;o=1"), Some((TRACE, None, true)));
        check("x-cloud-trace-context", "not a trace/1;o=1", None);
    }

    #[test]
    fn traceparent_comes_first_and_the_older_header_stands_in_for_a_broken_one() {
        let both = |traceparent: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", HeaderValue::from_str(traceparent).expect("a header value"));
            headers.insert(
                "x-cloud-trace-context",
                HeaderValue::from_static("1af7651916cd43dd8448eb211c80319c"),
            );
            TraceContext::read(&headers).map(|trace| trace.trace_id)
        };
        assert_eq!(both(&format!("00-{TRACE}-{SPAN}-01")).as_deref(), Some(TRACE));
        assert_eq!(both("broken").as_deref(), Some("1af7651916cd43dd8448eb211c80319c"));
    }
}
