//! The variables of a function under test.

use functions_framework::env::{Invalid, Reader, read_from};
use std::collections::HashMap;

use crate::keys::{MUX_PRIVATE_KEY, MUX_SIGNING_KEY, SigningKey};
use crate::{AUDIENCE, Database, ISSUER};

/// Three plans of two tiers: monthly and yearly `basic`, and `premium` with a trial, more streams and full quality.
const PLANS: &str = r#"[
  {"slug": "basic", "name": "Basic", "price_id": "price_basic", "tier": "basic", "trial_days": 0,
   "max_streams": 1, "max_resolution": "720p", "amount_minor": 900, "currency": "eur", "interval": "month"},
  {"slug": "basic-yearly", "name": "Basic, yearly", "price_id": "price_basic_yearly", "tier": "basic", "trial_days": 0,
   "max_streams": 1, "max_resolution": "720p", "amount_minor": 9000, "currency": "eur", "interval": "year"},
  {"slug": "premium", "name": "Premium", "price_id": "price_premium", "tier": "premium", "trial_days": 7,
   "max_streams": 3, "amount_minor": 1900, "currency": "eur", "interval": "month"}
]"#;

/// What a function needs to start against this database under its own role; `changes` win, and an empty value unsets.
pub fn variables(database: &Database, function: &str, changes: &[(&str, &str)]) -> HashMap<String, String> {
    let key = SigningKey::published();
    let (url, pem, jwks) = (database.url(function), key.pem(), key.jwks());
    let standard = [
        ("DATABASE_URL", url.as_str()),
        ("JWT_ISSUER", ISSUER),
        ("JWT_AUDIENCE", AUDIENCE),
        ("JWT_SIGNING_KEY", &pem),
        ("JWT_SIGNING_KEY_ID", key.id()),
        ("JWT_VERIFY_KEYS", &jwks),
        ("REFRESH_TOKEN_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
        ("PLANS", PLANS),
        ("STRIPE_SECRET_KEY", "sk_test_streamly"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_test_secret"),
        ("STRIPE_LIVEMODE", "false"),
        ("CHECKOUT_SUCCESS_URL", "https://app.test/welcome?session={CHECKOUT_SESSION_ID}"),
        ("CHECKOUT_CANCEL_URL", "https://app.test/plans"),
        ("PORTAL_RETURN_URL", "https://app.test/account"),
        ("SMTP_URL", "smtp://127.0.0.1:25"),
        ("MAIL_FROM", "Streamly <no-reply@streamly.test>"),
        ("PUBLIC_APP_URL", "https://app.test"),
        ("MUX_SIGNING_KEY", MUX_SIGNING_KEY),
        ("MUX_PRIVATE_KEY", MUX_PRIVATE_KEY),
        ("MUX_WEBHOOK_SECRET", "mux_test_secret"),
        ("CLOUDFLARE_WEBHOOK_SECRET", "cloudflare_test_secret"),
    ];
    let all = standard.iter().chain(changes);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What a function says of its standard variables with these changes; an empty text is a success.
pub fn configuration_faults<T>(
    database: &Database,
    function: &str,
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, Invalid>,
    changes: &[(&str, &str)],
) -> String {
    let faults = read_from(&variables(database, function, changes), read).err();
    let text = faults.map(|faults| faults.to_string()).unwrap_or_default();
    text.strip_prefix("invalid configuration: ").unwrap_or(&text).to_owned()
}
