//! Where a title may be watched.

use crate::stage::{Stage, outcome, path};
use functions_framework::Request;
use http::{HeaderName, HeaderValue};
use streamly::ids::VideoId;
use testkit::{Video, ask, get};

const HEADER: &str = "x-client-region";
const BLOCKED: &str = "403 geo-blocked";
const SHOWN: &str = "200 full free";

fn from(video: VideoId, header: &'static str, values: &[&str]) -> Request {
    let mut request = get(&path(video));
    for value in values {
        let value = HeaderValue::from_str(value).expect("header text");
        request.headers_mut().append(HeaderName::from_static(header), value);
    }
    request
}

/// A free title with these rules, asked for from these countries.
async fn check(stage: &Stage, allowed: &str, blocked: &str, values: &[&str], expected: &str) {
    let video = stage.video(Video { access: "free", ..Video::default() }).await;
    stage.set(video, "allowed_countries", allowed).await;
    stage.set(video, "blocked_countries", blocked).await;
    let reply = ask(&stage.function, from(video, HEADER, values)).await;
    assert_eq!(outcome(&reply), expected, "{allowed} {blocked} {values:?}");
}

#[tokio::test]
async fn rules_are_held_against_the_one_header_of_the_load_balancer() {
    let stage = Stage::with(&[("GEO_COUNTRY_HEADER", "X-Client-Region")]).await;
    check(&stage, "null", "null", &["FR"], SHOWN).await;
    check(&stage, "null", "null", &[], SHOWN).await;
    check(&stage, "'{}'", "'{}'", &[], SHOWN).await;
    check(&stage, "'{GB,IE}'", "null", &["IE"], SHOWN).await;
    check(&stage, "'{GB,IE}'", "null", &["ie"], SHOWN).await;
    check(&stage, "'{GB,IE}'", "null", &["FR"], BLOCKED).await;
    check(&stage, "null", "'{FR}'", &["FR"], BLOCKED).await;
    check(&stage, "null", "'{FR}'", &["GB"], SHOWN).await;
    check(&stage, "'{FR}'", "'{FR}'", &["FR"], BLOCKED).await;
    check(&stage, "'{NULL}'", "null", &["GB"], BLOCKED).await;
}

#[tokio::test]
async fn any_rule_refuses_a_country_that_is_unknown() {
    let stage = Stage::with(&[("GEO_COUNTRY_HEADER", HEADER)]).await;
    for values in [&[][..], &[""], &["GBR"], &["G"], &["ZZ"], &["GB", "GB"], &["GB,GB"], &["1.2.3.4"]] {
        check(&stage, "'{GB}'", "null", values, BLOCKED).await;
        check(&stage, "null", "'{FR}'", values, BLOCKED).await;
    }
}

#[tokio::test]
async fn without_the_variable_no_header_names_a_country() {
    let stage = Stage::new().await;
    let video = stage.video(Video { access: "free", ..Video::default() }).await;
    stage.set(video, "allowed_countries", "'{GB}'").await;
    for header in
        ["x-client-region", "cf-ipcountry", "x-country-code", "x-appengine-country", "x-forwarded-for"]
    {
        assert_eq!(outcome(&ask(&stage.function, from(video, header, &["GB"])).await), BLOCKED, "{header}");
    }
}

#[tokio::test]
async fn rules_hold_for_previews_and_payers_and_come_after_the_right_to_watch() {
    let stage = Stage::with(&[("GEO_COUNTRY_HEADER", HEADER)]).await;
    let preview = stage.video(Video { preview_seconds: Some(60), ..Video::default() }).await;
    let gated = stage.video(Video { status: "preparing", ..Video::default() }).await;
    for video in [preview, gated] {
        stage.set(video, "blocked_countries", "'{FR}'").await;
    }
    let payer = stage.payer("premium").await;
    assert_eq!(outcome(&ask(&stage.function, from(preview, HEADER, &["FR"])).await), BLOCKED);
    assert_eq!(outcome(&ask(&stage.function, from(gated, HEADER, &["FR"])).await), "401 missing-token");
    let mut request = stage.request(&path(gated), &payer);
    request.headers_mut().insert(HEADER, HeaderValue::from_static("FR"));
    assert_eq!(outcome(&ask(&stage.function, request).await), BLOCKED);
    assert_eq!(stage.count("select count(*) from streams").await, 0);
}
