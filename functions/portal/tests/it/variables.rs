//! What portal needs to start.

use functions_framework::env;
use portal::Config;
use testkit::{Database, variables};

#[tokio::test]
async fn every_variable_that_is_missing_or_wrong_is_named_at_once() {
    let database = Database::new().await;
    let faults = |changes: &[(&str, &str)]| {
        let read = env::read_from(&variables(&database, "portal", changes), Config::read);
        read.err().map(|faults| faults.to_string()).unwrap_or_default()
    };
    assert_eq!(faults(&[]), "");
    assert_eq!(faults(&[("STRIPE_LIVEMODE", "")]), "", "the key tells the mode");
    assert_eq!(faults(&[("PLANS", "")]), "", "it needs no plans");
    assert_eq!(
        faults(&[("STRIPE_LIVEMODE", "true")]),
        "invalid configuration: STRIPE_LIVEMODE contradicts STRIPE_SECRET_KEY"
    );
    assert_eq!(
        faults(&[("STRIPE_SECRET_KEY", "key"), ("STRIPE_LIVEMODE", "")]),
        "invalid configuration: STRIPE_LIVEMODE is not set, and STRIPE_SECRET_KEY does not tell it"
    );
    assert_eq!(faults(&[("STRIPE_SECRET_KEY", "key")]), "");
    assert!(faults(&[("STRIPE_API_BASE", "http://api.stripe.com")]).contains("STRIPE_API_BASE"));
    assert!(faults(&[("PORTAL_RETURN_URL", "app.test/account")]).contains("PORTAL_RETURN_URL"));
    let required = [
        "DATABASE_URL",
        "JWT_ISSUER",
        "JWT_AUDIENCE",
        "JWT_VERIFY_KEYS",
        "STRIPE_SECRET_KEY",
        "PORTAL_RETURN_URL",
    ];
    let none = faults(&required.map(|name| (name, "")));
    for name in required {
        assert!(none.contains(&format!("{name} is not set")), "{name} in {none}");
    }
}
