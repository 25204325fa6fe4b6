//! How long tokens live, and which of them are given out again.

use crate::stage::{Stage, claims, cloudflare, outcome, parts, path, seconds, signed_in};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use streamly::clock::Clock;
use streamly::video::token::Signatures;
use testkit::keys::{MUX_PRIVATE_KEY, MUX_SIGNING_KEY};
use testkit::{Reply, Subscription, Video, ask, get};

const UID: &str = "6b9e68b07dfee8cc2d116e4c51d6a957";

fn free(duration_seconds: Option<f64>) -> Video {
    Video { access: "free", duration_seconds, ..Video::default() }
}

fn end(reply: &Reply, token: &str) -> i64 {
    claims(reply, token)["exp"].as_i64().expect("a number")
}

async fn check(stage: &Stage, video: Video, life: i64) {
    let shown = format!("{video:?}");
    let reply = stage.anonymously(stage.video(video).await).await;
    assert_eq!(end(&reply, "playback") - stage.now, life, "{shown}");
    assert_eq!(seconds(&reply.json()["expires_at"]) - stage.now, life, "{shown}");
}

#[tokio::test]
async fn the_life_follows_the_length() {
    let stage = Stage::new().await;
    check(&stage, free(Some(5400.0)), 11_700).await;
    check(&stage, free(Some(10.0)), 3600).await;
    check(&stage, free(Some(30_000.0)), 43_200).await;
    check(&stage, free(Some(86_400.0)), 87_300).await;
    for unknown in [None, Some(-1.0), Some(0.0), Some(86_401.0), Some(f64::NAN), Some(f64::INFINITY)] {
        check(&stage, free(unknown), 21_600).await;
    }
    let preview = |preview_seconds, duration_seconds| Video {
        preview_seconds: Some(preview_seconds),
        duration_seconds,
        ..Video::default()
    };
    check(&stage, preview(120, Some(5400.0)), 3600).await;
    check(&stage, preview(3600, Some(5400.0)), 8100).await;
    check(&stage, preview(7200, Some(5400.0)), 11_700).await;
    check(&stage, preview(3600, None), 8100).await;
}

#[tokio::test]
async fn a_length_that_no_number_holds_is_unknown() {
    let stage = Stage::new().await;
    let video = stage.video(free(None)).await;
    for column in ["duration_seconds", "thumbnail_time"] {
        for value in ["1e400", "-1e400", "'NaN'"] {
            stage.set(video, column, value).await;
            let reply = stage.anonymously(video).await;
            assert_eq!(outcome(&reply), "200 full free", "{column} = {value}");
            assert!(reply.json()["duration_seconds"].is_null());
        }
    }
}

#[tokio::test]
async fn times_in_the_reply_are_those_of_the_tokens() {
    let stage = Stage::new().await;
    let reply = stage.anonymously(stage.video(free(Some(5400.0))).await).await;
    let body = reply.json();
    assert_eq!(seconds(&body["issued_at"]), stage.now);
    assert_eq!(seconds(&body["expires_at"]), stage.now + 11_700);
    assert_eq!(seconds(&body["refresh_after"]), stage.now + 9360);
    assert_eq!(end(&reply, "storyboard"), stage.now + 11_700);
    // The poster's end is the same for six hours and bounds nothing.
    assert_eq!(end(&reply, "thumbnail"), (stage.now / 21_600 + 5) * 21_600);
}

#[tokio::test]
async fn a_warm_answer_signs_nothing_and_two_viewers_get_the_same_tokens() {
    let stage = Stage::with(&cloudflare()).await;
    let capped = stage.video(Video::default()).await;
    let at_cloudflare =
        Video { provider: "cloudflare", playback_id: Some(UID.to_owned()), ..free(Some(5400.0)) };
    let (open, at_cloudflare) = (stage.video(free(Some(5400.0))).await, stage.video(at_cloudflare).await);
    let seconds = Arc::new(AtomicU64::new(u64::try_from(stage.now).expect("after 1970")));
    let clock = Clock::from_fn({
        let seconds = Arc::clone(&seconds);
        move || SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.load(Ordering::Relaxed))
    });
    let parts = parts(&stage.database, &cloudflare(), clock);
    let signatures = [
        parts.providers.mux.as_ref().expect("it is on").signatures().clone(),
        parts.providers.cloudflare.as_ref().expect("it is on").signatures().clone(),
    ];
    let function = playback::routes(parts);
    let (basic, yearly) = (stage.payer("basic").await, stage.payer("basic-yearly").await);
    // Playback, thumbnail and storyboard of two titles; one token of Cloudflare's. Within a quarter of a token's life of
    // 11,700 s, and within the six hours of a poster, no other is signed.
    let bucket = stage.now / 21_600 * 21_600;
    for (now, signed) in
        [(bucket, [6, 1]), (bucket + 60, [6, 1]), (bucket + 2_925, [6, 1]), (bucket + 2_926, [10, 2])]
    {
        // A caller's token is checked by the same clock.
        seconds.store(u64::try_from(now).expect("after 1970"), Ordering::Relaxed);
        let mut given = Vec::new();
        for person in [&basic, &yearly] {
            let mut tokens = Vec::new();
            for video in [capped, open, at_cloudflare] {
                let reply = ask(&function, signed_in(&path(video), person, now)).await;
                assert!(outcome(&reply).starts_with("200 full"), "{}", reply.text());
                tokens.push(reply.json()["tokens"].clone());
            }
            given.push(tokens);
        }
        stage.execute("update streams set ended_at = now()", &[]).await;
        assert_eq!(given[0], given[1]);
        assert_eq!(signatures.each_ref().map(Signatures::count), signed, "after {} s", now - bucket);
    }
}

#[tokio::test]
async fn a_cached_token_never_outlives_the_caller_who_gets_it() {
    let stage = Stage::new().await;
    let video = stage.video(Video::default()).await;
    let long = stage.payer("basic").await;
    let first = stage.as_person(video, &long).await;
    assert_eq!(end(&first, "playback"), stage.now + 11_700);
    let ending = Subscription { cancel_at: Some(10_000.0), ..Subscription::default() };
    let short = stage.subscriber(ending).await;
    let second = stage.as_person(video, &short).await;
    let until = seconds(&second.json()["entitlement"]["until"]);
    assert_eq!(end(&second, "playback"), until);
    assert!(until < stage.now + 11_700);
    assert_eq!(seconds(&second.json()["expires_at"]), until);
}

#[tokio::test]
async fn a_server_whose_clock_is_off_still_makes_tokens_that_are_valid_now() {
    let stage = Stage::new().await;
    let video = stage.video(free(Some(5400.0))).await;
    for wrong in [-600, 600] {
        let instance = stage.another(&[], stage.now + wrong);
        let reply = ask(&instance, get(&path(video))).await;
        let claims = claims(&reply, "playback");
        for absent in ["iat", "nbf", "iss"] {
            assert!(claims.get(absent).is_none(), "{absent}");
        }
        assert!(claims["exp"].as_i64().expect("a number") >= stage.now + 11_700 - 600);
    }
}

#[tokio::test]
async fn a_refresh_after_the_right_has_lapsed_is_refused() {
    let stage = Stage::new().await;
    let video = stage.video(Video::default()).await;
    let person = stage.payer("basic").await;
    let session = stage.as_person(video, &person).await.json()["session_id"].clone();
    stage
        .execute("update subscriptions set status = 'canceled' where user_id = $1", &[&person.id.uuid()])
        .await;
    let again = format!("{}?session_id={}", path(video), session.as_str().expect("an id"));
    let reply = ask(&stage.function, signed_in(&again, &person, stage.now)).await;
    assert_eq!(outcome(&reply), "403 subscription-lapsed");
}

#[tokio::test]
async fn a_new_key_stands_in_both_places_of_new_tokens() {
    let stage = Stage::new().await;
    let video = stage.video(free(Some(5400.0))).await;
    let kid = |reply: &Reply| {
        let (header, claims) = crate::stage::opened(&reply.json()["tokens"]["playback"]);
        assert_eq!(header["kid"], claims["kid"]);
        header["kid"].clone()
    };
    assert_eq!(kid(&stage.anonymously(video).await), MUX_SIGNING_KEY);
    let rotated =
        stage.another(&[("MUX_SIGNING_KEY", "newKey"), ("MUX_PRIVATE_KEY", MUX_PRIVATE_KEY)], stage.now);
    assert_eq!(kid(&ask(&rotated, get(&path(video))).await), "newKey");
}
