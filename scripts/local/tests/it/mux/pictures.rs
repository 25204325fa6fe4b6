//! Thumbnails and the storyboard: real pictures, shaped by claims alone.

use super::{Edge, ID, check, token};
use crate::client::get;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The width that a PNG names in its first chunk.
fn png_width(png: &[u8]) -> u32 {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    u32::from_be_bytes(png[16..20].try_into().expect("four bytes"))
}

#[tokio::test]
async fn a_thumbnail_has_the_next_prepared_width() {
    let edge = Edge::start().await;
    let cases =
        [("1", 320), ("320", 320), ("321", 640), ("640", 640), ("641", 1280), ("1280", 1280), ("9000", 1280)];
    for (width, served) in cases {
        let answer = edge.image("thumbnail.png", &token("t", json!({"width": width}))).await;
        check(width, &answer, 200);
        assert_eq!(png_width(&answer.body), served, "{width}");
    }
    assert_eq!(png_width(&edge.image("thumbnail.png", &token("t", json!({}))).await.body), 1280);
}

#[tokio::test]
async fn a_thumbnail_shows_the_last_prepared_moment_before_its_time() {
    let edge = Edge::start().await;
    let mut shown = BTreeMap::new();
    for time in ["0", "3.9", "4", "7", "12", "15", "20", "23", "900"] {
        let answer = edge.image("thumbnail.webp", &token("t", json!({"time": time}))).await;
        check(time, &answer, 200);
        shown.insert(time, answer.body);
    }
    for (time, same) in [("0", "3.9"), ("4", "7"), ("12", "15"), ("20", "23"), ("20", "900")] {
        assert_eq!(shown[time], shown[same], "{time} and {same}");
    }
    for (time, other) in [("0", "4"), ("4", "12"), ("12", "20")] {
        assert_ne!(shown[time], shown[other], "{time} and {other}");
    }
    let middle = edge.image("thumbnail.webp", &token("t", json!({}))).await;
    assert_eq!(middle.body, shown["12"]);
}

#[tokio::test]
async fn pictures_are_what_their_names_say() {
    let edge = Edge::start().await;
    for (extension, media_type, begin, offset) in [
        ("jpg", "image/jpeg", &b"\xff\xd8\xff"[..], 0),
        ("png", "image/png", b"\x89PNG", 0),
        ("webp", "image/webp", b"WEBP", 8),
    ] {
        for (stem, aud, other) in [("thumbnail", "t", "s"), ("storyboard", "s", "t")] {
            let file = format!("{stem}.{extension}");
            let answer = edge.image(&file, &token(aud, json!({}))).await;
            check(&file, &answer, 200);
            assert_eq!(answer.header("content-type"), media_type);
            assert!(answer.body[offset..].starts_with(begin), "{file}");
            check("another purpose", &edge.image(&file, &token(other, json!({}))).await, 403);
            check("a video's token", &edge.image(&file, &token("v", json!({}))).await, 403);
            check("no token", &edge.image(&file, "").await, 403);
        }
    }
    for file in ["thumbnail.gif", "thumbnail", "poster.jpg", "thumbnail.vtt", "storyboard.m3u8"] {
        check(file, &edge.image(file, &token("t", json!({}))).await, 404);
    }
}

#[tokio::test]
async fn a_storyboard_leads_to_its_picture_with_the_same_token() {
    let edge = Edge::start().await;
    let token = token("s", json!({}));
    let list = edge.image("storyboard.vtt", &format!("{token}&format=webp")).await;
    check("list", &list, 200);
    assert_eq!(list.header("content-type"), "text/vtt; charset=utf-8");
    assert!(list.text().starts_with("WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nhttp://"), "{}", list.text());
    let tiles: Vec<&str> = list.text().lines().filter(|line| line.starts_with("http://")).collect();
    assert_eq!(tiles.len(), 12);
    let (address, place) = tiles[11].split_once('#').unwrap();
    assert_eq!(place, "xywh=768,288,256,144");
    assert_eq!(address, format!("{}/{ID}/storyboard.jpg?token={token}", edge.mux.image_url()));
    check("picture", &get(address).await, 200);

    let list = edge.image("storyboard.json", &token).await;
    assert_eq!(list.header("content-type"), "application/json");
    let list: Value = serde_json::from_slice(&list.body).unwrap();
    assert_eq!(list["url"], address);
    assert_eq!((&list["tile_width"], &list["tile_height"]), (&json!(256), &json!(144)));
    assert_eq!(list["tiles"][11], json!({"start": 22, "x": 768, "y": 288}));
}
