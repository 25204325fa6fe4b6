//! Bearer tokens, forwarded addresses, queries and media types, as clients and proxies send them.

use super::*;
use crate::Body;
use http::HeaderValue;
use proptest::prelude::*;

fn request(headers: &[(&'static str, &[u8])]) -> Request {
    let mut request = Request::new(Body::default());
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value).expect("a header value");
        request.headers_mut().append(*name, value);
    }
    request
}

#[track_caller]
fn check_bearer(values: &[&[u8]], expected: Bearer<'_>) {
    let lines: Vec<_> = values.iter().map(|value| ("authorization", *value)).collect();
    assert_eq!(request(&lines).bearer(&header::AUTHORIZATION), expected);
}

#[test]
fn a_bearer_token_is_one_line_of_its_scheme() {
    check_bearer(&[b"Bearer abc"], Bearer::Token("abc"));
    check_bearer(&[b"bearer abc"], Bearer::Token("abc"));
    check_bearer(&[b"BEARER   abc"], Bearer::Token("abc"));
    check_bearer(&[b"Bearer a b"], Bearer::Token("a b"));
}

#[test]
fn what_carries_no_credentials_is_absent() {
    check_bearer(&[], Bearer::Absent);
    for value in ["", "Bearer", "Bearer ", "Bearer    ", "Basic YTpi", "Bearerabc", "Bearer\tabc", "token"] {
        check_bearer(&[value.as_bytes()], Bearer::Absent);
    }
}

#[test]
fn what_two_readers_could_read_differently_is_ambiguous() {
    check_bearer(&[b"Bearer a", b"Bearer a"], Bearer::Ambiguous);
    check_bearer(&[b"Basic a", b"Bearer a"], Bearer::Ambiguous);
    check_bearer(&[b"Bearer \xff"], Bearer::Ambiguous);
}

#[test]
fn only_the_named_header_is_read() {
    let request =
        request(&[("authorization", b"Bearer platform"), ("x-forwarded-authorization", b"Bearer caller")]);
    let forwarded = HeaderName::from_static("x-forwarded-authorization");
    assert_eq!(request.bearer(&forwarded), Bearer::Token("caller"));
    assert_eq!(request.bearer(&HeaderName::from_static("x-other")), Bearer::Absent);
}

#[test]
fn a_route_that_needs_a_token_says_which_failure_it_is() {
    let slug = |result: Result<&str, Problem>| result.err().map(|problem| problem.kind().slug);
    let name = &header::AUTHORIZATION;
    assert_eq!(slug(request(&[]).required_bearer(name)), Some("missing-token"));
    let twice = request(&[("authorization", b"Bearer a"), ("authorization", b"Bearer b")]);
    assert_eq!(slug(twice.required_bearer(name)), Some("invalid-token"));
    assert_eq!(twice.optional_bearer(name).err().map(|problem| problem.kind().slug), Some("invalid-token"));
    assert_eq!(request(&[]).optional_bearer(name).ok(), Some(None));
    assert_eq!(request(&[("authorization", b"Bearer a")]).required_bearer(name).ok(), Some("a"));
}

#[track_caller]
fn check_address(lines: &[&[u8]], hops: usize, expected: Option<&str>) {
    let lines: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
    let mut request = request(&lines);
    request.extensions_mut().insert(SocketAddr::from(([192, 0, 2, 9], 4711)));
    assert_eq!(request.client_address(hops).map(|address| address.to_string()).as_deref(), expected);
}

#[test]
fn the_address_is_counted_from_the_right_over_all_lines() {
    check_address(&[b"198.51.100.1"], 1, Some("198.51.100.1"));
    check_address(&[b"198.51.100.1, 198.51.100.2"], 1, Some("198.51.100.2"));
    check_address(&[b"198.51.100.1, 198.51.100.2"], 2, Some("198.51.100.1"));
    check_address(&[b"198.51.100.1", b"198.51.100.2,198.51.100.3"], 3, Some("198.51.100.1"));
    check_address(&[b"2001:db8::1"], 1, Some("2001:db8::1"));
    check_address(&[b"::ffff:198.51.100.1"], 1, Some("198.51.100.1"));
}

#[test]
fn without_hops_the_peer_is_the_client_whatever_it_claims() {
    check_address(&[b"198.51.100.1"], 0, Some("192.0.2.9"));
    check_address(&[], 0, Some("192.0.2.9"));
    assert_eq!(request(&[]).client_address(0), None);
}

#[test]
fn a_list_that_is_short_or_unreadable_names_nobody() {
    check_address(&[], 1, None);
    check_address(&[b"198.51.100.1"], 2, None);
    check_address(&[b"198.51.100.1"], usize::MAX, None);
    check_address(&[b""], 1, None);
    check_address(&[b"198.51.100.1,"], 1, None);
    check_address(&[b"unknown, x"], 1, None);
    check_address(&[b"198.51.100.1:443"], 1, None);
    check_address(&[b"\xff, 198.51.100.1"], 1, None);
}

#[track_caller]
fn check_media_type(values: &[&[u8]], expected: bool) {
    let lines: Vec<_> = values.iter().map(|value| ("content-type", *value)).collect();
    assert_eq!(is_json(request(&lines).headers()), expected, "{values:?}");
}

#[test]
fn only_one_line_of_application_json_is_json() {
    check_media_type(&[b"application/json"], true);
    check_media_type(&[b"Application/JSON; charset=utf-8"], true);
    check_media_type(&[b"application/json;"], true);
    check_media_type(&[], false);
    check_media_type(&[b""], false);
    check_media_type(&[b"text/plain"], false);
    check_media_type(&[b"application/jsonp"], false);
    check_media_type(&[b"application/problem+json"], false);
    check_media_type(&[b"text/plain, application/json"], false);
    check_media_type(&[b"application/json", b"application/json"], false);
    check_media_type(&[b"application/json", b"text/plain"], false);
    check_media_type(&[b"application/json; \xff"], false);
}

#[test]
fn every_value_of_a_query_parameter_is_seen() {
    let mut request = request(&[]);
    *request.uri_mut() = "/x?a=1&b=%41+b&a=&a".parse().expect("a target");
    assert_eq!(request.query("a"), ["1", "", ""]);
    assert_eq!(request.query("b"), ["A b"]);
    assert!(request.query("c").is_empty());
}

#[test]
fn a_request_made_by_hand_has_nothing_to_tell_and_loses_nothing() {
    let request = request(&[]);
    request.log_field("a.b", 1);
    assert_eq!((request.request_id(), request.trace(), request.param("id")), ("", None, ""));
}

proptest! {
    #[test]
    fn no_header_makes_a_panic(
        bytes in prop::collection::vec((0x20_u8..=0xff).prop_filter("a header byte", |byte| *byte != 0x7f), 0..64),
        hops in 0_usize..4,
    ) {
        let request = request(&[
            ("authorization", &bytes), ("x-forwarded-for", &bytes), ("content-type", &bytes), ("traceparent", &bytes),
            ("x-cloud-trace-context", &bytes),
        ]);
        let _ = request.client_address(hops);
        let _ = is_json(request.headers());
        let _ = TraceContext::read(request.headers());
        if let Bearer::Token(token) = request.bearer(&header::AUTHORIZATION) {
            prop_assert!(!token.is_empty() && !token.starts_with(' '));
        }
    }

    #[test]
    fn an_address_is_found_however_many_entries_a_client_puts_before_it(
        forged in prop::collection::vec("[ -~]{0,12}", 0..5),
    ) {
        let list = forged.iter().map(String::as_str).chain(["203.0.113.7"]).collect::<Vec<_>>().join(",");
        let found = request(&[("x-forwarded-for", list.as_bytes())]).client_address(1);
        prop_assert_eq!(found, Some(IpAddr::from([203, 0, 113, 7])));
    }
}
