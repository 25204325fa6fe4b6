//! Reading Mux: the events of uploads and assets.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Event, InvalidEvent, Playback, Report, Stage};
use crate::db::video_states::{Facts, Names};
use crate::db::videos::Policy;
use crate::ids::VideoId;
use crate::json::{Json, storable_seconds};
use crate::video::playback_id::MuxId;

/// The longest video that Mux takes, in seconds.
const DURATION_S_MAX: f64 = 43_200.0;
/// The longest words of Mux's that are stored, in characters.
const MESSAGE_CHARACTERS_MAX: usize = 255;

/// An event of Mux's; only its envelope can be refused. Members that are unknown are skipped.
pub fn mux_event(body: &[u8]) -> Result<Event, InvalidEvent> {
    let root: Value = serde_json::from_slice(body).map_err(|_| InvalidEvent)?;
    let root = Json::from(&root);
    let id = root.at(&["id"]).string().ok_or(InvalidEvent)?;
    let kind = root.at(&["type"]).string().ok_or(InvalidEvent)?;
    let told_at = moment(root.at(&["created_at"]));
    let report = of_kind(&kind, root.at(&["data"])).map(|report| Report { told_at, ..report });
    Ok(Event { id, kind, report })
}

/// What an event of this kind says; nothing where it is not about how far a video is.
fn of_kind(kind: &str, data: Json<'_>) -> Option<Report> {
    let asset = |stage: Option<Stage>| {
        let mut report = asset(data)?;
        report.stage = stage.unwrap_or(report.stage);
        Some(report)
    };
    match kind {
        "video.asset.created" | "video.asset.updated" | "video.asset.live_stream_completed" => asset(None),
        "video.asset.ready" => asset(Some(Stage::Ready)),
        "video.asset.errored" => asset(Some(errored(data.at(&["errors"]), "errored"))),
        "video.asset.deleted" => asset(Some(Stage::Deleted)),
        "video.upload.asset_created" => upload(data, Stage::Preparing),
        "video.upload.errored" => upload(data, errored(data.at(&["error"]), "upload_errored")),
        "video.upload.cancelled" => upload(data, failure("upload_cancelled")),
        _ => None,
    }
}

fn upload(data: Json<'_>, stage: Stage) -> Option<Report> {
    let names = Names {
        video: video(data.at(&["new_asset_settings", "passthrough"])),
        upload: Some(data.at(&["id"]).string()?),
        asset: data.at(&["asset_id"]).string(),
    };
    Some(Report { names, told_at: None, stage, playback: Playback::Untold, facts: Facts::default() })
}

fn asset(data: Json<'_>) -> Option<Report> {
    let names = Names {
        video: video(data.at(&["passthrough"])),
        upload: data.at(&["upload_id"]).string(),
        asset: Some(data.at(&["id"]).string()?),
    };
    let stage = match data.at(&["status"]).text() {
        Some("ready") => Stage::Ready,
        Some("errored") => errored(data.at(&["errors"]), "errored"),
        _ => Stage::Preparing,
    };
    Some(Report {
        names,
        told_at: None,
        stage,
        playback: playback(data.at(&["playback_ids"])),
        facts: facts(data),
    })
}

/// Ours gave Mux the title's id.
fn video(passthrough: Json<'_>) -> Option<VideoId> {
    passthrough.text()?.parse().ok()
}

/// The first id that is signed, else the first public one, else that of a licence; ids of no sane form do not count.
fn playback(ids: Json<'_>) -> Playback {
    if !ids.value().is_some_and(Value::is_array) {
        return Playback::Untold;
    }
    let first = |name: &str, policy: Policy| {
        let mut fitting = ids.entries().filter(|entry| entry.at(&["policy"]).text() == Some(name));
        let id = fitting.find_map(|entry| entry.at(&["id"]).text()?.parse::<MuxId>().ok())?;
        Some(Playback::By(id.to_string(), policy))
    };
    first("signed", Policy::Signed)
        .or_else(|| first("public", Policy::Public))
        .or_else(|| first("drm", Policy::Drm))
        .unwrap_or(Playback::Nothing)
}

fn facts(data: Json<'_>) -> Facts {
    let seconds = |name: &str, most: f64| {
        let seconds = data.at(&[name]).value()?.as_f64()?;
        (seconds > 0.0 && seconds <= most).then_some(seconds)
    };
    let picture = data.at(&["tracks"]).entries().find(|track| track.at(&["type"]).text() == Some("video"));
    let pixels = |name: &str| picture?.at(&[name]).integer()?.try_into().ok();
    Facts {
        duration_seconds: seconds("duration", DURATION_S_MAX),
        aspect_ratio: data.at(&["aspect_ratio"]).string(),
        max_width: pixels("max_width"),
        max_height: pixels("max_height"),
        resolution_tier: data.at(&["resolution_tier"]).string(),
        thumbnail_seconds: seconds("thumbnail_time", DURATION_S_MAX),
    }
}

fn failure(code: &str) -> Stage {
    Stage::Errored { code: code.to_owned(), message: None }
}

/// `{type, messages}` of assets, `{type, message}` of uploads.
fn errored(error: Json<'_>, otherwise: &str) -> Stage {
    let code = error.at(&["type"]).string().unwrap_or_else(|| otherwise.to_owned());
    let first = error.at(&["messages"]).entries().next().unwrap_or_else(|| error.at(&["message"]));
    let message =
        first.value().and_then(Value::as_str).filter(|text| !text.is_empty() && !text.contains('\0'));
    Stage::Errored { code, message: message.map(|text| text.chars().take(MESSAGE_CHARACTERS_MAX).collect()) }
}

/// RFC 3339, or seconds of the Unix epoch as a number or as digits.
fn moment(place: Json<'_>) -> Option<OffsetDateTime> {
    let text = place.text();
    let seconds = place.integer().or_else(|| text?.parse().ok());
    match seconds {
        Some(seconds) => OffsetDateTime::from_unix_timestamp(storable_seconds(seconds)?).ok(),
        None => OffsetDateTime::parse(text?, &Rfc3339).ok(),
    }
}
