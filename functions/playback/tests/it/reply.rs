//! The whole answer, member by member.

use crate::stage::{Stage, claims, outcome, path, seconds, signed_in};
use http::{HeaderValue, header};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use testkit::{Video, ask};

#[tokio::test]
async fn every_member_is_there_with_its_value() {
    let stage = Stage::new().await;
    let person = stage.payer("basic").await;
    let video = stage.video(Video { playback_id: Some("DS00".to_owned()), ..Video::default() }).await;
    stage.set(video, "aspect_ratio", "'16:9'").await;
    let progress = "insert into watch_progress (user_id, video_id, position_seconds) values ($1, $2, 812)";
    stage.execute(progress, &[&person.id.uuid(), &video.uuid()]).await;
    let reply = stage.as_person(video, &person).await;
    assert_eq!(outcome(&reply), "200 full subscription");
    let mut body = reply.json();
    let members: BTreeSet<String> = body.as_object().expect("an object").keys().cloned().collect();
    let expected = [
        "aspect_ratio",
        "dash_url",
        "drm",
        "duration_seconds",
        "entitlement",
        "expires_at",
        "heartbeat_interval_seconds",
        "hls_url",
        "issued_at",
        "kind",
        "max_resolution",
        "playback_id",
        "poster_url",
        "provider",
        "refresh_after",
        "resume_position_seconds",
        "session_id",
        "storyboard_url",
        "tokens",
        "video_id",
    ];
    assert_eq!(members, expected.map(str::to_owned).into());
    let mut take = |member: &str| body.as_object_mut().expect("an object").remove(member).expect("a member");
    let (session, entitlement) = (take("session_id"), take("entitlement"));
    for checked_elsewhere in
        ["hls_url", "poster_url", "storyboard_url", "tokens", "expires_at", "refresh_after"]
    {
        assert!(!take(checked_elsewhere).is_null());
    }
    assert_eq!(
        body,
        json!({
            "video_id": video, "provider": "mux", "kind": "full", "playback_id": "DS00", "dash_url": null,
            "drm": null, "issued_at": rfc3339(stage.now), "duration_seconds": 5400.0, "aspect_ratio": "16:9",
            "max_resolution": "720p", "resume_position_seconds": 812.0, "heartbeat_interval_seconds": 60,
        })
    );
    let row = stage.owner.query_one("select id::text, user_id, video_id from streams", &[]).await;
    let row = row.expect("one play");
    assert_eq!(session, Value::from(row.get::<_, String>(0)));
    assert_eq!(entitlement["tier"], "basic");
    assert_eq!(entitlement["grace"], false);
    assert!(seconds(&entitlement["until"]) > stage.now);
    assert_eq!(entitlement.as_object().map(serde_json::Map::len), Some(4));
}

fn rfc3339(seconds: i64) -> String {
    time::OffsetDateTime::from_unix_timestamp(seconds)
        .expect("a time")
        .format(&time::format_description::well_known::Rfc3339)
        .expect("a text")
}

#[tokio::test]
async fn what_is_unknown_is_null() {
    let stage = Stage::new().await;
    let free = Video { access: "free", duration_seconds: None, ..Video::default() };
    let reply = stage.anonymously(stage.video(free).await).await;
    assert!(claims(&reply, "thumbnail").get("time").is_none());
    let body = reply.json();
    for member in [
        "duration_seconds",
        "aspect_ratio",
        "max_resolution",
        "resume_position_seconds",
        "session_id",
        "heartbeat_interval_seconds",
        "dash_url",
        "drm",
    ] {
        assert!(body[member].is_null(), "{member}");
    }
    assert_eq!(body["entitlement"], json!({"reason": "free", "tier": null, "until": null, "grace": false}));
}

#[tokio::test]
async fn the_answer_is_for_its_viewer_alone_and_its_addresses_are_not_told_on() {
    let stage = Stage::new().await;
    let free = stage.video(Video { access: "free", ..Video::default() }).await;
    let reply = stage.anonymously(free).await;
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("vary"), "Authorization, Origin");
    assert_eq!(reply.header("referrer-policy"), "no-referrer");
    assert_eq!(reply.header("content-type"), "application/json");
    assert!(reply.headers.get(header::ETAG).is_none());
    let refused = stage.anonymously(stage.video(Video::default()).await).await;
    assert_eq!(refused.header("cache-control"), "no-store");
    assert!(refused.headers.get(header::REFERRER_POLICY).is_none());
}

#[tokio::test]
async fn a_conditional_request_is_answered_in_full() {
    let stage = Stage::new().await;
    let free = stage.video(Video { access: "free", ..Video::default() }).await;
    let mut request = signed_in(&path(free), &stage.payer("basic").await, stage.now);
    for (name, value) in
        [(header::IF_NONE_MATCH, "*"), (header::IF_MODIFIED_SINCE, "Wed, 01 Jan 2031 00:00:00 GMT")]
    {
        request.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let reply = ask(&stage.function, request).await;
    assert_eq!(outcome(&reply), "200 full free");
    assert_eq!(reply.header("cache-control"), "no-store");
}
