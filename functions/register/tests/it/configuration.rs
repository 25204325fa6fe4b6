//! Which variables are needed, and what is said of those that cannot be used.

use functions_framework::env::read_from;
use register::Config;
use std::collections::HashMap;

/// Reads these variables beside a database; an empty text is a success.
#[track_caller]
fn check(changes: &[(&str, &str)], expected: &str) {
    let all = [("DATABASE_URL", "postgres://register@localhost/streamly")];
    let variables: HashMap<String, String> =
        all.iter().chain(changes).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let found =
        read_from(&variables, Config::read).err().map(|faults| faults.to_string()).unwrap_or_default();
    let found = found.strip_prefix("invalid configuration: ").unwrap_or(&found);
    assert_eq!(found, expected);
}

#[test]
fn a_database_is_all_that_is_needed() {
    check(&[], "");
    check(&[("DATABASE_URL", "")], "DATABASE_URL is not set");
    let verify = "postgres://register@db.example/streamly?sslmode=verify-full";
    check(&[("DATABASE_URL", verify)], "DATABASE_CA_FILE is not set, and sslmode=verify-full needs it");
}

#[test]
fn a_minimum_length_under_8_is_a_fault() {
    check(&[("PASSWORD_MIN_LENGTH", "7")], "PASSWORD_MIN_LENGTH: must be a number from 8 to 64");
    check(&[("PASSWORD_MIN_LENGTH", "8")], "");
    check(&[("PASSWORD_MIN_LENGTH", "64")], "");
    check(&[("PASSWORD_MIN_LENGTH", "65")], "PASSWORD_MIN_LENGTH: must be a number from 8 to 64");
}

#[test]
fn every_fault_is_named_at_once() {
    check(
        &[
            ("DATABASE_URL", ""),
            ("PASSWORD_MIN_LENGTH", "7"),
            ("ARGON2_MEMORY_KIB", "1024"),
            ("EMAIL_VERIFICATION", "sometimes"),
        ],
        "DATABASE_URL is not set; PASSWORD_MIN_LENGTH: must be a number from 8 to 64; \
         ARGON2_MEMORY_KIB, ARGON2_TIME_COST: needs 19456 KiB with 2 passes, or 47104 KiB with 1, or more; \
         EMAIL_VERIFICATION: must be optional or required",
    );
}
