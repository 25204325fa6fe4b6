//! Which path fits which pattern.

use super::*;
use crate::{Body, RequestExt};
use proptest::prelude::*;

#[track_caller]
fn check(pattern: &'static str, path: &str, expected: Option<&[(&str, &str)]>) {
    let found = matches(pattern, path).map(|parameters| parameters.0);
    let expected: Option<Vec<_>> =
        expected.map(|list| list.iter().map(|(name, value)| (*name, (*value).to_owned())).collect());
    assert_eq!(found, expected, "{pattern} {path}");
}

#[test]
fn a_path_fits_segment_by_segment() {
    check("/v1/login", "/v1/login", Some(&[]));
    check("/v1/videos/{video_id}/playback", "/v1/videos/7/playback", Some(&[("video_id", "7")]));
    check("/a/{x}/{y}", "/a/1/2", Some(&[("x", "1"), ("y", "2")]));
    for path in ["/v1/login/", "//v1/login", "/v1//login", "/v1/LOGIN", "/v1/log%69n", "/v1", "", "/", "*"] {
        check("/v1/login", path, None);
    }
    for path in ["/v1/videos//playback", "/v1/videos/7/playback/", "/v1/videos/7/8/playback", "/v1/videos/7"]
    {
        check("/v1/videos/{video_id}/playback", path, None);
    }
}

#[test]
fn a_parameter_is_decoded_once_and_never_loses_anything() {
    check("/{x}", "/a%20b", Some(&[("x", "a b")]));
    check("/{x}", "/a%2Fb", Some(&[("x", "a/b")]));
    check("/{x}", "/%2541", Some(&[("x", "%41")]));
    check("/{x}", "/a+b", Some(&[("x", "a+b")]));
    check("/{x}", "/%zz", Some(&[("x", "%zz")]));
    check("/{x}", "/%C3%A9", Some(&[("x", "é")]));
    check("/{x}", "/%FF", None);
    check("/{x}", "/%C3", None);
    check("/{x}", "/%ED%A0%80", None);
}

fn routes() -> Routes<()> {
    async fn answer(_: Arc<()>, request: Request) -> Result<String, Problem> {
        Ok(request.param("id").to_owned())
    }
    Routes::new(())
        .get("/things/{id}", answer)
        .delete("/things/{id}", answer)
        .get("/things/special", answer)
        .post("/things", answer)
}

#[test]
fn each_method_of_a_path_is_named_once() {
    let methods = routes().methods("/things/special");
    assert_eq!(methods, [Method::GET, Method::HEAD, Method::DELETE]);
    assert_eq!(routes().methods("/things"), [Method::POST]);
    assert!(routes().methods("/other").is_empty());
}

#[test]
fn the_list_is_what_was_added_in_its_order() {
    let listed: Vec<_> = routes().list().iter().map(|(method, path)| format!("{method} {path}")).collect();
    assert_eq!(listed, ["GET /things/{id}", "DELETE /things/{id}", "GET /things/special", "POST /things"]);
}

proptest! {
    #[test]
    fn no_path_makes_a_panic(path in r"(/|[a-z]|%[0-9A-Fa-f]{0,2}|\{|\}|é|\*|\?){0,20}") {
        let _ = routes().methods(&path);
    }

    #[test]
    fn a_value_survives_its_way_through_a_path(value in "[^\u{0}]{1,20}") {
        let encoded = percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC).to_string();
        let request = http::Request::builder().uri(format!("/things/{encoded}")).body(Body::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let reply = runtime.block_on(crate::call(&routes(), request.expect("a request")));
        prop_assert_eq!(reply.body().as_bytes(), value.as_bytes());
    }
}
