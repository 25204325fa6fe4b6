//! Which variables are needed, and what is said of those that cannot be used.

use account::Config;
use testkit::{Database, configuration_faults};

/// Reads the standard variables with these changes; an empty text is a success.
#[track_caller]
fn check(database: &Database, changes: &[(&str, &str)], expected: &str) {
    assert_eq!(configuration_faults(database, "account", Config::read, changes), expected);
}

#[tokio::test]
async fn what_is_missing_or_cannot_be_used_is_named_at_once() {
    let database = Database::new().await;
    check(&database, &[], "");
    let unset = [("DATABASE_URL", ""), ("JWT_VERIFY_KEYS", ""), ("JWT_ISSUER", "")];
    check(&database, &unset, "DATABASE_URL is not set; JWT_ISSUER is not set; JWT_VERIFY_KEYS is not set");
    check(
        &database,
        &[("AUTH_TOKEN_HEADER", "cookie")],
        "AUTH_TOKEN_HEADER: must be authorization or x-forwarded-authorization",
    );
    check(
        &database,
        &[("ARGON2_MEMORY_KIB", "1024")],
        "ARGON2_MEMORY_KIB, ARGON2_TIME_COST: needs 19456 KiB with 2 passes, or 47104 KiB with 1, or more",
    );
}
