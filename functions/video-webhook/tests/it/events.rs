//! What providers tell, and what becomes of titles: forward only, once each, and nothing for what is not ours.

use serde_json::{Value, json};
use testkit::Video;

use crate::world::{UID, World, asset, mux_event, stream_video, upload};

const SHOWN: [&str; 7] = [
    "status",
    "provider_asset_id",
    "provider_upload_id",
    "playback_id",
    "playback_policy",
    "duration_seconds",
    "aspect_ratio",
];

#[tokio::test]
async fn an_upload_to_mux_becomes_a_title_that_plays() {
    let world = World::new().await;
    let video = world.waiting("tier").await;
    let now = world.now;
    world
        .mux(
            &mux_event("evt_1", "video.upload.asset_created", now, &upload(&video, "asset_created")),
            "applied",
        )
        .await;
    let preparing = json!(["preparing", "asset1", "upload1", null, null, null, null]);
    assert_eq!(world.columns(&video, &SHOWN).await, preparing);
    world
        .mux(&mux_event("evt_2", "video.asset.created", now + 1, &asset(&video, "preparing")), "applied")
        .await;
    assert_eq!(world.status(&video).await, "preparing");
    world.mux(&mux_event("evt_3", "video.asset.ready", now + 2, &asset(&video, "ready")), "applied").await;
    let ready = json!(["ready", "asset1", "upload1", "signed1", "signed", 90.5, "16:9"]);
    assert_eq!(world.columns(&video, &SHOWN).await, ready);
    let facts =
        world.columns(&video, &["max_width", "max_height", "resolution_tier", "access", "min_tier"]).await;
    assert_eq!(facts, json!([1920, 1080, "1080p", "tier", "premium"]));
    world.mux(&mux_event("evt_4", "video.asset.deleted", now + 3, &asset(&video, "ready")), "applied").await;
    assert_eq!(world.status(&video).await, "deleted");
    assert_eq!(world.rows().await, (4, 1));
}

#[tokio::test]
async fn a_video_of_cloudflare_becomes_a_title_that_plays() {
    let world = World::new().await;
    let video = world.waiting_at_cloudflare(UID, "members").await;
    world.cloudflare(&stream_video("pendingupload", "2026-11-23T01:00:00Z"), "applied").await;
    assert_eq!(world.status(&video).await, "waiting");
    world.cloudflare(&stream_video("inprogress", "2026-11-23T01:00:01Z"), "applied").await;
    assert_eq!(world.status(&video).await, "preparing");
    world.cloudflare(&stream_video("ready", "2026-11-23T01:00:02.5Z"), "applied").await;
    let ready = json!(["ready", UID, null, UID, "signed", 90.5, "16:9"]);
    assert_eq!(world.columns(&video, &SHOWN).await, ready);
    assert_eq!(world.columns(&video, &["max_width", "max_height"]).await, json!([1280, 720]));
}

#[tokio::test]
async fn what_fails_says_why_and_an_older_event_does_not_undo_it() {
    let world = World::new().await;
    let video = world.waiting("members").await;
    let mut broken = asset(&video, "errored");
    broken["errors"] = json!({"type": "invalid_input", "messages": ["this is no film", "at all"]});
    world.mux(&mux_event("evt_1", "video.asset.errored", world.now, &broken), "applied").await;
    let why = world.columns(&video, &["status", "error_code", "error_message"]).await;
    assert_eq!(why, json!(["errored", "invalid_input", "this is no film"]));
    world
        .mux(&mux_event("evt_2", "video.asset.created", world.now - 1, &asset(&video, "preparing")), "stale")
        .await;
    assert_eq!(world.status(&video).await, "errored");

    let other = world.waiting("members").await;
    let mut cancelled = upload(&other, "cancelled");
    (cancelled["id"], cancelled["asset_id"]) = (json!("upload2"), Value::Null);
    world.mux(&mux_event("evt_4", "video.upload.cancelled", world.now, &cancelled), "applied").await;
    let why = world.columns(&other, &["status", "error_code"]).await;
    assert_eq!(why, json!(["errored", "upload_cancelled"]));

    let third = world.waiting_at_cloudflare(UID, "members").await;
    let mut broken = stream_video("error", "2026-11-23T01:00:00Z");
    broken["status"] =
        json!({"state": "error", "errReasonCode": "ERR_NON_VIDEO", "errReasonText": "no film"});
    world.cloudflare(&broken, "applied").await;
    let why = world.columns(&third, &["status", "error_code", "error_message"]).await;
    assert_eq!(why, json!(["errored", "ERR_NON_VIDEO", "no film"]));
}

#[tokio::test]
async fn a_title_is_found_by_its_id_then_by_the_upload_then_by_the_asset() {
    let world = World::new().await;
    let (first, second, third) =
        (world.waiting("members").await, world.waiting("members").await, world.waiting("members").await);
    let name = "update videos set provider_upload_id = $2, provider_asset_id = $3 where id = $1";
    world.owner.run(name, &[&second.id.uuid(), &"upload2", &None::<&str>]).await;
    world.owner.run(name, &[&third.id.uuid(), &None::<&str>, &"asset3"]).await;
    let told = |asset_id: &str, upload_id: Option<&str>, passthrough: Option<String>| {
        let mut data = asset(&first, "preparing");
        (data["id"], data["upload_id"], data["passthrough"]) =
            (json!(asset_id), json!(upload_id), json!(passthrough));
        mux_event(&format!("evt_{asset_id}"), "video.asset.created", world.now, &data)
    };
    let statuses =
        async || [world.status(&first).await, world.status(&second).await, world.status(&third).await];
    world.mux(&told("asset1", Some("upload1"), Some(first.id.to_string())), "applied").await;
    assert_eq!(statuses().await, ["preparing", "waiting", "waiting"]);
    world.mux(&told("asset2", Some("upload2"), None), "applied").await;
    assert_eq!(statuses().await, ["preparing", "preparing", "waiting"]);
    world.mux(&told("asset3", None, None), "applied").await;
    assert_eq!(statuses().await, ["preparing", "preparing", "preparing"]);
    // A title keeps its asset, whoever else names it.
    world.mux(&told("asset4", None, Some(first.id.to_string())), "unmatched").await;
    // A passthrough that is no id of ours finds nothing by itself.
    world.mux(&told("asset5", None, Some("1 or 1=1".to_owned())), "unmatched").await;
}

#[tokio::test]
async fn what_is_unknown_or_not_ours_is_taken_and_leaves_no_row() {
    let world = World::new().await;
    let video = world.waiting("members").await;
    let before = world.columns(&video, &["updated_at"]).await;
    for kind in
        ["video.asset.track.ready", "video.live_stream.active", "video.asset.static_renditions.ready", "x"]
    {
        world.mux(&mux_event("evt_1", kind, world.now, &asset(&video, "ready")), "ignored").await;
    }
    let stranger = Video::default();
    let mut foreign = asset(&stranger, "ready");
    foreign["upload_id"] = json!("upload9");
    world.mux(&mux_event("evt_2", "video.asset.ready", world.now, &foreign), "unmatched").await;
    world.cloudflare(&stream_video("ready", "2026-11-23T01:00:00Z"), "unmatched").await;
    // A title of the other provider's is not meant, whatever its ids are.
    world.waiting_at_cloudflare("asset1", "members").await;
    foreign["upload_id"] = Value::Null;
    world.mux(&mux_event("evt_3", "video.asset.ready", world.now, &foreign), "unmatched").await;
    assert_eq!(world.rows().await, (0, 2));
    assert_eq!(world.columns(&video, &["updated_at"]).await, before);
    // Once there is such a title, the same event counts.
    stranger.insert(&world.owner).await;
    world.owner.run("update videos set status = 'preparing' where id = $1", &[&stranger.id.uuid()]).await;
    world.mux(&mux_event("evt_2", "video.asset.ready", world.now, &foreign), "applied").await;
}

#[tokio::test]
async fn the_same_event_counts_once_and_an_older_one_not_at_all() {
    let world = World::new().await;
    let video = world.waiting("members").await;
    let ready = mux_event("evt_1", "video.asset.ready", world.now, &asset(&video, "ready"));
    world.mux(&ready, "applied").await;
    let before = world.columns(&video, &["updated_at", "provider_event_at"]).await;
    world.mux(&ready, "duplicate").await;
    world
        .mux(&mux_event("evt_2", "video.asset.created", world.now - 1, &asset(&video, "preparing")), "stale")
        .await;
    world
        .mux(&mux_event("evt_3", "video.asset.created", world.now, &asset(&video, "preparing")), "stale")
        .await;
    world
        .mux(&mux_event("evt_4", "video.asset.created", world.now + 1, &asset(&video, "preparing")), "stale")
        .await;
    assert_eq!(world.columns(&video, &["updated_at", "provider_event_at"]).await, before);
    assert_eq!(world.status(&video).await, "ready");

    let other = world.waiting_at_cloudflare(UID, "members").await;
    let ready = stream_video("ready", "2026-11-23T01:00:02Z");
    world.cloudflare(&ready, "applied").await;
    world.cloudflare(&ready, "duplicate").await;
    world.cloudflare(&stream_video("inprogress", "2026-11-23T01:00:01Z"), "stale").await;
    let mut longer = stream_video("ready", "2026-11-23T01:00:03Z");
    longer["duration"] = json!(91);
    world.cloudflare(&longer, "applied").await;
    assert_eq!(world.columns(&other, &["status", "duration_seconds"]).await, json!(["ready", 91]));
}

#[tokio::test]
async fn deleted_is_the_end_whatever_is_told_afterwards() {
    let world = World::new().await;
    let video = world.waiting("members").await;
    world
        .mux(&mux_event("evt_1", "video.asset.deleted", world.now, &asset(&video, "ready")), "applied")
        .await;
    for (number, kind) in
        ["video.asset.ready", "video.asset.updated", "video.asset.errored", "video.asset.created"]
            .iter()
            .enumerate()
    {
        let event = mux_event(&format!("evt_1{number}"), kind, world.now + 60, &asset(&video, "ready"));
        world.mux(&event, "stale").await;
    }
    assert_eq!(world.status(&video).await, "deleted");
}
