//! The clip: its renditions, cut into segments as their playlists say.

use std::fmt::Write;

/// One quality of the clip.
pub(super) struct Rendition {
    pub(super) name: &'static str,
    pub(super) width: u32,
    pub(super) lines: u32,
    codecs: &'static str,
    segments: Vec<Segment>,
}

/// A piece of a rendition, which plays on its own.
pub(super) struct Segment {
    seconds: f64,
    bytes: &'static [u8],
}

/// Every rendition, lowest first.
pub(super) fn renditions() -> Vec<Rendition> {
    let low = (include_str!("../../assets/clip/270p.m3u8"), &include_bytes!("../../assets/clip/270p.ts")[..]);
    let middle =
        (include_str!("../../assets/clip/720p.m3u8"), &include_bytes!("../../assets/clip/720p.ts")[..]);
    let high =
        (include_str!("../../assets/clip/1080p.m3u8"), &include_bytes!("../../assets/clip/1080p.ts")[..]);
    // The codecs name H.264's main profile with the level that the encoder chose, and AAC-LC.
    vec![
        Rendition {
            name: "270p",
            width: 480,
            lines: 270,
            codecs: "avc1.4d4015,mp4a.40.2",
            segments: segments(low),
        },
        Rendition {
            name: "720p",
            width: 1280,
            lines: 720,
            codecs: "avc1.4d401f,mp4a.40.2",
            segments: segments(middle),
        },
        Rendition {
            name: "1080p",
            width: 1920,
            lines: 1080,
            codecs: "avc1.4d4028,mp4a.40.2",
            segments: segments(high),
        },
    ]
}

impl Rendition {
    /// The segments that begin before this second: an end within a segment keeps that segment whole.
    pub(super) fn until(&self, end: Option<f64>) -> &[Segment] {
        let mut begin = 0.0;
        let kept = self.segments.iter().take_while(|segment| {
            let kept = end.is_none_or(|end| begin < end);
            begin += segment.seconds;
            kept
        });
        &self.segments[..kept.count()]
    }

    /// How this one is offered in the master playlist.
    pub(super) fn offer(&self) -> String {
        format!(
            "#EXT-X-STREAM-INF:BANDWIDTH={},RESOLUTION={}x{},FRAME-RATE=25.000,CODECS=\"{}\"",
            self.bits_per_second_max(),
            self.width,
            self.lines,
            self.codecs
        )
    }

    /// Its playlist up to this second, with a query that every segment's address carries on.
    pub(super) fn playlist(&self, end: Option<f64>, query: &str) -> String {
        let mut playlist = String::from(
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n",
        );
        for (index, segment) in self.until(end).iter().enumerate() {
            let line = writeln!(playlist, "#EXTINF:{:.3},\n{}/{index}.ts{query}", segment.seconds, self.name);
            line.expect("a string takes every line");
        }
        playlist.push_str("#EXT-X-ENDLIST\n");
        playlist
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bytes of one segment"
    )]
    fn bits_per_second_max(&self) -> u64 {
        let rates = self.segments.iter().map(|segment| segment.bytes.len() as f64 * 8.0 / segment.seconds);
        rates.fold(0.0, f64::max).ceil() as u64
    }
}

impl Segment {
    pub(super) fn bytes(&self) -> &'static [u8] {
        self.bytes
    }
}

/// Cuts a rendition's file by its playlist.
fn segments((playlist, file): (&'static str, &'static [u8])) -> Vec<Segment> {
    let durations = playlist.lines().filter_map(|line| line.strip_prefix("#EXTINF:")?.strip_suffix(','));
    let ranges = playlist.lines().filter_map(|line| line.strip_prefix("#EXT-X-BYTERANGE:")?.split_once('@'));
    let number = |text: &str| text.parse::<usize>().expect("make-clip writes whole numbers");
    durations
        .zip(ranges)
        .map(|(seconds, (length, offset))| Segment {
            seconds: seconds.parse().expect("make-clip writes durations"),
            bytes: &file[number(offset)..][..number(length)],
        })
        .collect()
}
