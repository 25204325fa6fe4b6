//! What catalog needs to start.

use catalog::Config;
use functions_framework::env::read_from;
use testkit::{Database, variables};

#[tokio::test]
async fn every_variable_that_is_missing_or_wrong_is_named_at_once() {
    let database = Database::new().await;
    let faults = |changes: &[(&str, &str)]| {
        let read = read_from(&variables(&database, "catalog", changes), Config::read);
        read.err().map(|faults| faults.to_string()).unwrap_or_default()
    };
    assert_eq!(faults(&[]), "");
    assert_eq!(faults(&[("PLANS", ""), ("MUX_SIGNING_KEY", ""), ("MUX_PRIVATE_KEY", "")]), "");
    let required = ["DATABASE_URL", "JWT_ISSUER", "JWT_AUDIENCE", "JWT_VERIFY_KEYS"];
    let none = faults(&required.map(|name| (name, "")));
    for name in required {
        assert!(none.contains(&format!("{name} is not set")), "{name} in {none}");
    }
    let wrong = [
        ("MUX_PRIVATE_KEY", "hunter2"),
        ("MUX_IMAGE_BASE_URL", "ftp://hunter2"),
        ("CLOUDFLARE_STREAM_DOMAIN", "https://hunter2"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("DATABASE_POOL_SIZE", "0"),
    ];
    let all = faults(&wrong);
    for (name, _) in wrong {
        assert!(all.contains(name), "{name} in {all}");
    }
    assert!(!all.contains("hunter2"), "{all}");
    let half = faults(&[("MUX_PRIVATE_KEY", ""), ("CLOUDFLARE_STREAM_KEY_ID", "key1")]);
    for name in ["MUX_PRIVATE_KEY", "CLOUDFLARE_STREAM_PRIVATE_KEY", "CLOUDFLARE_STREAM_DOMAIN"] {
        assert!(half.contains(&format!("{name} is not set")), "{name} in {half}");
    }
}
