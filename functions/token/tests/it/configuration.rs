//! Which variables are needed, and what is said of those that cannot be used.

use functions_framework::env::read_from;
use testkit::keys::SigningKey;
use testkit::{Database, configuration_faults};
use token::Config;

/// Reads the standard variables with these changes; an empty text is a success.
#[track_caller]
fn check(database: &Database, changes: &[(&str, &str)], expected: &str) {
    assert_eq!(configuration_faults(database, "token", Config::read, changes), expected);
}

#[tokio::test]
async fn every_fault_is_named_at_once() {
    let none = std::collections::HashMap::<String, String>::new();
    let faults = read_from(&none, Config::read).err().unwrap().to_string();
    let expected = "invalid configuration: DATABASE_URL is not set; JWT_ISSUER is not set; JWT_AUDIENCE is not set; \
        JWT_SIGNING_KEY is not set; JWT_SIGNING_KEY_ID is not set; JWT_VERIFY_KEYS is not set; \
        REFRESH_TOKEN_KEY is not set";
    assert_eq!(faults, expected);
}

#[tokio::test]
async fn a_signer_whose_key_is_not_published_does_not_start() {
    let database = Database::new().await;
    let next = SigningKey::generate("next");
    let (pem, jwks) = (next.pem(), next.jwks());
    let faulty = "JWT_VERIFY_KEYS does not hold the public half of JWT_SIGNING_KEY under its id";
    let [key, id, published] =
        [("JWT_SIGNING_KEY", &*pem), ("JWT_SIGNING_KEY_ID", "next"), ("JWT_VERIFY_KEYS", &*jwks)];
    check(&database, &[], "");
    check(&database, &[key, id], faulty);
    check(&database, &[key, published], faulty);
    check(&database, &[id, published], faulty);
    check(&database, &[key, id, published], "");
}

#[tokio::test]
async fn a_value_that_cannot_be_used_is_named_and_not_shown() {
    let database = Database::new().await;
    let limits = "THROTTLE_IP_REFRESH: must be a list of count/seconds, each at least 1, of different lengths up \
        to a day, such as 3/10,60/300";
    check(&database, &[("THROTTLE_IP_REFRESH", "hunter2")], limits);
    check(&database, &[("REFRESH_TOKEN_KEY", "hunter2")], "REFRESH_TOKEN_KEY: must be 32 bytes in base64");
    let key = "JWT_SIGNING_KEY: must be an EC P-256 private key in PKCS#8 PEM, or that PEM in base64";
    check(&database, &[("JWT_SIGNING_KEY", "hunter2")], key);
    check(&database, &[("TRUSTED_PROXY_HOPS", "-1")], "TRUSTED_PROXY_HOPS: invalid digit found in string");
}
