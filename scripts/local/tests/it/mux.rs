//! The stand-in for Mux: what it refuses, what each claim does, and that what it serves is a real video.

mod pictures;
mod refusals;

use crate::client::{Answer, get, send};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Method;
use local::mux::{Asset, Mux, Options};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use streamly::clock::Clock;
use streamly::video::{self, lifetime};
use testkit::keys::{MUX_PRIVATE_KEY, MUX_PUBLIC_KEY, MUX_SIGNING_KEY};

const NOW: u64 = 1_800_000_000;
const ID: &str = "Signed1";
const TS_PACKET_BYTES: usize = 188;

/// A stand-in at a fixed second, with one asset of each kind, and its log.
struct Edge {
    mux: Mux,
    log: Arc<Mutex<Vec<String>>>,
}

impl Edge {
    async fn start() -> Self {
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let written = Arc::clone(&log);
        let assets = [(ID, Asset::SIGNED), ("Public1", Asset::PUBLIC), ("Preparing1", Asset::PREPARING)];
        let mux = Mux::start(Options {
            assets: assets.map(|(id, asset)| (id.to_owned(), asset)).into(),
            clock: Clock::fixed(NOW),
            log: Arc::new(move |line| written.lock().expect("no writer panics").push(line.to_owned())),
            ..Options::new(MUX_SIGNING_KEY, MUX_PUBLIC_KEY)
        });
        Self { mux: mux.await.expect("a free port"), log }
    }

    async fn video(&self, token: &str) -> Answer {
        get(&format!("{}/{ID}.m3u8?token={token}", self.mux.stream_url())).await
    }

    async fn image(&self, file: &str, token: &str) -> Answer {
        get(&format!("{}/{ID}/{file}?token={token}", self.mux.image_url())).await
    }

    /// The first playlist's address of the lowest rendition, and what it answers.
    async fn lowest(&self, token: &str) -> Answer {
        let master = self.video(token).await;
        let address = addresses(&master).first().expect("one rendition at least").to_owned();
        get(&format!("{}/{address}", self.mux.stream_url())).await
    }
}

fn header() -> Value {
    json!({"alg": "RS256", "typ": "JWT", "kid": MUX_SIGNING_KEY})
}

fn claims(aud: &str) -> Value {
    json!({"kid": MUX_SIGNING_KEY, "sub": ID, "aud": aud, "exp": NOW + 1})
}

/// An object with some members replaced; null removes one.
fn with(mut object: Value, members: Value) -> Value {
    let Value::Object(members) = members else { panic!("the test wrote no object") };
    let fields = object.as_object_mut().expect("the test wrote no object");
    for (name, value) in members {
        if value.is_null() {
            fields.remove(&name)
        } else {
            fields.insert(name, value)
        };
    }
    object
}

fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

fn sign(header: &Value, claims: &Value) -> String {
    let pem: String = MUX_PRIVATE_KEY.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(pem).expect("a PEM holds base64");
    let pair = RsaKeyPair::from_der(&der).expect("it holds an RSA key");
    let signed = format!("{}.{}", encode(header), encode(claims));
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .expect("the system has randomness");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn token(aud: &str, members: Value) -> String {
    sign(&header(), &with(claims(aud), members))
}

/// The lines of a playlist that are addresses.
fn addresses(playlist: &Answer) -> Vec<&str> {
    playlist.text().lines().filter(|line| !line.starts_with('#')).collect()
}

#[track_caller]
fn check(what: &str, answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{what}: {}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.header("access-control-allow-origin"), "*", "{what}");
}

#[tokio::test]
async fn a_player_gets_from_the_master_playlist_to_every_segment_by_the_addresses_it_is_given() {
    let edge = Edge::start().await;
    let master = edge.video(&token("v", json!({}))).await;
    check("master", &master, 200);
    assert_eq!(master.header("content-type"), "application/vnd.apple.mpegurl");
    assert_eq!(addresses(&master).len(), 3);
    for address in addresses(&master) {
        let rendition = get(&format!("{}/{address}", edge.mux.stream_url())).await;
        check(address, &rendition, 200);
        assert!(rendition.text().ends_with("#EXT-X-ENDLIST\n"));
        assert_eq!(addresses(&rendition).len(), 6);
        for segment in addresses(&rendition) {
            let bytes = get(&format!("{}/{ID}/{segment}", edge.mux.stream_url())).await;
            check(segment, &bytes, 200);
            assert_eq!(bytes.header("content-type"), "video/mp2t");
            // MPEG-TS: packets of 188 bytes, each begins with 0x47; the first two carry the tables.
            assert!(bytes.body.len() > 50 * TS_PACKET_BYTES, "{segment} holds a picture");
            assert_eq!(bytes.body.len() % TS_PACKET_BYTES, 0, "{segment}");
            assert!(bytes.body.chunks(TS_PACKET_BYTES).all(|packet| packet[0] == 0x47), "{segment}");
        }
    }
}

#[tokio::test]
async fn a_playlists_durations_add_up_to_the_clip() {
    let edge = Edge::start().await;
    let rendition = edge.lowest(&token("v", json!({}))).await;
    let durations =
        rendition.text().lines().filter_map(|line| line.strip_prefix("#EXTINF:")?.strip_suffix(','));
    let sum: f64 = durations.map(|seconds| seconds.parse::<f64>().unwrap()).sum();
    assert!((sum - local::mux::CLIP_SECONDS).abs() < 0.01, "{sum}");
}

#[tokio::test]
async fn a_public_asset_plays_with_a_bare_address_whose_query_shapes_it() {
    let edge = Edge::start().await;
    let (stream, image) = (edge.mux.stream_url(), edge.mux.image_url());
    for (query, renditions, carried, segments) in [
        ("", 3, "", 6),
        ("?max_resolution=720p&asset_end_time=8&other=1", 2, "?max_resolution=720p&asset_end_time=8", 2),
        ("?token=nonsense", 3, "", 6),
    ] {
        let master = get(&format!("{stream}/Public1.m3u8{query}")).await;
        check(query, &master, 200);
        let found = addresses(&master);
        assert_eq!((found.len(), found[0]), (renditions, &*format!("Public1/270p.m3u8{carried}")));
        let rendition = get(&format!("{stream}/{}", found[0])).await;
        assert_eq!(addresses(&rendition).len(), segments, "{query}");
        let last = format!("{stream}/Public1/{}", addresses(&rendition)[segments - 1]);
        check(&last, &get(&last).await, 200);
    }
    let whole = get(&format!("{image}/Public1/thumbnail.png")).await;
    let small = get(&format!("{image}/Public1/thumbnail.png?width=320")).await;
    assert!(small.body.len() < whole.body.len());
    for query in ["width=wide", "time=-1", "max_resolution=700p"] {
        check(query, &get(&format!("{image}/Public1/thumbnail.png?{query}")).await, 400);
    }
    check("storyboard", &get(&format!("{image}/Public1/storyboard.vtt")).await, 200);
}

#[tokio::test]
async fn what_the_product_signs_opens() {
    let edge = Edge::start().await;
    let base = |url: String| url.parse().expect("the stand-in has an address");
    let product = video::mux::Mux::new(
        MUX_SIGNING_KEY.parse().expect("a key id"),
        MUX_PRIVATE_KEY.parse().expect("a private key"),
        base(edge.mux.stream_url()),
        base(edge.mux.image_url()),
    );
    let id = ID.parse().expect("a playback id");
    let window = lifetime::mux_poster(i64::try_from(NOW).expect("a year that fits"));
    let limits = video::mux::Limits {
        max_resolution: Some("720p"),
        end_seconds: Some(8),
        ..video::mux::Limits::default()
    };
    let poster = video::mux::Poster { seconds: Some(4.5) };

    let master = get(&product.video_url(&id, &product.video(&id, limits, window).token)).await;
    check("video", &master, 200);
    assert_eq!(addresses(&master).len(), 2);
    let rendition = get(&format!("{}/{}", edge.mux.stream_url(), addresses(&master)[1])).await;
    assert_eq!(addresses(&rendition).len(), 2);
    check("poster", &get(&product.poster_url(&id, &product.poster(&id, poster, window).token)).await, 200);
    check(
        "storyboard",
        &get(&product.storyboard_url(&id, &product.storyboard(&id, window).token)).await,
        200,
    );
}

#[tokio::test]
async fn an_asset_end_time_cuts_the_playlist_after_the_segment_that_holds_it() {
    let edge = Edge::start().await;
    let cases = [
        ("0", 0),
        ("0.5", 1),
        ("4", 1),
        ("4.0", 1),
        ("4.1", 2),
        ("8", 2),
        ("20.5", 6),
        ("24", 6),
        ("120", 6),
    ];
    for (end, segments) in cases {
        let token = token("v", json!({"asset_end_time": end}));
        assert_eq!(addresses(&edge.lowest(&token).await).len(), segments, "{end}");
        for (index, status) in [(segments.checked_sub(1), 200), (Some(segments), 404)] {
            let Some(index) = index else { continue };
            let address = format!("{}/{ID}/270p/{index}.ts?token={token}", edge.mux.stream_url());
            check(&format!("segment {index} before {end}"), &get(&address).await, status);
        }
    }
}

#[tokio::test]
async fn a_max_resolution_drops_what_is_above_it() {
    let edge = Edge::start().await;
    let cases = [
        ("270p", 1),
        ("360p", 1),
        ("480p", 1),
        ("540p", 1),
        ("720p", 2),
        ("1080p", 3),
        ("1440p", 3),
        ("2160p", 3),
    ];
    for (most, renditions) in cases {
        let token = token("v", json!({"max_resolution": most}));
        let master = edge.video(&token).await;
        assert_eq!(addresses(&master).len(), renditions, "{most}");
        for (index, name) in ["270p", "720p", "1080p"].into_iter().enumerate() {
            let status = if index < renditions { 200 } else { 404 };
            for path in [format!("{name}.m3u8"), format!("{name}/0.ts")] {
                let address = format!("{}/{ID}/{path}?token={token}", edge.mux.stream_url());
                check(&format!("{path} at most {most}"), &get(&address).await, status);
            }
        }
    }
}

#[tokio::test]
async fn query_parameters_beside_the_token_do_nothing() {
    let edge = Edge::start().await;
    let plain = token("v", json!({}));
    let bare = edge.video(&plain).await;
    let asked =
        edge.video(&format!("{plain}&asset_end_time=4&max_resolution=270p&redundant_streams=true")).await;
    assert_eq!(bare.body, asked.body);
    let plain = token("t", json!({}));
    let bare = edge.image("thumbnail.webp", &plain).await;
    assert_eq!(bare.body, edge.image("thumbnail.webp", &format!("{plain}&time=0&width=320")).await.body);
}

#[tokio::test]
async fn head_preflight_and_other_methods_answer_as_a_browser_expects() {
    let edge = Edge::start().await;
    let address = format!("{}/{ID}.m3u8?token={}", edge.mux.stream_url(), token("v", json!({})));
    let head = send(Method::HEAD, &address).await;
    check("head", &head, 200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), get(&address).await.body.len().to_string());
    let preflight = send(Method::OPTIONS, &address).await;
    check("preflight", &preflight, 204);
    assert_eq!(preflight.header("access-control-allow-methods"), "GET, HEAD");
    check("post", &send(Method::POST, &address).await, 405);
}

#[tokio::test]
async fn the_log_names_the_path_and_the_status_and_no_token() {
    let edge = Edge::start().await;
    let good = token("v", json!({}));
    edge.video(&good).await;
    edge.video("nonsense").await;
    let log = edge.log.lock().unwrap().join("\n");
    assert_eq!(log, format!("GET /stream/{ID}.m3u8 200\nGET /stream/{ID}.m3u8 400"));
}
