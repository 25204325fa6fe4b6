//! What the edge refuses, each with its own status.

use super::{Edge, ID, NOW, check, claims, encode, header, sign, token, with};
use crate::client::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use local::mux::{Asset, Mux, Options};
use serde_json::json;
use testkit::keys::{MUX_PRIVATE_KEY, MUX_PUBLIC_KEY, MUX_SIGNING_KEY};

#[tokio::test]
async fn a_token_that_cannot_be_read_is_400() {
    let edge = Edge::start().await;
    let good = token("v", json!({}));
    let [header_part, claims_part, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts")
    };
    let cases = [
        ("one part", "nonsense".to_owned()),
        ("two parts", format!("{header_part}.{claims_part}")),
        ("four parts", format!("{good}.{signature}")),
        ("no base64url", format!("{header_part}.%21%21.{signature}")),
        ("base64 with padding", format!("{header_part}.{claims_part}.{signature}%3D%3D")),
        ("a header that is no JSON", format!("{}.{claims_part}.{signature}", URL_SAFE_NO_PAD.encode("alg"))),
        ("claims that are a list", format!("{header_part}.{}.{signature}", encode(&json!([])))),
        ("claims cut short", format!("{header_part}.{}.{signature}", &claims_part[..claims_part.len() - 8])),
        ("exp as text", token("v", json!({"exp": "1800000001"}))),
        ("exp with a fraction", token("v", json!({"exp": 1_800_000_001.5}))),
        ("a parameter that is a number", token("v", json!({"asset_end_time": 8}))),
        ("an end that is no number", token("v", json!({"asset_end_time": "soon"}))),
        ("an end below zero", token("v", json!({"asset_end_time": "-1"}))),
        ("an end without end", token("v", json!({"asset_end_time": "inf"}))),
        ("an empty end", token("v", json!({"asset_end_time": ""}))),
        ("a resolution that does not exist", token("v", json!({"max_resolution": "700p"}))),
        ("a resolution without unit", token("v", json!({"max_resolution": "720"}))),
        ("a token of more than 8 KiB", "a".repeat(8 * 1024 + 1)),
        ("a token twice", format!("{good}&token={good}")),
    ];
    for (what, token) in cases {
        check(what, &edge.video(&token).await, 400);
    }
    for width in ["0", "", "wide", "+5", "99999999999"] {
        check(width, &edge.image("thumbnail.webp", &token("t", json!({"width": width}))).await, 400);
    }
}

#[tokio::test]
async fn a_token_that_does_not_fit_is_403() {
    let edge = Edge::start().await;
    let good = token("v", json!({}));
    let (rest, signature) = good.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let (first, _) = rest.split_once('.').unwrap();
    let longer_life = encode(&with(claims("v"), json!({"exp": NOW + 9000})));
    let unsigned = encode(&with(header(), json!({"alg": "none"})));
    let cases = [
        ("none", String::new()),
        ("alg none without signature", format!("{unsigned}.{}.", encode(&claims("v")))),
        ("alg none with a good signature", sign(&with(header(), json!({"alg": "none"})), &claims("v"))),
        ("alg HS256", sign(&with(header(), json!({"alg": "HS256"})), &claims("v"))),
        ("alg rs256", sign(&with(header(), json!({"alg": "rs256"})), &claims("v"))),
        ("no alg", sign(&with(header(), json!({"alg": null})), &claims("v"))),
        ("an altered signature", format!("{rest}.{flipped}{}", &signature[1..])),
        ("half a signature", format!("{rest}.{}", &signature[..168])),
        ("no signature", format!("{rest}.")),
        ("altered claims", format!("{first}.{longer_life}.{signature}")),
        (
            "an unknown kid",
            sign(&with(header(), json!({"kid": "other"})), &with(claims("v"), json!({"kid": "other"}))),
        ),
        ("an unknown kid in the header", sign(&with(header(), json!({"kid": "other"})), &claims("v"))),
        ("an unknown kid among the claims", token("v", json!({"kid": "other"}))),
        ("no kid", sign(&with(header(), json!({"kid": null})), &with(claims("v"), json!({"kid": null})))),
        ("a thumbnail's aud", token("t", json!({}))),
        ("no aud", token("v", json!({"aud": null}))),
        ("another sub", token("v", json!({"sub": "Public1"}))),
        ("the same sub in small letters", token("v", json!({"sub": ID.to_lowercase()}))),
        ("no sub", token("v", json!({"sub": null}))),
        ("no exp", token("v", json!({"exp": null}))),
        ("an exp of this very second", token("v", json!({"exp": NOW}))),
        ("an exp before all time", token("v", json!({"exp": i64::MIN}))),
    ];
    for (what, token) in cases {
        check(what, &edge.video(&token).await, 403);
    }
    check("no query", &get(&format!("{}/{ID}.m3u8", edge.mux.stream_url())).await, 403);
}

#[tokio::test]
async fn a_token_is_good_until_the_second_before_its_exp() {
    let edge = Edge::start().await;
    check("one second of life", &edge.video(&token("v", json!({"exp": NOW + 1}))).await, 200);
    check("none", &edge.video(&token("v", json!({"exp": NOW}))).await, 403);
}

#[tokio::test]
async fn the_keys_id_may_stand_in_the_header_or_among_the_claims() {
    let edge = Edge::start().await;
    let bare = with(header(), json!({"kid": null}));
    check("among the claims", &edge.video(&sign(&bare, &claims("v"))).await, 200);
    check("in the header", &edge.video(&token("v", json!({"kid": null}))).await, 200);
}

#[tokio::test]
async fn an_unknown_playback_id_is_404_whatever_the_token() {
    let edge = Edge::start().await;
    let (stream, image) = (edge.mux.stream_url(), edge.mux.image_url());
    let good = token("v", json!({"sub": "Unknown1"}));
    for address in [
        format!("{stream}/Unknown1.m3u8?token={good}"),
        format!("{stream}/Unknown1.m3u8?token=nonsense"),
        format!("{stream}/Unknown1.m3u8"),
        format!("{stream}/Unknown1/270p.m3u8"),
        format!("{stream}/Unknown1/270p/0.ts"),
        format!("{image}/Unknown1/thumbnail.webp"),
        format!("{stream}/.m3u8"),
        format!("{stream}/..%2f..%2fetc%2fpasswd.m3u8"),
        format!("{stream}/"),
        edge.mux.stream_url(),
    ] {
        check(&address, &get(&address).await, 404);
    }
}

#[tokio::test]
async fn an_asset_that_is_not_ready_is_412_once_the_token_is_good() {
    let edge = Edge::start().await;
    let address = |aud, path: &str| {
        let token = token(aud, json!({"sub": "Preparing1"}));
        format!("{path}?token={token}")
    };
    let master = format!("{}/Preparing1.m3u8", edge.mux.stream_url());
    let poster = format!("{}/Preparing1/thumbnail.webp", edge.mux.image_url());
    check("video", &get(&address("v", &master)).await, 412);
    check("poster", &get(&address("t", &poster)).await, 412);
    check("without a token", &get(&master).await, 403);
    edge.mux.put("Preparing1", Asset::SIGNED);
    check("once it is ready", &get(&address("v", &master)).await, 200);
}

#[tokio::test]
async fn renditions_and_segments_check_the_token_again() {
    let edge = Edge::start().await;
    let stream = edge.mux.stream_url();
    let expired = token("v", json!({"exp": NOW}));
    for path in [format!("{ID}/270p.m3u8"), format!("{ID}/270p/0.ts")] {
        check("bare", &get(&format!("{stream}/{path}")).await, 403);
        check("expired", &get(&format!("{stream}/{path}?token={expired}")).await, 403);
        check("unreadable", &get(&format!("{stream}/{path}?token=nonsense")).await, 400);
    }
}

#[tokio::test]
async fn refusals_do_not_repeat_the_token() {
    let edge = Edge::start().await;
    for token in [token("t", json!({})), "nonsense-nonsense".to_owned()] {
        let answer = edge.video(&token).await;
        assert_ne!(answer.status, StatusCode::OK);
        assert!(!answer.text().contains(&token), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_public_key_that_cannot_be_read_stops_the_start() {
    let half = &MUX_PUBLIC_KEY[..MUX_PUBLIC_KEY.len() / 2];
    for pem in
        ["", "nonsense", half, MUX_PRIVATE_KEY, "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----"]
    {
        let fault =
            Mux::start(Options::new(MUX_SIGNING_KEY, pem)).await.err().expect("this is no public key");
        assert_eq!(fault.kind(), std::io::ErrorKind::InvalidInput, "{pem}");
    }
}

#[tokio::test]
async fn no_character_of_a_token_can_be_altered_and_it_cannot_be_cut_short() {
    let edge = Edge::start().await;
    let good = token("v", json!({}));
    for index in 0..good.len() {
        let other = if good[index..].starts_with('A') { "B" } else { "A" };
        let (before, after) = (&good[..index], &good[index + 1..]);
        for altered in [format!("{before}{other}{after}"), before.to_owned()] {
            let status = edge.video(&altered).await.status.as_u16();
            assert!(matches!(status, 400 | 403), "{status} at {index}");
        }
    }
}
