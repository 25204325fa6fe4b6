//! The clip's still pictures: thumbnails of a few moments and widths, and the storyboard.

/// How a picture is encoded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Jpeg,
    Png,
    Webp,
}

impl Format {
    /// By the end of a file's name.
    pub(super) fn from_extension(extension: &str) -> Option<Self> {
        match extension {
            "jpg" => Some(Self::Jpeg),
            "png" => Some(Self::Png),
            "webp" => Some(Self::Webp),
            _ => None,
        }
    }

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }
}

/// One picture in every format.
pub(super) struct Still {
    jpeg: &'static [u8],
    png: &'static [u8],
    webp: &'static [u8],
}

impl Still {
    pub(super) fn bytes(&self, format: Format) -> &'static [u8] {
        match format {
            Format::Jpeg => self.jpeg,
            Format::Png => self.png,
            Format::Webp => self.webp,
        }
    }
}

/// Three files that differ by their ending: written out, the table below would be three times as long.
macro_rules! still {
    ($name:literal) => {
        Still {
            jpeg: include_bytes!(concat!("../../assets/clip/", $name, ".jpg")),
            png: include_bytes!(concat!("../../assets/clip/", $name, ".png")),
            webp: include_bytes!(concat!("../../assets/clip/", $name, ".webp")),
        }
    };
}

/// The widths of [`FRAMES`], narrowest first.
const WIDTHS: [u32; 3] = [320, 640, 1280];

/// A moment of the clip in every width.
static FRAMES: [(f64, [Still; 3]); 6] = [
    (0.0, [still!("frame-0-320"), still!("frame-0-640"), still!("frame-0-1280")]),
    (4.0, [still!("frame-4-320"), still!("frame-4-640"), still!("frame-4-1280")]),
    (8.0, [still!("frame-8-320"), still!("frame-8-640"), still!("frame-8-1280")]),
    (12.0, [still!("frame-12-320"), still!("frame-12-640"), still!("frame-12-1280")]),
    (16.0, [still!("frame-16-320"), still!("frame-16-640"), still!("frame-16-1280")]),
    (20.0, [still!("frame-20-320"), still!("frame-20-640"), still!("frame-20-1280")]),
];

/// Twelve tiles, one every two seconds.
pub(super) static STORYBOARD: Still = still!("storyboard");
/// How wide and high a tile of the storyboard is.
pub(super) const TILE: (u32, u32) = (256, 144);
/// How many tiles stand beside and below each other.
pub(super) const TILES: (u32, u32) = (4, 3);
/// How long a tile stands for.
pub(super) const TILE_SECONDS: u32 = 2;

/// The last prepared moment that is not after `time`, in the narrowest prepared width that is not below `width`. By
/// default the middle of the clip at full width, as Mux chooses.
pub(super) fn thumbnail(time: Option<f64>, width: Option<u32>) -> &'static Still {
    let time = time.unwrap_or(super::CLIP_SECONDS / 2.0);
    let moment = FRAMES.iter().rposition(|(second, _)| *second <= time).unwrap_or(0);
    let column = width.and_then(|width| WIDTHS.iter().position(|prepared| *prepared >= width));
    &FRAMES[moment].1[column.unwrap_or(WIDTHS.len() - 1)]
}
