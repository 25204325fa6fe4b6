//! What checkout needs to start.

use checkout::Config;
use functions_framework::env;
use testkit::{Database, variables};

use crate::world::PLANS;

#[tokio::test]
async fn every_variable_that_is_missing_or_wrong_is_named_at_once() {
    let database = Database::new().await;
    let faults = |changes: &[(&str, &str)]| {
        let read = env::read_from(&variables(&database, "checkout", changes), Config::read);
        read.err().map(|faults| faults.to_string()).unwrap_or_default()
    };
    assert_eq!(faults(&[]), "");
    assert_eq!(faults(&[("PLANS", PLANS), ("STRIPE_LIVEMODE", "")]), "", "the key tells the mode");
    assert_eq!(
        faults(&[("STRIPE_LIVEMODE", "true")]),
        "invalid configuration: STRIPE_LIVEMODE contradicts STRIPE_SECRET_KEY"
    );
    assert!(
        faults(&[("STRIPE_SECRET_KEY", "key"), ("STRIPE_LIVEMODE", "")])
            .contains("STRIPE_LIVEMODE is not set")
    );
    assert_eq!(faults(&[("STRIPE_SECRET_KEY", "key")]), "");
    assert!(faults(&[("STRIPE_API_BASE", "http://api.stripe.com")]).contains("STRIPE_API_BASE"));
    let required = [
        "DATABASE_URL",
        "JWT_ISSUER",
        "JWT_AUDIENCE",
        "JWT_VERIFY_KEYS",
        "PLANS",
        "STRIPE_SECRET_KEY",
        "CHECKOUT_SUCCESS_URL",
        "CHECKOUT_CANCEL_URL",
    ];
    let none = faults(&required.map(|name| (name, "")));
    for name in required {
        assert!(none.contains(&format!("{name} is not set")), "{name} in {none}");
    }
}
