//! Variables that are missing or wrong are named at once, and nothing secret is shown.

use functions_framework::env;
use reconcile::{Config, Parts};
use std::time::Duration;
use testkit::{Database, variables};

#[track_caller]
fn check(database: &Database, changes: &[(&str, &str)], expected: Option<&str>) {
    let read = env::read_from(&variables(database, "reconcile", changes), Config::read);
    let faults = read.err().map(|faults| faults.to_string());
    assert_eq!(faults, expected.map(|faults| format!("invalid configuration: {faults}")), "{changes:?}");
}

#[tokio::test]
async fn every_fault_is_named_at_once() {
    let database = Database::new().await;
    check(&database, &[], None);
    check(&database, &[("STRIPE_LIVEMODE", ""), ("STRIPE_SECRET_KEY", "rk_live_1")], None);
    let missing = [("DATABASE_URL", ""), ("PLANS", ""), ("STRIPE_SECRET_KEY", "")];
    check(
        &database,
        &missing,
        Some("DATABASE_URL is not set; PLANS is not set; STRIPE_SECRET_KEY is not set"),
    );
    check(&database, &[("STRIPE_LIVEMODE", "true")], Some("STRIPE_LIVEMODE contradicts STRIPE_SECRET_KEY"));
    let unknown = [("STRIPE_LIVEMODE", ""), ("STRIPE_SECRET_KEY", "key")];
    check(&database, &unknown, Some("STRIPE_LIVEMODE is not set, and STRIPE_SECRET_KEY does not tell it"));
    let base = [("STRIPE_API_BASE", "http://api.stripe.com")];
    let fault =
        "STRIPE_API_BASE: must be an https address without path, query or user, or an http one on loopback";
    check(&database, &base, Some(fault));
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let database = Database::new().await;
    let config = env::read_from(&variables(&database, "reconcile", &[]), Config::read).expect("variables");
    assert!(!format!("{config:?}").contains("sk_test"), "{config:?}");
}

#[tokio::test]
async fn stripe_is_asked_ten_times_a_second_at_most() {
    let database = Database::new().await;
    let config = env::read_from(&variables(&database, "reconcile", &[]), Config::read).expect("variables");
    assert_eq!(Parts::real(config).gap, Duration::from_millis(100));
}
