//! The variables: every fault at once, by name, without a value.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use functions_framework::env;
use playback::Config;
use std::collections::HashMap;
use testkit::keys::{MUX_PRIVATE_KEY, MUX_PUBLIC_KEY, SigningKey};

/// Variables with which playback starts.
fn good() -> HashMap<String, String> {
    let jwks = SigningKey::published().jwks();
    let variables = [
        ("DATABASE_URL", "postgres://nobody:hunter2@127.0.0.1:1/nothing?sslmode=disable"),
        ("JWT_ISSUER", testkit::ISSUER),
        ("JWT_AUDIENCE", testkit::AUDIENCE),
        ("JWT_VERIFY_KEYS", &jwks),
        (
            "PLANS",
            r#"[{"slug": "basic", "name": "Basic", "price_id": "p", "tier": "basic",
                 "amount_minor": 900, "currency": "eur", "interval": "month"}]"#,
        ),
    ];
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What the configuration says with these changes; an empty value unsets.
fn read(changes: &[(&str, &str)]) -> Result<(), String> {
    let mut variables = good();
    variables.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    env::read_from(&variables, Config::read).map(|_| ()).map_err(|faults| faults.to_string())
}

#[track_caller]
fn check(changes: &[(&str, &str)], names: &[&str]) {
    match read(changes) {
        Ok(()) => assert!(names.is_empty(), "accepted, though {names:?} should be named"),
        Err(line) => {
            assert!(!line.contains('\n'), "{line}");
            let faults = line.strip_prefix("invalid configuration: ").expect("the usual start");
            let found: Vec<&str> =
                faults.split("; ").filter_map(|fault| fault.split([':', ' ']).next()).collect();
            assert_eq!(found, names, "{line}");
            for secret in ["hunter2", "BEGIN", "MII"] {
                assert!(!line.contains(secret), "{line}");
            }
        }
    }
}

fn mux(key: &str) -> [(&'static str, &str); 2] {
    [("MUX_SIGNING_KEY", "key1"), ("MUX_PRIVATE_KEY", key)]
}

#[test]
fn a_provider_with_nothing_set_is_off() {
    check(&[], &[]);
    check(&mux(MUX_PRIVATE_KEY), &[]);
    check(&crate::stage::cloudflare(), &[]);
}

#[test]
fn a_provider_that_is_half_set_is_a_fault() {
    check(&[("MUX_SIGNING_KEY", "key1")], &["MUX_PRIVATE_KEY"]);
    check(&[("MUX_PRIVATE_KEY", MUX_PRIVATE_KEY)], &["MUX_SIGNING_KEY"]);
    let [id, key, domain] = crate::stage::cloudflare();
    check(&[id], &["CLOUDFLARE_STREAM_PRIVATE_KEY", "CLOUDFLARE_STREAM_DOMAIN"]);
    check(&[id, key], &["CLOUDFLARE_STREAM_DOMAIN"]);
    check(&[key, domain], &["CLOUDFLARE_STREAM_KEY_ID"]);
    check(&[domain], &["CLOUDFLARE_STREAM_KEY_ID", "CLOUDFLARE_STREAM_PRIVATE_KEY"]);
}

#[test]
fn a_key_is_taken_as_secret_stores_hand_it_on() {
    check(&mux(&STANDARD.encode(MUX_PRIVATE_KEY)), &[]);
    check(&mux(&format!("{}\n", STANDARD.encode(MUX_PRIVATE_KEY))), &[]);
    check(&mux(&MUX_PRIVATE_KEY.replace('\n', "\\n")), &[]);
    check(&mux(&MUX_PRIVATE_KEY.replace('\n', "\r\n")), &[]);
}

#[test]
fn a_key_that_cannot_sign_is_a_fault() {
    let ec = SigningKey::published().pem();
    for key in ["garbage", MUX_PUBLIC_KEY, &STANDARD.encode(MUX_PUBLIC_KEY), &ec] {
        check(&mux(key), &["MUX_PRIVATE_KEY"]);
    }
}

#[test]
fn a_domain_is_a_bare_host_name() {
    let [id, key, _] = crate::stage::cloudflare();
    for domain in ["https://a.example", "a.example/", "a.example:443", "localhost"] {
        check(&[id, key, ("CLOUDFLARE_STREAM_DOMAIN", domain)], &["CLOUDFLARE_STREAM_DOMAIN"]);
    }
}

#[test]
fn every_fault_is_named_at_once() {
    check(
        &[
            ("DATABASE_URL", ""),
            ("DATABASE_POOL_SIZE", "0"),
            ("JWT_VERIFY_KEYS", "{}"),
            ("JWT_ISSUER", ""),
            ("JWT_AUDIENCE", ""),
            ("AUTH_TOKEN_HEADER", "cookie"),
            ("CORS_ALLOWED_ORIGINS", "*"),
            ("GEO_COUNTRY_HEADER", "not a header"),
            ("PLANS", "[]"),
            ("STRIPE_LIVEMODE", "yes"),
            ("PAST_DUE_GRACE_DAYS", "-1"),
            ("RENEWAL_LEEWAY_HOURS", "many"),
            ("MUX_SIGNING_KEY", "two words"),
            ("MUX_PRIVATE_KEY", "garbage"),
            ("MUX_STREAM_BASE_URL", "stream.mux.com"),
            ("MUX_IMAGE_BASE_URL", "ftp://image.mux.com"),
            ("CLOUDFLARE_STREAM_DOMAIN", "https://a.example"),
        ],
        &[
            "DATABASE_URL",
            "DATABASE_POOL_SIZE",
            "JWT_VERIFY_KEYS",
            "JWT_ISSUER",
            "JWT_AUDIENCE",
            "AUTH_TOKEN_HEADER",
            "CORS_ALLOWED_ORIGINS",
            "GEO_COUNTRY_HEADER",
            "PLANS",
            "STRIPE_LIVEMODE",
            "PAST_DUE_GRACE_DAYS",
            "RENEWAL_LEEWAY_HOURS",
            "MUX_SIGNING_KEY",
            "MUX_PRIVATE_KEY",
            "MUX_STREAM_BASE_URL",
            "MUX_IMAGE_BASE_URL",
            "CLOUDFLARE_STREAM_DOMAIN",
        ],
    );
}

#[test]
fn a_verified_database_needs_its_certificates() {
    let url = ("DATABASE_URL", "postgres://nobody@db.example/nothing?sslmode=verify-full");
    check(&[url], &["DATABASE_CA_FILE"]);
    check(&[url, ("DATABASE_CA_FILE", "/nowhere.pem")], &["DATABASE_CA_FILE"]);
}
