//! What providers tell, read; and what becomes of a title in each status that it may have.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Playback, Report, Stage, Verdict, cloudflare_event, judge, mux_event};
use crate::db::video_states::{Facts, Names, State};
use crate::db::videos::{Access, Policy, Provider, Status};
use crate::ids::VideoId;

const UID: &str = "6b9e68b07dfee8cc2d116e4c51d6a957";

fn at(seconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

fn state(status: Status, told_at: Option<OffsetDateTime>) -> State {
    State {
        id: VideoId::new(),
        provider: Provider::Mux,
        asset: None,
        upload: None,
        playback: None,
        status,
        access: Access::Members,
        told_at,
    }
}

fn report(stage: Stage, told_at: Option<OffsetDateTime>) -> Report {
    let playback = Playback::By("abc".to_owned(), Policy::Signed);
    Report { names: Names::default(), told_at, stage, playback, facts: Facts::default() }
}

fn errored() -> Stage {
    Stage::Errored { code: "invalid_input".to_owned(), message: None }
}

/// Where a title in this status is after a report; nothing where it stays.
#[track_caller]
fn check(from: Status, known: i64, stage: &Stage, told: i64, expected: Option<Status>) {
    let verdict = judge(&state(from, at(known)), &report(stage.clone(), at(told)));
    let found = match verdict {
        Verdict::Change(change) => Some(change.status),
        Verdict::Stale => None,
        Verdict::Foreign => panic!("nothing foreign was told"),
    };
    assert_eq!(found, expected, "{from:?} at {known}, told {stage:?} of {told}");
}

#[test]
fn a_title_moves_forward_and_an_older_event_moves_nothing() {
    use Status::{Errored, Preparing, Ready, Waiting};
    check(Waiting, 10, &Stage::Preparing, 10, Some(Preparing));
    check(Waiting, 10, &Stage::Preparing, 9, None);
    check(Preparing, 10, &Stage::Ready, 11, Some(Ready));
    check(Preparing, 10, &Stage::Ready, 10, Some(Ready));
    check(Preparing, 10, &Stage::Ready, 9, None);
    check(Preparing, 10, &Stage::Waiting, 11, None);
    check(Preparing, 10, &Stage::Preparing, 10, Some(Preparing));
    check(Preparing, 10, &errored(), 10, Some(Errored));
    check(Ready, 10, &Stage::Preparing, 11, None);
    check(Ready, 10, &Stage::Ready, 10, Some(Ready));
    check(Ready, 10, &errored(), 10, None);
    check(Ready, 10, &errored(), 11, Some(Errored));
    check(Errored, 10, &Stage::Ready, 10, None);
    check(Errored, 10, &Stage::Ready, 11, Some(Ready));
}

#[test]
fn deleted_ends_everything() {
    for from in [Status::Waiting, Status::Preparing, Status::Ready, Status::Errored] {
        check(from, 10, &Stage::Deleted, 10, Some(Status::Deleted));
        check(from, 10, &Stage::Deleted, 9, None);
    }
    for stage in [Stage::Waiting, Stage::Preparing, Stage::Ready, errored(), Stage::Deleted] {
        check(Status::Deleted, 10, &stage, 99, None);
    }
}

#[test]
fn what_is_told_without_a_time_is_now() {
    let verdict = judge(&state(Status::Errored, at(10)), &report(Stage::Ready, None));
    assert!(matches!(verdict, Verdict::Change(change) if change.status == Status::Ready));
    let verdict = judge(&state(Status::Ready, None), &report(Stage::Preparing, at(10)));
    assert_eq!(verdict, Verdict::Stale);
}

/// What a title of this access becomes once it is ready in this way: its status and code, and what plays it.
#[track_caller]
fn check_ready(
    access: &Access,
    told: &Playback,
    known: Option<(&str, Policy)>,
    expected: (Status, &str, Option<&str>),
) {
    let known = known.map(|(id, policy)| (id.to_owned(), policy));
    let state = State { access: access.clone(), playback: known, ..state(Status::Preparing, None) };
    let report = Report { playback: told.clone(), ..report(Stage::Ready, None) };
    let Verdict::Change(change) = judge(&state, &report) else { panic!("{told:?} changes nothing") };
    let code = change.error.as_ref().map_or("", |(code, _)| code);
    let id = change.playback.as_ref().map(|(id, _)| id.as_str());
    assert_eq!((change.status, code, id), expected, "{access:?} {told:?}");
}

#[test]
fn what_everyone_could_play_is_ready_only_where_everyone_may() {
    use Status::{Errored, Ready};
    let by = |policy| Playback::By("abc".to_owned(), policy);
    for gated in [Access::Members, Access::Tier("premium".to_owned())] {
        check_ready(&gated, &by(Policy::Signed), None, (Ready, "", Some("abc")));
        check_ready(&gated, &by(Policy::Public), None, (Errored, "public_playback", None));
        check_ready(&gated, &by(Policy::Drm), None, (Errored, "drm_unsupported", None));
        check_ready(&gated, &Playback::Nothing, None, (Errored, "no_playback_id", None));
        check_ready(&gated, &Playback::Untold, None, (Errored, "no_playback_id", None));
        check_ready(&gated, &Playback::Untold, Some(("old", Policy::Signed)), (Ready, "", Some("old")));
        check_ready(
            &gated,
            &Playback::Untold,
            Some(("old", Policy::Public)),
            (Errored, "public_playback", None),
        );
    }
    check_ready(&Access::Free, &by(Policy::Public), None, (Ready, "", Some("abc")));
    check_ready(&Access::Free, &by(Policy::Signed), None, (Ready, "", Some("abc")));
    check_ready(&Access::Free, &by(Policy::Drm), None, (Errored, "drm_unsupported", None));
}

#[test]
fn what_is_told_of_another_asset_or_upload_is_foreign() {
    let ours =
        State { asset: Some("a1".to_owned()), upload: Some("u1".to_owned()), ..state(Status::Ready, None) };
    let told = |asset: &str, upload: &str| {
        let name = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let names = Names { video: Some(ours.id), asset: name(asset), upload: name(upload) };
        judge(&ours, &Report { names, ..report(Stage::Deleted, None) })
    };
    assert_eq!(told("a2", ""), Verdict::Foreign);
    assert_eq!(told("a1", "u2"), Verdict::Foreign);
    assert!(matches!(told("a1", "u1"), Verdict::Change(_)));
    assert!(matches!(told("", ""), Verdict::Change(_)));
}

fn of_mux(event: &Value) -> Option<Report> {
    mux_event(event.to_string().as_bytes()).expect("an event").report
}

fn mux(kind: &str, data: &Value) -> Value {
    json!({"type": kind, "id": "evt_1", "created_at": "2026-11-23T01:00:00.500000Z", "data": data})
}

#[test]
fn an_asset_of_mux_is_read_with_all_that_it_says() {
    let id = VideoId::new();
    let data = json!({
        "id": "a1", "status": "ready", "duration": 5400.25, "aspect_ratio": "16:9", "passthrough": id.to_string(),
        "upload_id": "u1", "resolution_tier": "1080p", "thumbnail_time": 12.5, "meta": {}, "test": true,
        "playback_ids": [{"id": "pub1", "policy": "public"}, {"id": "sig1", "policy": "signed"}, {"id": "sig2", "policy": "signed"}],
        "tracks": [{"type": "audio"}, {"type": "video", "max_width": 1920, "max_height": 1080}],
    });
    let expected = Report {
        names: Names { video: Some(id), upload: Some("u1".to_owned()), asset: Some("a1".to_owned()) },
        told_at: OffsetDateTime::from_unix_timestamp_nanos(1_795_395_600_500_000_000).ok(),
        stage: Stage::Ready,
        playback: Playback::By("sig1".to_owned(), Policy::Signed),
        facts: Facts {
            duration_seconds: Some(5400.25),
            aspect_ratio: Some("16:9".to_owned()),
            max_width: Some(1920),
            max_height: Some(1080),
            resolution_tier: Some("1080p".to_owned()),
            thumbnail_seconds: Some(12.5),
        },
    };
    assert_eq!(of_mux(&mux("video.asset.ready", &data)), Some(expected));
}

#[test]
fn the_kind_of_an_event_of_mux_says_how_far_a_video_is() {
    let asset = json!({"id": "a1", "status": "preparing", "errors": {"type": "invalid_input", "messages": ["no", "film"]}});
    let stage = |kind: &str, data: &Value| of_mux(&mux(kind, data)).map(|report| report.stage);
    let failed = |code: &str, message: Option<&str>| {
        Some(Stage::Errored { code: code.to_owned(), message: message.map(str::to_owned) })
    };
    assert_eq!(stage("video.asset.created", &asset), Some(Stage::Preparing));
    assert_eq!(stage("video.asset.updated", &asset), Some(Stage::Preparing));
    assert_eq!(stage("video.asset.ready", &asset), Some(Stage::Ready));
    assert_eq!(stage("video.asset.errored", &asset), failed("invalid_input", Some("no")));
    assert_eq!(stage("video.asset.errored", &json!({"id": "a1"})), failed("errored", None));
    assert_eq!(stage("video.asset.deleted", &asset), Some(Stage::Deleted));
    let ready = json!({"id": "a1", "status": "ready", "is_live": true});
    assert_eq!(stage("video.asset.live_stream_completed", &ready), Some(Stage::Ready));
    let id = VideoId::new();
    let settings = json!({"passthrough": id.to_string()});
    let names = of_mux(&mux("video.upload.cancelled", &json!({"id": "u1", "new_asset_settings": settings})));
    assert_eq!(names.map(|report| report.names.video), Some(Some(id)));
    let upload = json!({"id": "u1", "asset_id": "a1", "error": {"type": "timeout", "message": "too late"}});
    assert_eq!(stage("video.upload.asset_created", &upload), Some(Stage::Preparing));
    assert_eq!(stage("video.upload.errored", &upload), failed("timeout", Some("too late")));
    assert_eq!(stage("video.upload.cancelled", &upload), failed("upload_cancelled", None));
    for ignored in [
        "video.asset.track.ready",
        "video.live_stream.active",
        "video.asset.warning",
        "x",
        "video.upload.created",
    ] {
        assert_eq!(stage(ignored, &asset), None, "{ignored}");
    }
    for nameless in [json!({}), json!(null), json!({"id": 1}), json!([])] {
        assert_eq!(stage("video.asset.ready", &nameless), None, "{nameless}");
    }
}

#[test]
fn a_moment_of_mux_is_a_date_or_seconds_in_either_form() {
    let told = |created_at: Value| {
        of_mux(&json!({"type": "video.asset.ready", "id": "evt_1", "created_at": created_at, "data": {"id": "a1"}}))
            .expect("a report")
            .told_at
    };
    assert_eq!(told(json!(1_565_220_904)), at(1_565_220_904));
    assert_eq!(told(json!("1565220904")), at(1_565_220_904));
    assert_eq!(told(json!("2019-08-07T23:35:04Z")), at(1_565_220_904));
    for unreadable in
        [json!(null), json!("yesterday"), json!(-1), json!(1e300), json!("99999999999999999999")]
    {
        assert_eq!(told(unreadable.clone()), None, "{unreadable}");
    }
}

#[test]
fn only_an_envelope_can_be_refused() {
    for body in ["", "x", "null", "[]", "{}", r#"{"id":"e"}"#, r#"{"type":"t"}"#, r#"{"id":1,"type":"t"}"#] {
        assert!(mux_event(body.as_bytes()).is_err(), "{body}");
        assert!(cloudflare_event(body.as_bytes()).is_err(), "{body}");
    }
    assert!(mux_event(br#"{"id":"e","type":"t"}"#).is_ok());
    assert!(
        cloudflare_event(format!(r#"{{"uid":"{UID}"}}"#).as_bytes())
            .is_ok_and(|event| event.report.is_none())
    );
    assert!(
        cloudflare_event(br#"{"uid":"../x","status":{"state":"ready"}}"#)
            .is_ok_and(|event| event.report.is_none())
    );
}

#[test]
fn ids_of_no_sane_form_and_durations_beyond_reason_do_not_count() {
    let asset = |data: Value| of_mux(&mux("video.asset.updated", &data)).expect("an asset");
    let ids =
        json!([{"id": "a/b", "policy": "signed"}, {"id": "", "policy": "signed"}, {"policy": "signed"}, 1]);
    assert_eq!(asset(json!({"id": "a1", "playback_ids": ids})).playback, Playback::Nothing);
    assert_eq!(asset(json!({"id": "a1", "playback_ids": {}})).playback, Playback::Untold);
    for (duration, expected) in [
        (json!(43_200), Some(43_200.0)),
        (json!(43_200.5), None),
        (json!(0), None),
        (json!(-1), None),
        (json!("9"), None),
    ] {
        assert_eq!(
            asset(json!({"id": "a1", "duration": duration})).facts.duration_seconds,
            expected,
            "{duration}"
        );
    }
}

#[test]
fn a_video_of_cloudflare_is_read_with_all_that_it_says() {
    let video = json!({
        "uid": UID, "readyToStream": true, "status": {"state": "ready", "pctComplete": "100.000000"},
        "created": "2026-11-23T00:00:00Z", "modified": "2026-11-23T01:00:00.500000Z", "duration": 5400.5,
        "input": {"width": 1920, "height": 1080}, "requireSignedURLs": true, "allowedOrigins": [], "meta": {},
    });
    let event = cloudflare_event(video.to_string().as_bytes()).expect("an event");
    assert_eq!((event.id, event.kind), (format!("{UID}:2026-11-23T01:00:00.500000Z"), "ready".to_owned()));
    let report = event.report.expect("a report");
    assert_eq!(report.told_at, OffsetDateTime::from_unix_timestamp_nanos(1_795_395_600_500_000_000).ok());
    assert_eq!((report.stage, report.playback), (Stage::Ready, Playback::By(UID.to_owned(), Policy::Signed)));
    let facts = Facts {
        duration_seconds: Some(5400.5),
        aspect_ratio: Some("16:9".to_owned()),
        max_width: Some(1920),
        max_height: Some(1080),
        ..Facts::default()
    };
    assert_eq!(report.facts, facts);
}

#[test]
fn the_state_of_a_video_of_cloudflare_says_how_far_it_is() {
    let read = |members: Value| {
        let mut video = json!({"uid": UID, "modified": "2026-11-23T01:00:00Z", "duration": -1});
        for (name, value) in members.as_object().expect("members") {
            video[name] = value.clone();
        }
        cloudflare_event(video.to_string().as_bytes()).expect("an event").report
    };
    let stage = |state: &str, ready: bool| {
        read(json!({"status": {"state": state}, "readyToStream": ready})).map(|report| report.stage)
    };
    assert_eq!(stage("pendingupload", false), Some(Stage::Waiting));
    for state in ["downloading", "queued", "inprogress", "live-inprogress"] {
        assert_eq!(stage(state, false), Some(Stage::Preparing), "{state}");
    }
    assert_eq!(stage("ready", false), Some(Stage::Preparing));
    assert_eq!(stage("ready", true), Some(Stage::Ready));
    assert_eq!(stage("unheard", true), None);
    for name in ["errorReasonCode", "errReasonCode"] {
        let report =
            read(json!({"status": {"state": "error", name: "ERR_NON_VIDEO", "errorReasonText": "no film"}}));
        let expected =
            Stage::Errored { code: "ERR_NON_VIDEO".to_owned(), message: Some("no film".to_owned()) };
        assert_eq!(report.map(|report| report.stage), Some(expected));
    }
    for (signed, policy) in
        [(json!(true), Policy::Signed), (json!(false), Policy::Public), (json!(null), Policy::Public)]
    {
        let report =
            read(json!({"status": {"state": "ready"}, "readyToStream": true, "requireSignedURLs": signed}));
        assert_eq!(report.map(|report| report.playback), Some(Playback::By(UID.to_owned(), policy)));
    }
    assert_eq!(
        read(json!({"status": {"state": "ready"}})).map(|report| report.facts.duration_seconds),
        Some(None)
    );
}
