//! Video: the master playlist, a rendition's playlist, a segment.

use super::answer::{Content, Refusal};
use super::clip::Rendition;
use super::token::Grant;
use std::fmt::Write;

const PLAYLIST: &str = "application/vnd.apple.mpegurl";
const SEGMENT: &str = "video/mp2t";

/// The renditions that a token allows: at least the lowest.
fn allowed<'a>(renditions: &'a [Rendition], grant: &Grant) -> impl Iterator<Item = &'a Rendition> {
    let lines_max = grant.lines_max;
    renditions.iter().filter(move |rendition| lines_max.is_none_or(|most| rendition.lines <= most))
}

/// What a player asks for first. Its addresses stand relative to its own.
pub(super) fn master(renditions: &[Rendition], playback_id: &str, grant: &Grant, query: &str) -> Content {
    let mut playlist = String::from("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    for rendition in allowed(renditions, grant) {
        let line = writeln!(playlist, "{}\n{playback_id}/{}.m3u8{query}", rendition.offer(), rendition.name);
        line.expect("a string takes every line");
    }
    Content::new(PLAYLIST, playlist)
}

/// One rendition's list of segments.
pub(super) fn rendition(
    renditions: &[Rendition],
    name: &str,
    grant: &Grant,
    query: &str,
) -> Result<Content, Refusal> {
    let rendition = named(renditions, name, grant)?;
    Ok(Content::new(PLAYLIST, rendition.playlist(grant.end, query)))
}

/// One segment's bytes.
pub(super) fn segment(
    renditions: &[Rendition],
    name: &str,
    index: &str,
    grant: &Grant,
) -> Result<Content, Refusal> {
    let segments = named(renditions, name, grant)?.until(grant.end);
    let index: usize = index.parse().map_err(|_| Refusal::NothingHere)?;
    let segment = segments.get(index).ok_or(Refusal::NothingHere)?;
    Ok(Content::new(SEGMENT, segment.bytes()))
}

fn named<'a>(renditions: &'a [Rendition], name: &str, grant: &Grant) -> Result<&'a Rendition, Refusal> {
    allowed(renditions, grant).find(|rendition| rendition.name == name).ok_or(Refusal::NothingHere)
}
