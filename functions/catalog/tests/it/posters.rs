//! Posters, and what else of a provider's could be told and is not.

use http::header;
use testkit::keys::{MUX_PRIVATE_KEY, MUX_SIGNING_KEY};
use testkit::{Video, ask, get};

use crate::suite::{LIST, Suite, parts};

/// Variables that configure Cloudflare Stream with the key that the tests also give to Mux.
const CLOUDFLARE: [(&str, &str); 3] = [
    ("CLOUDFLARE_STREAM_KEY_ID", "cloudflareKey"),
    ("CLOUDFLARE_STREAM_PRIVATE_KEY", MUX_PRIVATE_KEY),
    ("CLOUDFLARE_STREAM_DOMAIN", "customer-abc.cloudflarestream.com"),
];
const UID: &str = "6b9e68b07dfee8cc2d116e4c51d6a957";
const NOW: i64 = 1_795_395_600;

#[tokio::test]
async fn no_id_of_a_providers_is_told_but_in_a_posters_address() {
    let suite = Suite::with(&CLOUDFLARE).await;
    for (provider, access) in
        [("mux", "members"), ("mux", "free"), ("cloudflare", "members"), ("cloudflare", "free")]
    {
        let playback_id = Some(if provider == "mux" { "PLAYBACKid1".to_owned() } else { UID.to_owned() });
        let video = suite.add(Video { provider, access, playback_id, ..Video::default() }).await;
        for (column, value) in [
            ("provider_asset_id", "'ASSETid1'"),
            ("provider_upload_id", "'UPLOADid1'"),
            ("playback_restriction_id", "'RESTRICTIONid1'"),
            ("error_code", "'ERRORcode1'"),
            ("error_message", "'ERRORtext1'"),
            ("allowed_countries", "'{QX}'"),
        ] {
            suite.set(video, column, value).await;
        }
    }
    let page = suite.page("").await;
    for mut video in page["videos"].as_array().expect("a list").clone() {
        let members: Vec<String> = video.as_object().expect("an object").keys().cloned().collect();
        let expected = [
            "access",
            "aspect_ratio",
            "description",
            "duration_seconds",
            "id",
            "min_tier",
            "poster_url",
            "preview_seconds",
            "published_at",
            "status",
            "title",
        ];
        assert_eq!(members, expected);
        let single = suite.get(&format!("{LIST}/{}", video["id"].as_str().expect("an id"))).await;
        assert_eq!(single.json(), video);
        video["poster_url"] = serde_json::Value::Null;
        let text = video.to_string();
        for secret in [
            "PLAYBACKid1",
            UID,
            "ASSETid1",
            "UPLOADid1",
            "RESTRICTIONid1",
            "ERROR",
            "QX",
            "mux",
            "cloudflare",
            MUX_SIGNING_KEY,
        ] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    let text = page.to_string();
    // Asset, upload and restriction not even there; the words above would be seen: a poster holds one.
    for secret in ["ASSETid1", "UPLOADid1", "RESTRICTIONid1"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(text.contains("https://image.mux.com/PLAYBACKid1/thumbnail.webp?token=eyJ"));
}

#[tokio::test]
async fn a_gated_title_of_cloudflares_has_no_poster_and_a_free_one_has() {
    let suite = Suite::with(&CLOUDFLARE).await;
    for (access, has_poster) in [("free", true), ("members", false), ("tier", false)] {
        let video = suite
            .add(Video {
                provider: "cloudflare",
                playback_id: Some(UID.to_owned()),
                access,
                min_tier: Some("basic"),
                ..Video::default()
            })
            .await;
        let shown = suite.get(&format!("{LIST}/{video}")).await;
        assert_eq!(shown.json()["poster_url"].is_string(), has_poster, "{access}");
        // Whoever has such a poster may play, so a gated answer holds no token at all.
        assert_eq!(shown.text().contains("eyJ"), has_poster, "{access}");
    }
}

#[tokio::test]
async fn a_posters_address_stays_the_same_for_six_hours() {
    let suite = Suite::new().await;
    suite.add(Video::default()).await;
    let bucket = NOW / 21_600 * 21_600;
    let mut addresses = Vec::new();
    for second in [0, 1, 21_599, 21_600] {
        let reply = ask(&suite.at(&[], bucket + second), get(LIST)).await;
        addresses.push(reply.json()["videos"][0]["poster_url"].as_str().expect("a poster").to_owned());
    }
    assert!(addresses[0] == addresses[1] && addresses[1] == addresses[2], "{addresses:?}");
    assert_ne!(addresses[2], addresses[3]);
}

#[tokio::test]
async fn a_warm_page_signs_nothing() {
    let suite = Suite::new().await;
    for _ in 0..50 {
        suite.add(Video::default()).await;
    }
    let parts = parts(&suite.database, &[]);
    let signatures = parts.providers.mux.as_ref().expect("it is on").signatures().clone();
    let function = catalog::routes(parts);
    let page = format!("{LIST}?limit=50");
    let first = ask(&function, get(&page)).await.json();
    assert_eq!(signatures.count(), 50);
    for _ in 0..5 {
        assert_eq!(ask(&function, get(&page)).await.json(), first);
    }
    let one = format!("{LIST}/{}", first["videos"][0]["id"].as_str().expect("an id"));
    assert_eq!(ask(&function, get(&one)).await.json(), first["videos"][0]);
    assert_eq!(signatures.count(), 50);
}

#[tokio::test]
async fn without_a_provider_titles_are_shown_without_posters() {
    let suite = Suite::with(&[("MUX_SIGNING_KEY", ""), ("MUX_PRIVATE_KEY", "")]).await;
    suite.add(Video::default()).await;
    let reply = suite.get(LIST).await;
    assert_eq!(reply.status, 200);
    assert!(reply.json()["videos"][0]["poster_url"].is_null());
    assert_eq!(reply.header(header::CACHE_CONTROL.as_str()), "public, max-age=60");
}

#[tokio::test]
async fn what_is_still_being_prepared_has_no_poster() {
    let suite = Suite::new().await;
    for status in ["waiting", "preparing"] {
        let video = suite.add(Video { status, ..Video::default() }).await;
        let shown = suite.get(&format!("{LIST}/{video}")).await.json();
        assert_eq!((shown["status"].as_str(), shown["poster_url"].is_null()), (Some(status), true));
    }
}
