//! Mux and Cloudflare Stream: what their tokens say, and what is never served.

use crate::stage::{Stage, claims, cloudflare, opened, outcome, path};
use http::HeaderValue;
use serde_json::json;
use testkit::keys::MUX_SIGNING_KEY;
use testkit::{Reply, Subscription, Video, ask};

const UID: &str = "6b9e68b07dfee8cc2d116e4c51d6a957";

fn at_cloudflare(access: &'static str) -> Video {
    Video { provider: "cloudflare", playback_id: Some(UID.to_owned()), access, ..Video::default() }
}

fn text(reply: &Reply, member: &str) -> String {
    reply.json()[member].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn muxs_tokens_say_exactly_this() {
    let stage = Stage::new().await;
    let video = stage.video(Video { playback_id: Some("DS00".to_owned()), ..Video::default() }).await;
    stage.set(video, "playback_restriction_id", "'restriction1'").await;
    stage.set(video, "thumbnail_time", "2").await;
    let reply = stage.as_person(video, &stage.payer("basic").await).await;
    assert_eq!(outcome(&reply), "200 full subscription");
    let tokens = &reply.json()["tokens"];
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": MUX_SIGNING_KEY});
    let poster_end = (stage.now / 21_600 + 5) * 21_600;
    for (token, claims) in [
        (
            "playback",
            json!({"kid": MUX_SIGNING_KEY, "sub": "DS00", "aud": "v", "exp": stage.now + 11_700,
                   "max_resolution": "720p", "playback_restriction_id": "restriction1"}),
        ),
        (
            "thumbnail",
            json!({"kid": MUX_SIGNING_KEY, "sub": "DS00", "aud": "t", "exp": poster_end,
                   "time": "2", "width": "640"}),
        ),
        ("storyboard", json!({"kid": MUX_SIGNING_KEY, "sub": "DS00", "aud": "s", "exp": stage.now + 11_700})),
    ] {
        assert_eq!(opened(&tokens[token]), (header.clone(), claims));
    }
    assert!(tokens["drm"].is_null());
    let url = |base: &str, token: &str| format!("{base}{}", tokens[token].as_str().expect("a token"));
    assert_eq!(text(&reply, "hls_url"), url("https://stream.mux.com/DS00.m3u8?token=", "playback"));
    assert_eq!(
        text(&reply, "poster_url"),
        url("https://image.mux.com/DS00/thumbnail.webp?token=", "thumbnail")
    );
    assert_eq!(
        text(&reply, "storyboard_url"),
        url("https://image.mux.com/DS00/storyboard.vtt?token=", "storyboard")
    );
    assert!(reply.json()["dash_url"].is_null());
    assert_eq!(text(&reply, "max_resolution"), "720p");
}

#[tokio::test]
async fn a_token_tells_nothing_of_its_viewer() {
    let stage = Stage::new().await;
    let person = stage.payer("premium").await;
    let reply = stage.as_person(stage.video(Video::default()).await, &person).await;
    for token in ["playback", "thumbnail", "storyboard"] {
        let (header, claims) = opened(&reply.json()["tokens"][token]);
        let all = format!("{header} {claims}");
        for secret in [person.id.to_string(), person.session.to_string(), person.email.clone()] {
            assert!(!all.contains(&secret), "{all}");
        }
        assert!(!all.contains(&text(&reply, "session_id")));
    }
}

#[tokio::test]
async fn muxs_places_are_the_operators_to_choose() {
    let bases =
        [("MUX_STREAM_BASE_URL", "http://127.0.0.1:9/"), ("MUX_IMAGE_BASE_URL", "https://img.test/x")];
    let stage = Stage::with(&bases).await;
    let free = Video { access: "free", playback_id: Some("DS00".to_owned()), ..Video::default() };
    let reply = stage.anonymously(stage.video(free).await).await;
    assert!(text(&reply, "hls_url").starts_with("http://127.0.0.1:9/DS00.m3u8?token="));
    assert!(text(&reply, "poster_url").starts_with("https://img.test/x/DS00/thumbnail.webp?token="));
}

#[tokio::test]
async fn cloudflares_token_says_exactly_this_and_stands_in_the_path() {
    let stage = Stage::with(&cloudflare()).await;
    let video = stage.video(at_cloudflare("members")).await;
    let reply = stage.as_person(video, &stage.payer("basic").await).await;
    assert_eq!(outcome(&reply), "200 full subscription");
    let body = reply.json();
    assert_eq!(
        opened(&body["tokens"]["playback"]),
        (
            json!({"alg": "RS256", "kid": "cloudflareKey"}),
            json!({"sub": UID, "kid": "cloudflareKey", "exp": stage.now + 11_700}),
        )
    );
    for absent in ["thumbnail", "storyboard", "drm"] {
        assert!(body["tokens"][absent].is_null(), "{absent}");
    }
    let token = body["tokens"]["playback"].as_str().expect("a token");
    let base = format!("https://customer-abc.cloudflarestream.com/{token}");
    assert_eq!(body["provider"], "cloudflare");
    assert_eq!(body["playback_id"], UID);
    assert_eq!(text(&reply, "hls_url"), format!("{base}/manifest/video.m3u8"));
    assert_eq!(text(&reply, "dash_url"), format!("{base}/manifest/video.mpd"));
    assert!(text(&reply, "poster_url").starts_with(&format!("{base}/thumbnails/thumbnail.jpg?")));
    assert!(body["storyboard_url"].is_null());
    // The plan says 720p, which such a token cannot enforce.
    assert!(body["max_resolution"].is_null());
}

#[tokio::test]
async fn cloudflares_token_carries_the_geographic_rules() {
    let stage = Stage::with(&[&cloudflare()[..], &[("GEO_COUNTRY_HEADER", "x-region")]].concat()).await;
    let video = stage.video(at_cloudflare("free")).await;
    stage.set(video, "allowed_countries", "'{GB,IE}'").await;
    stage.set(video, "blocked_countries", "'{FR}'").await;
    let mut request = testkit::get(&path(video));
    request.headers_mut().insert("x-region", HeaderValue::from_static("GB"));
    let reply = ask(&stage.function, request).await;
    assert_eq!(
        claims(&reply, "playback")["accessRules"],
        json!([
            {"type": "ip.geoip.country", "action": "block", "country": ["FR"]},
            {"type": "ip.geoip.country", "action": "allow", "country": ["GB", "IE"]},
            {"type": "any", "action": "block"},
        ])
    );
}

#[tokio::test]
async fn cloudflares_token_ends_within_a_day_of_signing() {
    let stage = Stage::with(&cloudflare()).await;
    for (duration, life) in [(85_440.0, 86_340), (86_400.0, 86_340), (5400.0, 11_700)] {
        let video = Video { duration_seconds: Some(duration), ..at_cloudflare("free") };
        let reply = stage.anonymously(stage.video(video).await).await;
        assert_eq!(claims(&reply, "playback")["exp"], stage.now + life);
    }
}

#[tokio::test]
async fn a_free_title_that_is_public_at_its_provider_has_bare_addresses() {
    let stage = Stage::with(&cloudflare()).await;
    let public = |video| Video { playback_policy: Some("public"), access: "free", ..video };
    let mux = Video { playback_id: Some("DS00".to_owned()), ..Video::default() };
    let reply = stage.anonymously(stage.video(public(mux)).await).await;
    assert_eq!(outcome(&reply), "200 full free");
    let none = json!({"playback": null, "thumbnail": null, "storyboard": null, "drm": null});
    assert_eq!(reply.json()["tokens"], none);
    assert_eq!(text(&reply, "hls_url"), "https://stream.mux.com/DS00.m3u8");
    assert_eq!(text(&reply, "poster_url"), "https://image.mux.com/DS00/thumbnail.webp?width=640");
    assert_eq!(text(&reply, "storyboard_url"), "https://image.mux.com/DS00/storyboard.vtt");
    assert_eq!(crate::stage::seconds(&reply.json()["expires_at"]), stage.now + 11_700);
    let reply = stage.anonymously(stage.video(public(at_cloudflare("free"))).await).await;
    assert_eq!(reply.json()["tokens"], none);
    let base = format!("https://customer-abc.cloudflarestream.com/{UID}");
    assert_eq!(text(&reply, "hls_url"), format!("{base}/manifest/video.m3u8"));
    assert_eq!(text(&reply, "dash_url"), format!("{base}/manifest/video.mpd"));
}

/// A title that is ready for a payer, and yet cannot be served: 503, no token, no play.
async fn check_unservable(changes: &[(&str, &str)], video: Video) {
    let stage = Stage::with(changes).await;
    let person = stage.payer("premium").await;
    let shown = format!("{video:?}");
    let video = stage.video(video).await;
    let reply = stage.as_person(video, &person).await;
    assert_eq!(outcome(&reply), "503 unavailable", "{shown}");
    assert_eq!(reply.header("retry-after"), "1");
    for leak in ["stream.mux.com", "cloudflarestream", "configured", "playback id", "licence"] {
        assert!(!reply.text().contains(leak), "{}", reply.text());
    }
    assert_eq!(stage.count("select count(*) from streams").await, 0);
}

#[tokio::test]
async fn what_cannot_be_served_safely_is_not_served() {
    let public = Video { playback_policy: Some("public"), ..Video::default() };
    check_unservable(&[], public.clone()).await;
    check_unservable(&[], Video { preview_seconds: Some(60), ..public }).await;
    check_unservable(&[], Video { playback_policy: Some("drm"), ..Video::default() }).await;
    check_unservable(&[], Video { playback_id: None, ..Video::default() }).await;
    check_unservable(&[], at_cloudflare("members")).await;
    check_unservable(&[], Video { playback_policy: Some("public"), ..at_cloudflare("free") }).await;
    let without_mux = [&cloudflare()[..], &[("MUX_SIGNING_KEY", ""), ("MUX_PRIVATE_KEY", "")]].concat();
    check_unservable(&without_mux, Video::default()).await;
}

#[tokio::test]
async fn a_playback_id_of_another_shape_is_never_signed() {
    let stage = Stage::new().await;
    let person = stage.payer("premium").await;
    let video = stage.video(Video::default()).await;
    // The table's own check stands in the way of such a row; what is signed is checked all the same.
    stage
        .owner
        .batch_execute("alter table videos drop constraint videos_playback_id_check")
        .await
        .expect("dropped");
    for id in ["''", "'../DS00'", "'DS00?token=x'", "'DS00.m3u8'", "repeat('a', 129)"] {
        stage.set(video, "playback_id", id).await;
        assert_eq!(outcome(&stage.as_person(video, &person).await), "503 unavailable", "{id}");
    }
    stage.set(video, "playback_id", "repeat('a', 128)").await;
    assert_eq!(outcome(&stage.as_person(video, &person).await), "200 full subscription");
}

#[tokio::test]
async fn the_titles_of_one_provider_play_where_the_other_is_off() {
    let without_mux = [&cloudflare()[..], &[("MUX_SIGNING_KEY", ""), ("MUX_PRIVATE_KEY", "")]].concat();
    let stage = Stage::with(&without_mux).await;
    let person = stage.subscriber(Subscription::default()).await;
    let video = stage.video(at_cloudflare("members")).await;
    assert_eq!(outcome(&stage.as_person(video, &person).await), "200 full subscription");
}

#[tokio::test]
async fn a_row_that_does_not_say_its_policy_is_signed() {
    let stage = Stage::new().await;
    let free = Video { playback_policy: None, access: "free", ..Video::default() };
    let reply = stage.anonymously(stage.video(free).await).await;
    assert!(text(&reply, "hls_url").contains("?token="));
}
