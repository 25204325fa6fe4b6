//! The reader of `Authorization`. An input is the header's lines.

use functions_framework::{Bearer, Body, Request, RequestExt};
use http::{HeaderValue, header};

/// What is read is what the rule below reads, letter by letter.
pub fn check(data: &[u8]) -> bool {
    let mut request = Request::new(Body::default());
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let lines = if data.is_empty() { Vec::new() } else { lines };
    for line in &lines {
        // What no header can hold never reaches the reader.
        let Ok(value) = HeaderValue::from_bytes(line) else { return false };
        request.headers_mut().append(header::AUTHORIZATION, value);
    }
    let read = request.bearer(&header::AUTHORIZATION);
    assert_eq!(read, expected(&lines));
    assert_eq!(request.bearer(&header::PROXY_AUTHORIZATION), Bearer::Absent);
    assert_eq!(request.required_bearer(&header::AUTHORIZATION).is_ok(), matches!(read, Bearer::Token(_)));
    matches!(read, Bearer::Token(_))
}

/// The rule: one line of visible ASCII; `bearer` in any letter case, one space or more, and something.
fn expected<'a>(lines: &[&'a [u8]]) -> Bearer<'a> {
    let [line] = lines else { return if lines.is_empty() { Bearer::Absent } else { Bearer::Ambiguous } };
    let visible = line.iter().all(|byte| (b' '..=b'~').contains(byte) || *byte == b'\t');
    let Some(line) = std::str::from_utf8(line).ok().filter(|_| visible) else { return Bearer::Ambiguous };
    let (scheme, rest) = line.split_at(line.len().min(6));
    let token = rest.trim_start_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") && rest.len() > token.len() && !token.is_empty() {
        Bearer::Token(token)
    } else {
        Bearer::Absent
    }
}
