//! Who could play a video at its provider decides whether its title may be ready.

use serde_json::{Value, json};

use crate::world::{UID, World, asset, mux_event, stream_video};

/// What a title of this access becomes when Mux says that it is ready and plays by these ids.
async fn check_mux(access: &'static str, ids: Value, expected: Value) {
    let world = World::new().await;
    let video = world.waiting(access).await;
    let mut data = asset(&video, "ready");
    data["playback_ids"] = ids.clone();
    world.mux(&mux_event("evt_1", "video.asset.ready", world.now, &data), "applied").await;
    let found = world.columns(&video, &["status", "error_code", "playback_id", "playback_policy"]).await;
    assert_eq!(found, expected, "{access}: {ids}");
}

#[tokio::test]
async fn a_gated_title_that_everyone_could_play_is_errored() {
    let public = json!([{"id": "public1", "policy": "public"}]);
    for gated in ["members", "tier"] {
        check_mux(gated, public.clone(), json!(["errored", "public_playback", null, null])).await;
    }
    check_mux("free", public, json!(["ready", null, "public1", "public"])).await;
}

#[tokio::test]
async fn the_first_signed_id_counts_wherever_it_stands() {
    let ids = json!([
        {"id": "public1", "policy": "public"}, {"id": "drm1", "policy": "drm"},
        {"id": "signed1", "policy": "signed"}, {"id": "signed2", "policy": "signed"},
    ]);
    check_mux("members", ids.clone(), json!(["ready", null, "signed1", "signed"])).await;
    check_mux("free", ids, json!(["ready", null, "signed1", "signed"])).await;
}

#[tokio::test]
async fn what_nothing_plays_or_only_a_licence_is_errored() {
    let drm = json!([{"id": "drm1", "policy": "drm"}]);
    check_mux("members", drm.clone(), json!(["errored", "drm_unsupported", null, null])).await;
    check_mux("free", drm, json!(["errored", "drm_unsupported", null, null])).await;
    check_mux("free", json!([]), json!(["errored", "no_playback_id", null, null])).await;
    check_mux(
        "free",
        json!([{"id": "../x", "policy": "signed"}]),
        json!(["errored", "no_playback_id", null, null]),
    )
    .await;
}

#[tokio::test]
async fn a_signed_id_that_comes_later_mends_the_title() {
    let world = World::new().await;
    let video = world.waiting("members").await;
    let mut data = asset(&video, "ready");
    data["playback_ids"] = json!([{"id": "public1", "policy": "public"}]);
    world.mux(&mux_event("evt_1", "video.asset.ready", world.now, &data), "applied").await;
    assert_eq!(world.status(&video).await, "errored");
    world
        .mux(&mux_event("evt_2", "video.asset.updated", world.now + 1, &asset(&video, "ready")), "applied")
        .await;
    let found = world.columns(&video, &["status", "error_code", "playback_id"]).await;
    assert_eq!(found, json!(["ready", null, "signed1"]));
    // And a signed id that goes breaks it again.
    world.mux(&mux_event("evt_3", "video.asset.updated", world.now + 2, &data), "applied").await;
    let found = world.columns(&video, &["status", "error_code", "playback_id"]).await;
    assert_eq!(found, json!(["errored", "public_playback", null]));
}

#[tokio::test]
async fn cloudflare_must_want_signed_addresses_for_a_gated_title() {
    for (access, signed, expected) in [
        ("members", json!(true), json!(["ready", null, UID, "signed"])),
        ("members", json!(false), json!(["errored", "public_playback", null, null])),
        ("members", json!(null), json!(["errored", "public_playback", null, null])),
        ("free", json!(true), json!(["ready", null, UID, "signed"])),
        ("free", json!(false), json!(["ready", null, UID, "public"])),
    ] {
        let world = World::new().await;
        let video = world.waiting_at_cloudflare(UID, access).await;
        let mut told = stream_video("ready", "2026-11-23T01:00:00Z");
        told["requireSignedURLs"] = signed.clone();
        world.cloudflare(&told, "applied").await;
        let found = world.columns(&video, &["status", "error_code", "playback_id", "playback_policy"]).await;
        assert_eq!(found, expected, "{access}: {signed}");
    }
}
