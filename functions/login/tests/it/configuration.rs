//! Which variables are needed, and what is said of those that cannot be used.

use functions_framework::env::read_from;
use login::Config;
use testkit::keys::SigningKey;
use testkit::{Database, configuration_faults};

/// Reads the standard variables with these changes; an empty text is a success.
#[track_caller]
fn check(database: &Database, changes: &[(&str, &str)], expected: &str) {
    assert_eq!(configuration_faults(database, "login", Config::read, changes), expected);
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
async fn a_cost_under_the_floor_or_over_the_caps_is_a_fault() {
    let database = Database::new().await;
    let low =
        "ARGON2_MEMORY_KIB, ARGON2_TIME_COST: needs 19456 KiB with 2 passes, or 47104 KiB with 1, or more";
    let high = "ARGON2_MEMORY_KIB, ARGON2_TIME_COST: takes at most 262144 KiB and 10 passes";
    check(&database, &[], "");
    check(&database, &[("ARGON2_MEMORY_KIB", "19455")], low);
    check(&database, &[("ARGON2_TIME_COST", "1")], low);
    check(&database, &[("ARGON2_MEMORY_KIB", "47104"), ("ARGON2_TIME_COST", "1")], "");
    check(&database, &[("ARGON2_TIME_COST", "11")], high);
    check(&database, &[("ARGON2_MEMORY_KIB", "-1")], "ARGON2_MEMORY_KIB: invalid digit found in string");
}

#[tokio::test]
async fn keys_that_do_not_belong_together_are_a_fault() {
    let database = Database::new().await;
    let other = SigningKey::generate("test-1");
    let faulty = "JWT_VERIFY_KEYS does not hold the public half of JWT_SIGNING_KEY under its id";
    check(&database, &[("JWT_VERIFY_KEYS", &other.jwks())], faulty);
    check(&database, &[("JWT_SIGNING_KEY", &other.pem())], faulty);
    check(&database, &[("JWT_SIGNING_KEY_ID", "test-2")], faulty);
    check(&database, &[("JWT_SIGNING_KEY", &other.pem()), ("JWT_VERIFY_KEYS", &other.jwks())], "");
}

#[tokio::test]
async fn a_value_that_cannot_be_used_is_named_and_not_shown() {
    let database = Database::new().await;
    let limits = "THROTTLE_IP_CREDENTIALS: must be a list of count/seconds, each at least 1, of different lengths up \
        to a day, such as 3/10,60/300";
    check(&database, &[("THROTTLE_IP_CREDENTIALS", "hunter2")], limits);
    check(&database, &[("THROTTLE_IP_CREDENTIALS", "3/10,60/10")], limits);
    check(&database, &[("REFRESH_TOKEN_KEY", "hunter2")], "REFRESH_TOKEN_KEY: must be 32 bytes in base64");
    check(
        &database,
        &[("EMAIL_VERIFICATION", "hunter2")],
        "EMAIL_VERIFICATION: must be optional or required",
    );
    let key = "JWT_SIGNING_KEY: must be an EC P-256 private key in PKCS#8 PEM, or that PEM in base64";
    check(&database, &[("JWT_SIGNING_KEY", "hunter2")], key);
    check(&database, &[("TRUSTED_PROXY_HOPS", "-1")], "TRUSTED_PROXY_HOPS: invalid digit found in string");
}
