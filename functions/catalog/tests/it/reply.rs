//! What a reply holds and who may keep it.

use functions_framework::Request;
use http::{HeaderValue, Method, header};
use serde_json::{Value, json};
use testkit::{Person, Reply, Video, ask, authorized, get, post};

use crate::suite::{LIST, Suite};

fn with_authorization(value: &str) -> Request {
    let mut request = get(LIST);
    request.headers_mut().append(header::AUTHORIZATION, HeaderValue::from_str(value).expect("header text"));
    request
}

#[track_caller]
fn check(reply: &Reply, status: u16, keeping: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert_eq!(reply.header("cache-control"), keeping);
    if status == 200 {
        assert_eq!(reply.header("vary"), "Authorization, Origin");
    }
}

#[tokio::test]
async fn a_title_says_exactly_this() {
    let suite = Suite::new().await;
    let video = suite
        .add(Video {
            title: "The Loom",
            description: Some("A weaver."),
            access: "tier",
            min_tier: Some("premium"),
            preview_seconds: Some(60),
            status: "preparing",
            ..Video::default()
        })
        .await;
    suite.set(video, "aspect_ratio", "'16:9'").await;
    suite.set(video, "published_at", "'2026-11-01T12:30:00.5Z'").await;
    let mut expected = json!({
        "id": video.to_string(), "title": "The Loom", "description": "A weaver.", "duration_seconds": 5400.0,
        "aspect_ratio": "16:9", "access": "tier", "min_tier": "premium", "preview_seconds": 60, "status": "preparing",
        "poster_url": null, "published_at": "2026-11-01T12:30:00.5Z",
    });
    assert_eq!(suite.get(&format!("{LIST}/{video}")).await.json(), expected);
    assert_eq!(suite.page("").await, json!({"videos": [expected], "next_cursor": null}));
    for (column, value, member) in [
        ("description", "null", "description"),
        ("duration_seconds", "-1", "duration_seconds"),
        ("aspect_ratio", "null", "aspect_ratio"),
        ("preview_seconds", "0", "preview_seconds"),
    ] {
        suite.set(video, column, value).await;
        expected[member] = Value::Null;
        assert_eq!(suite.get(&format!("{LIST}/{video}")).await.json(), expected, "{column} = {value}");
    }
    suite.set(video, "access", "'free'").await;
    (expected["access"], expected["min_tier"]) = ("free".into(), Value::Null);
    assert_eq!(suite.get(&format!("{LIST}/{video}")).await.json(), expected);
}

#[tokio::test]
async fn without_a_token_it_may_be_kept_for_a_minute_and_with_one_not_at_all() {
    let suite = Suite::new().await;
    let video = suite.add(Video::default()).await;
    let person = Person::new(&suite.owner).await;
    for path in
        [LIST.to_owned(), format!("{LIST}?q=film"), format!("{LIST}?q=%21"), format!("{LIST}/{video}")]
    {
        let anonymous = suite.get(&path).await;
        check(&anonymous, 200, "public, max-age=60");
        let signed_in = ask(&suite.function, authorized(&person, get(&path))).await;
        check(&signed_in, 200, "no-store");
        assert_eq!(signed_in.body, anonymous.body);
    }
    for refused in ["?limit=0", "?cursor=x", "/x"] {
        check(
            &suite.get(&format!("{LIST}{refused}")).await,
            suite.get(&format!("{LIST}{refused}")).await.status.as_u16(),
            "no-store",
        );
    }
}

#[tokio::test]
async fn a_token_that_is_sent_must_hold() {
    let suite = Suite::new().await;
    let person = Person::new(&suite.owner).await;
    for bad in ["Bearer nonsense", "Bearer a.b.c", &testkit::bearer_at(&person, 1_600_000_000)] {
        let reply = ask(&suite.function, with_authorization(bad)).await;
        check(&reply, 401, "no-store");
        assert_eq!(reply.slug(), "invalid-token");
    }
    let mut twice = with_authorization(&testkit::bearer(&person));
    twice.headers_mut().append(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
    check(&ask(&suite.function, twice).await, 401, "no-store");
    for none in ["Basic dTpw", "Bearer", "Bearer "] {
        check(&ask(&suite.function, with_authorization(none)).await, 200, "public, max-age=60");
    }
}

#[tokio::test]
async fn it_is_for_reading() {
    let suite = Suite::with(&[("CORS_ALLOWED_ORIGINS", "https://app.test")]).await;
    let video = suite.add(Video::default()).await;
    for path in [LIST.to_owned(), format!("{LIST}/{video}")] {
        let reply = ask(&suite.function, post(&path, &json!({}))).await;
        assert_eq!(reply.outcome(), (405, "method-not-allowed".to_owned()));
        let mut head = get(&path);
        *head.method_mut() = Method::HEAD;
        let reply = ask(&suite.function, head).await;
        assert_eq!((reply.status.as_u16(), reply.body.len()), (200, 0));
        for (origin, allowed) in [("https://app.test", "https://app.test"), ("https://evil.test", "")] {
            let mut request = get(&path);
            request.headers_mut().insert(header::ORIGIN, HeaderValue::from_static(origin));
            let reply = ask(&suite.function, request).await;
            assert_eq!(reply.header("access-control-allow-origin"), allowed);
        }
    }
}
