//! Before anything is believed: signature, age, method, size, form; and the variables.

use functions_framework::env;
use http::{Method, header};
use serde_json::json;
use testkit::{Database, ask, variables};
use video_webhook::Config;

use crate::world::{CLOUDFLARE, MUX, Pen, UID, World, asset, mux_event, outcome, stream_video};

/// An event of this provider's about a title that waits for it.
async fn event(world: &World, pen: &Pen) -> Vec<u8> {
    let event = if pen.path == MUX.path {
        let video = world.waiting("members").await;
        mux_event("evt_1", "video.asset.ready", world.now, &asset(&video, "ready"))
    } else {
        world.waiting_at_cloudflare(UID, "members").await;
        stream_video("ready", "2026-11-23T01:00:00Z")
    };
    event.to_string().into_bytes()
}

/// A delivery with these lines of the header over this body.
async fn check(world: &World, pen: &Pen, lines: &[&str], body: &[u8], expected: (u16, &str)) {
    let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    let reply = ask(&world.webhook, pen.request(body, &lines)).await;
    assert_eq!(outcome(&reply), (expected.0, expected.1.to_owned()), "{pen:?}: {lines:?}");
}

#[tokio::test]
async fn a_signature_that_does_not_hold_leaves_nothing_behind() {
    for (pen, other) in [(MUX, CLOUDFLARE), (CLOUDFLARE, MUX)] {
        let world = World::new().await;
        let body = event(&world, &pen).await;
        let good = pen.signature(pen.secret, world.now, &body);
        let refused = (400, "invalid-signature");
        check(&world, &pen, &[], &body, refused).await;
        check(&world, &pen, &[""], &body, refused).await;
        check(&world, &pen, &["garbage"], &body, refused).await;
        check(&world, &pen, &[&good, &good], &body, refused).await;
        check(&world, &pen, &[&good.to_uppercase()], &body, refused).await;
        check(&world, &pen, &[&good[..good.len() - 1]], &body, refused).await;
        check(&world, &pen, &[&pen.signature(other.secret, world.now, &body)], &body, refused).await;
        check(&world, &pen, &[&other.signature(pen.secret, world.now, &body)], &body, refused).await;
        check(&world, &pen, &[&good], &[&body[..], b" "].concat(), refused).await;
        check(&world, &pen, &[&good], &[b" ", &body[..]].concat(), refused).await;
        for age in [301, -301] {
            let line = pen.signature(pen.secret, world.now - age, &body);
            check(&world, &pen, &[&line], &body, refused).await;
        }
        // Unsigned nonsense is told apart from unsigned JSON by nothing.
        check(&world, &pen, &["t=1,v1=00"], b"{\"id\":", refused).await;
        assert_eq!(world.rows().await, (0, 1));
        for age in [300, -300] {
            let line = pen.signature(pen.secret, world.now - age, &body);
            check(&world, &pen, &[&line], &body, (200, if age > 0 { "applied" } else { "duplicate" })).await;
        }
        assert_eq!(world.rows().await, (1, 1));
    }
}

#[tokio::test]
async fn a_signature_of_one_provider_is_worth_nothing_at_the_other() {
    let world = World::with(&[("CLOUDFLARE_WEBHOOK_SECRET", MUX.secret)]).await;
    let body = event(&world, &MUX).await;
    let mut request = world.signed(&MUX, &body);
    *request.uri_mut() = CLOUDFLARE.path.parse().expect("a path");
    assert_eq!(outcome(&ask(&world.webhook, request).await), (400, "invalid-signature".to_owned()));
}

#[tokio::test]
async fn both_secrets_of_a_roll_are_good_and_one_of_several_signatures_is_enough() {
    for (pen, name) in [(MUX, "MUX_WEBHOOK_SECRET"), (CLOUDFLARE, "CLOUDFLARE_WEBHOOK_SECRET")] {
        let world = World::with(&[(name, &format!("new, {}", pen.secret))]).await;
        let body = event(&world, &pen).await;
        let old = pen.signature(pen.secret, world.now, &body);
        check(&world, &pen, &[&old], &body, (200, "applied")).await;
        let new = pen.signature("new", world.now, &body);
        check(&world, &pen, &[&new], &body, (200, "duplicate")).await;
        let wrong = pen.signature("another", world.now, &body);
        let both = format!("{wrong},{}", new.split_once(',').expect("two parts").1);
        check(&world, &pen, &[&both], &body, (200, "duplicate")).await;
    }
}

#[tokio::test]
async fn a_provider_without_a_secret_is_off_and_the_other_goes_on() {
    let world = World::with(&[("MUX_WEBHOOK_SECRET", "")]).await;
    let body = event(&world, &MUX).await;
    assert_eq!(
        outcome(&ask(&world.webhook, world.signed(&MUX, &body)).await),
        (400, "invalid-signature".to_owned())
    );
    // Nor does an empty secret sign anything.
    let empty = MUX.request(&body, &[MUX.signature("", world.now, &body)]);
    assert_eq!(outcome(&ask(&world.webhook, empty).await), (400, "invalid-signature".to_owned()));
    let body = event(&world, &CLOUDFLARE).await;
    assert_eq!(
        outcome(&ask(&world.webhook, world.signed(&CLOUDFLARE, &body)).await),
        (200, "applied".to_owned())
    );
}

#[tokio::test]
async fn a_body_may_be_a_mebibyte_of_any_type() {
    let world = World::new().await;
    let video = world.waiting("members").await;
    let padded = |size: usize| {
        let told = |padding: String| {
            let mut data = asset(&video, "ready");
            data["meta"] = json!({"title": padding});
            mux_event("evt_1", "video.asset.ready", world.now, &data).to_string()
        };
        told("x".repeat(size - told(String::new()).len())).into_bytes()
    };
    let reply = ask(&world.webhook, world.signed(&MUX, &padded(1024 * 1024 + 1))).await;
    assert_eq!(outcome(&reply), (413, "payload-too-large".to_owned()));
    assert_eq!(world.rows().await, (0, 1));
    let mut largest = world.signed(&MUX, &padded(1024 * 1024));
    largest.headers_mut().insert(header::CONTENT_TYPE, "text/plain".parse().expect("a type"));
    assert_eq!(outcome(&ask(&world.webhook, largest).await), (200, "applied".to_owned()));
    for pen in [MUX, CLOUDFLARE] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let mut other = world.signed(&pen, b"{}");
            *other.method_mut() = method;
            assert_eq!(outcome(&ask(&world.webhook, other).await), (405, "method-not-allowed".to_owned()));
        }
    }
}

#[tokio::test]
async fn only_what_is_no_event_at_all_is_refused_after_a_good_signature() {
    let world = World::new().await;
    let deep = "[".repeat(500_000);
    let refused = [
        "",
        "{\"id\":",
        "[]",
        "null",
        "{}",
        "\u{feff}{}",
        "{\"id\":\"evt_1\"}",
        "{\"type\":\"video.asset.ready\"}",
        &deep,
    ];
    for pen in [MUX, CLOUDFLARE] {
        for body in refused {
            let reply = ask(&world.webhook, world.signed(&pen, body.as_bytes())).await;
            assert_eq!(
                outcome(&reply),
                (400, "malformed-json".to_owned()),
                "{}",
                &body[..body.len().min(40)]
            );
        }
        let reply = ask(&world.webhook, world.signed(&pen, b"{\"uid\":\"\xff\"}")).await;
        assert_eq!(outcome(&reply), (400, "malformed-json".to_owned()));
    }
    // What the providers' own documents show is read, however little it says.
    let bare = json!({"type": "video.asset.ready", "id": "evt_1", "data": {"id": "a1"}});
    world.mux(&bare, "unmatched").await;
    world.cloudflare(&json!({"uid": UID}), "ignored").await;
    assert_eq!(world.rows().await, (0, 0));
}

#[tokio::test]
async fn every_variable_that_is_missing_or_wrong_is_named_at_once() {
    let database = Database::new().await;
    let faults = |changes: &[(&str, &str)]| {
        let read = env::read_from(&variables(&database, "video-webhook", changes), Config::read);
        read.err().map(|faults| faults.to_string()).unwrap_or_default()
    };
    assert_eq!(faults(&[]), "");
    assert_eq!(faults(&[("MUX_WEBHOOK_SECRET", ""), ("CLOUDFLARE_WEBHOOK_SECRET", " ")]), "");
    let all = faults(&[
        ("DATABASE_URL", ""),
        ("DATABASE_POOL_SIZE", "0"),
        ("MUX_WEBHOOK_SECRET", "s3cret,"),
        ("CLOUDFLARE_WEBHOOK_SECRET", ",s3cret"),
    ]);
    for name in ["DATABASE_URL", "DATABASE_POOL_SIZE", "MUX_WEBHOOK_SECRET", "CLOUDFLARE_WEBHOOK_SECRET"] {
        assert!(all.contains(name), "{name} in {all}");
    }
    assert!(!all.contains("s3cret"), "{all}");
}
