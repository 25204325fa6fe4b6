//! Pictures: thumbnails, and the storyboard with the lists that say what its tiles show.

use super::answer::Content;
use super::stills::{self, Format, STORYBOARD, TILE, TILE_SECONDS, TILES};
use super::token::{Audience, Grant};
use serde::Serialize;
use std::fmt::Write;

/// What a picture's file name asks for.
pub(super) enum Picture {
    Thumbnail(Format),
    Storyboard(Format),
    StoryboardVtt,
    StoryboardJson,
}

impl Picture {
    /// By file name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let (stem, extension) = name.split_once('.')?;
        match (stem, extension) {
            ("thumbnail", _) => Format::from_extension(extension).map(Self::Thumbnail),
            ("storyboard", "vtt") => Some(Self::StoryboardVtt),
            ("storyboard", "json") => Some(Self::StoryboardJson),
            ("storyboard", _) => Format::from_extension(extension).map(Self::Storyboard),
            _ => None,
        }
    }

    /// The tokens that open it.
    pub(super) fn audience(&self) -> Audience {
        match self {
            Self::Thumbnail(_) => Audience::Thumbnail,
            Self::Storyboard(_) | Self::StoryboardVtt | Self::StoryboardJson => Audience::Storyboard,
        }
    }

    /// Its bytes; `board` is the address of the storyboard's picture, with what opens it.
    pub(super) fn content(&self, grant: &Grant, board: &str) -> Content {
        match self {
            Self::Thumbnail(format) => {
                Content::new(format.media_type(), stills::thumbnail(grant.time, grant.width).bytes(*format))
            }
            Self::Storyboard(format) => Content::new(format.media_type(), STORYBOARD.bytes(*format)),
            Self::StoryboardVtt => Content::new("text/vtt; charset=utf-8", vtt(board)),
            Self::StoryboardJson => Content::new("application/json", json(board)),
        }
    }
}

/// Where a tile stands in the storyboard, and the second from which it is shown.
#[derive(Serialize)]
struct Tile {
    start: u32,
    x: u32,
    y: u32,
}

fn tiles() -> impl Iterator<Item = Tile> {
    let (columns, rows) = TILES;
    (0..columns * rows).map(move |index| Tile {
        start: index * TILE_SECONDS,
        x: index % columns * TILE.0,
        y: index / columns * TILE.1,
    })
}

fn vtt(board: &str) -> String {
    let mut list = String::from("WEBVTT\n");
    for Tile { start, x, y } in tiles() {
        let (end, (width, height)) = (start + TILE_SECONDS, TILE);
        let cue = writeln!(
            list,
            "\n00:00:{start:02}.000 --> 00:00:{end:02}.000\n{board}#xywh={x},{y},{width},{height}"
        );
        cue.expect("a string takes every line");
    }
    list
}

/// The same list as Mux writes it in JSON.
fn json(board: &str) -> String {
    #[derive(Serialize)]
    struct Board<'a> {
        url: &'a str,
        tile_width: u32,
        tile_height: u32,
        duration: f64,
        tiles: Vec<Tile>,
    }
    let (tile_width, tile_height) = TILE;
    let list = Board {
        url: board,
        tile_width,
        tile_height,
        duration: super::CLIP_SECONDS,
        tiles: tiles().collect(),
    };
    serde_json::to_string(&list).expect("numbers and text become JSON")
}
