//! Reading Cloudflare Stream: its events are the video itself, as its API answers it, without an id or a kind of their own.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Event, InvalidEvent, Playback, Report, Stage};
use crate::db::video_states::{Facts, Names};
use crate::db::videos::Policy;
use crate::json::Json;
use crate::video::playback_id::CloudflareId;

/// The longest video that a title has, in seconds.
const DURATION_S_MAX: f64 = 86_400.0;

/// An event of Cloudflare Stream's: a video at a moment, which is its name too.
pub fn cloudflare_event(body: &[u8]) -> Result<Event, InvalidEvent> {
    let root: Value = serde_json::from_slice(body).map_err(|_| InvalidEvent)?;
    let root = Json::from(&root);
    let uid = root.at(&["uid"]).string().ok_or(InvalidEvent)?;
    let state = root.at(&["status", "state"]).string().unwrap_or_default();
    let modified = root.at(&["modified"]).text();
    let told_at = modified.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    let report = video(root).map(|report| Report { told_at, ..report });
    Ok(Event { id: format!("{uid}:{}", modified.unwrap_or_default()), kind: state, report })
}

fn video(root: Json<'_>) -> Option<Report> {
    let uid: CloudflareId = root.at(&["uid"]).text()?.parse().ok()?;
    let stage = match root.at(&["status", "state"]).text()? {
        "pendingupload" => Stage::Waiting,
        "error" => {
            let status = root.at(&["status"]);
            let told = |names: [&str; 2]| names.iter().find_map(|name| status.at(&[name]).string());
            Stage::Errored {
                code: told(["errorReasonCode", "errReasonCode"]).unwrap_or_else(|| "error".to_owned()),
                message: told(["errorReasonText", "errReasonText"]),
            }
        }
        "ready" if root.at(&["readyToStream"]).boolean() == Some(true) => Stage::Ready,
        "downloading" | "queued" | "inprogress" | "live-inprogress" | "ready" => Stage::Preparing,
        _ => return None,
    };
    // Without the switch, everyone who knows the uid may play it.
    let signed = root.at(&["requireSignedURLs"]).boolean() == Some(true);
    let policy = if signed { Policy::Signed } else { Policy::Public };
    Some(Report {
        names: Names { video: None, upload: None, asset: Some(uid.to_string()) },
        told_at: None,
        stage,
        playback: Playback::By(uid.to_string(), policy),
        facts: facts(root),
    })
}

fn facts(root: Json<'_>) -> Facts {
    let duration = root.at(&["duration"]).value().and_then(Value::as_f64);
    let pixels = |name: &str| {
        let pixels = root.at(&["input", name]).integer()?;
        i32::try_from(pixels).ok().filter(|pixels| *pixels > 0)
    };
    let (width, height) = (pixels("width"), pixels("height"));
    Facts {
        duration_seconds: duration.filter(|seconds| *seconds > 0.0 && *seconds <= DURATION_S_MAX),
        aspect_ratio: width.zip(height).map(|(width, height)| shape(width, height)),
        max_width: width,
        max_height: height,
        ..Facts::default()
    }
}

/// The shape in least terms: `16:9`.
fn shape(width: i32, height: i32) -> String {
    let (mut divisor, mut rest) = (width, height);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    format!("{}:{}", width / divisor, height / divisor)
}
