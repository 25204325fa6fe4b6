//! The demo page: what it serves, what its policy lets in, and that its player is the recorded one.

use crate::client::{Answer, get};
use local::demo::{Config, Demo, Link, Video};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::fmt::Write;

fn config() -> Config {
    Config {
        gateway_url: "http://127.0.0.1:8080".to_owned(),
        videos: vec![Video {
            id: "01935f3c-7a10-7c3e-9b1f-2f6f0c9d4e21".to_owned(),
            title: "A film".to_owned(),
            access: "members".to_owned(),
            min_tier: None,
            preview_seconds: None,
            about: "For everyone who pays.".to_owned(),
        }],
        paths: vec!["/v1/login".to_owned()],
        mail_url: Some("http://127.0.0.1:8025".to_owned()),
        links: vec![Link { name: "Mail".to_owned(), url: "http://127.0.0.1:8025".to_owned() }],
        media_origins: vec!["http://127.0.0.1:9000".to_owned(), "https://*.mux.com".to_owned()],
    }
}

async fn page(path: &str) -> Answer {
    let demo = Demo::start(0).await.expect("a free port");
    demo.publish(config());
    get(&format!("{}{path}", demo.url())).await
}

#[tokio::test]
async fn every_file_of_the_page_is_served_with_its_type_and_guarded() {
    for (path, media_type, begin) in [
        ("/", "text/html; charset=utf-8", "<!doctype html>"),
        ("/verify-email", "text/html; charset=utf-8", "<!doctype html>"),
        ("/reset-password", "text/html; charset=utf-8", "<!doctype html>"),
        ("/forgot-password", "text/html; charset=utf-8", "<!doctype html>"),
        ("/account.js", "text/javascript; charset=utf-8", "//"),
        ("/demo.js", "text/javascript; charset=utf-8", "//"),
        ("/page.js", "text/javascript; charset=utf-8", "//"),
        ("/plan.js", "text/javascript; charset=utf-8", "//"),
        ("/session.js", "text/javascript; charset=utf-8", "//"),
        ("/watch.js", "text/javascript; charset=utf-8", "//"),
        ("/wire.js", "text/javascript; charset=utf-8", "//"),
        ("/demo.css", "text/css; charset=utf-8", "/*"),
        ("/icon.svg", "image/svg+xml", "<svg"),
        ("/hls.min.js", "text/javascript; charset=utf-8", "!function"),
        ("/config.json", "application/json", "{"),
    ] {
        let answer = page(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), media_type, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(answer.text().starts_with(begin), "{path}");
    }
    let missing = page("/favicon.ico").await;
    assert_eq!(missing.status, 404);
    assert!(missing.header("content-security-policy").starts_with("default-src 'none'"));
}

#[tokio::test]
async fn the_policy_lets_in_the_pages_own_files_and_the_stack_alone() {
    let answer = page("/").await;
    assert_eq!(
        answer.header("content-security-policy"),
        "default-src 'none'; script-src 'self'; style-src 'self'; \
         img-src 'self' http://127.0.0.1:9000 https://*.mux.com; media-src blob: http://127.0.0.1:9000 https://*.mux.com; \
         connect-src 'self' http://127.0.0.1:8080 http://127.0.0.1:9000 https://*.mux.com; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
}

#[tokio::test]
async fn the_page_needs_nothing_that_its_policy_refuses() {
    let document = page("/").await;
    for refused in ["style=", " onclick", " onload", "<style", "javascript:", "//"] {
        let text = document.text().replace("<!doctype html>", "");
        assert!(!text.contains(refused), "{refused}");
    }
    for script in document.text().split("<script").skip(1) {
        assert!(script.starts_with(" src="), "{script}");
    }
    let scripts =
        ["account", "demo", "page", "plan", "session", "watch", "wire"].map(|name| format!("/{name}.js"));
    for path in scripts.iter().map(String::as_str).chain(["/demo.css"]) {
        let file = page(path).await;
        for outside in ["http://", "https://", "eval(", "innerHTML", "@import"] {
            assert!(!file.text().contains(outside), "{path}: {outside}");
        }
    }
}

#[tokio::test]
async fn the_page_learns_what_it_talks_to_once_the_stack_knows_it() {
    let demo = Demo::start(0).await.expect("a free port");
    let address = format!("{}/config.json", demo.url());
    assert_eq!(get(&address).await.status, 503);
    demo.publish(config());
    let answer = get(&address).await;
    assert_eq!(answer.status, 200);
    let published: Value = serde_json::from_slice(&answer.body).expect("the configuration is JSON");
    let expected = json!({
        "gateway_url": "http://127.0.0.1:8080",
        "videos": [{
            "id": "01935f3c-7a10-7c3e-9b1f-2f6f0c9d4e21", "title": "A film", "access": "members", "min_tier": null,
            "preview_seconds": null, "about": "For everyone who pays.",
        }],
        "paths": ["/v1/login"],
        "mail_url": "http://127.0.0.1:8025",
        "links": [{"name": "Mail", "url": "http://127.0.0.1:8025"}],
    });
    assert_eq!(published, expected);
}

#[tokio::test]
async fn a_checkout_and_the_portal_return_to_the_page() {
    let demo = Demo::start(0).await.expect("a free port");
    let base = demo.url();
    assert_eq!(demo.success_url(), format!("{base}/?checkout=success&session_id={{CHECKOUT_SESSION_ID}}"));
    assert_eq!(demo.cancel_url(), format!("{base}/?checkout=cancel"));
    assert_eq!(demo.portal_return_url(), format!("{base}/?portal=return"));
    assert_eq!(get(&demo.cancel_url()).await.status, 200);
}

#[tokio::test]
async fn the_player_is_the_recorded_one() {
    let sums = include_str!("../../assets/hls/SHA256SUMS");
    let licence = include_bytes!("../../assets/hls/LICENSE");
    let player = page("/hls.min.js").await;
    for (name, bytes) in [("hls.min.js", &player.body[..]), ("LICENSE", &licence[..])] {
        let sum = digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes every digit");
            text
        });
        assert!(sums.lines().any(|line| line == format!("{sum}  {name}")), "{name} is {sum}");
    }
}
