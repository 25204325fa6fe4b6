//! Which variables are needed, and what is said of those that cannot be used.

use email::Config;
use testkit::{Database, configuration_faults};

/// Reads the standard variables with these changes; an empty text is a success.
#[track_caller]
fn check(database: &Database, changes: &[(&str, &str)], expected: &str) {
    assert_eq!(configuration_faults(database, "email", Config::read, changes), expected);
}

#[tokio::test]
async fn what_is_missing_or_cannot_be_used_is_named_at_once() {
    let database = Database::new().await;
    check(&database, &[], "");
    let unset = [("DATABASE_URL", ""), ("JWT_AUDIENCE", ""), ("JWT_VERIFY_KEYS", "")];
    check(&database, &unset, "DATABASE_URL is not set; JWT_AUDIENCE is not set; JWT_VERIFY_KEYS is not set");
    let header = "AUTH_TOKEN_HEADER: must be authorization or x-forwarded-authorization";
    check(&database, &[("AUTH_TOKEN_HEADER", "cookie")], header);
    check(&database, &[("AUTH_TOKEN_HEADER", "x-forwarded-authorization")], "");
    let cost =
        "ARGON2_MEMORY_KIB, ARGON2_TIME_COST: needs 19456 KiB with 2 passes, or 47104 KiB with 1, or more";
    check(&database, &[("ARGON2_MEMORY_KIB", "19455")], cost);
    check(&database, &[("ARGON2_MEMORY_KIB", "19456")], "");
    let hops = "TRUSTED_PROXY_HOPS: invalid digit found in string";
    check(&database, &[("TRUSTED_PROXY_HOPS", "-1")], hops);
}

#[tokio::test]
async fn it_wants_no_key_that_signs() {
    let database = Database::new().await;
    let unset =
        [("JWT_SIGNING_KEY", ""), ("JWT_SIGNING_KEY_ID", ""), ("REFRESH_TOKEN_KEY", ""), ("SMTP_URL", "")];
    check(&database, &unset, "");
}
