//! What progress needs to start.

use functions_framework::env::read_from;
use progress::Config;
use testkit::{Database, variables};

#[tokio::test]
async fn every_variable_that_is_missing_or_wrong_is_named_at_once() {
    let database = Database::new().await;
    let faults = |changes: &[(&str, &str)]| {
        let read = read_from(&variables(&database, "progress", changes), Config::read);
        read.err().map(|faults| faults.to_string()).unwrap_or_default()
    };
    assert_eq!(faults(&[]), "");
    // Without a provider there are no posters, and everything else works.
    assert_eq!(faults(&[("MUX_SIGNING_KEY", ""), ("MUX_PRIVATE_KEY", ""), ("STRIPE_LIVEMODE", "")]), "");
    let required = ["DATABASE_URL", "JWT_ISSUER", "JWT_AUDIENCE", "JWT_VERIFY_KEYS", "PLANS"];
    let none = faults(&required.map(|name| (name, "")));
    for name in required {
        assert!(none.contains(&format!("{name} is not set")), "{name} in {none}");
    }
    let wrong = [
        ("PLANS", "[]"),
        ("STRIPE_LIVEMODE", "yes"),
        ("PAST_DUE_GRACE_DAYS", "-1"),
        ("RENEWAL_LEEWAY_HOURS", "three"),
        ("GEO_COUNTRY_HEADER", "no header"),
        ("MUX_PRIVATE_KEY", "hunter2"),
        ("DATABASE_POOL_SIZE", "0"),
    ];
    let all = faults(&wrong);
    for (name, _) in wrong {
        assert!(all.contains(name), "{name} in {all}");
    }
    assert!(!all.contains("hunter2"), "{all}");
}
