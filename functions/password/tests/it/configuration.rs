//! Which variables are needed, and what is said of those that cannot be used.

use password::Config;
use testkit::{Database, configuration_faults};

/// Reads the standard variables with these changes; an empty text is a success.
#[track_caller]
fn check(database: &Database, changes: &[(&str, &str)], expected: &str) {
    assert_eq!(configuration_faults(database, "password", Config::read, changes), expected);
}

#[tokio::test]
async fn what_is_missing_or_cannot_be_used_is_named_at_once() {
    let database = Database::new().await;
    check(&database, &[], "");
    let unset = [
        ("DATABASE_URL", ""),
        ("JWT_SIGNING_KEY", ""),
        ("REFRESH_TOKEN_KEY", ""),
        ("PASSWORD_MIN_LENGTH", "7"),
    ];
    check(
        &database,
        &unset,
        "DATABASE_URL is not set; JWT_SIGNING_KEY is not set; REFRESH_TOKEN_KEY is not set; \
         PASSWORD_MIN_LENGTH: must be a number from 8 to 64",
    );
    check(&database, &[("PASSWORD_MIN_LENGTH", "64")], "");
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
    check(
        &database,
        &[("JWT_SIGNING_KEY_ID", "another")],
        "JWT_VERIFY_KEYS does not hold the public half of JWT_SIGNING_KEY under its id",
    );
}
