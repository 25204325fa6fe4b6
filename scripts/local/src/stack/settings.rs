//! The variables of the functions and of `stack.env`: the user's own where they are set, the stack's otherwise.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;

use super::StackError;
use super::options::Options;
use super::secrets::Secrets;

/// Three plans of two tiers. Streams are many, since a page that is loaded again counts as another play for a while.
const PLANS: &str = r#"[
  {"slug": "basic", "name": "Basic", "price_id": "price_basic", "tier": "basic", "trial_days": 0,
   "max_streams": 4, "max_resolution": "720p", "amount_minor": 900, "currency": "eur", "interval": "month"},
  {"slug": "premium", "name": "Premium", "price_id": "price_premium", "tier": "premium", "trial_days": 0,
   "max_streams": 8, "amount_minor": 1900, "currency": "eur", "interval": "month"},
  {"slug": "premium-yearly", "name": "Premium, yearly", "price_id": "price_premium_yearly", "tier": "premium",
   "trial_days": 7, "max_streams": 8, "amount_minor": 19000, "currency": "eur", "interval": "year"}
]"#;

/// What only the stack itself knows: a user's variable of such a name is another program's.
const OURS_ALONE: [&str; 5] =
    ["PORT", "DATABASE_URL", "AUTH_TOKEN_HEADER", "TRUSTED_PROXY_HOPS", "CORS_ALLOWED_ORIGINS"];

/// Wide enough that a whole test suite from one address never meets a limit per address.
const THROTTLE: &str = "1000000/60";

/// What of `stack.env` comes from here; the addresses come beside it.
const SHOWN: [&str; 16] = [
    "CLOUDFLARE_STREAM_DOMAIN",
    "CLOUDFLARE_STREAM_KEY_ID",
    "CLOUDFLARE_STREAM_PRIVATE_KEY",
    "CLOUDFLARE_WEBHOOK_SECRET",
    "JWT_AUDIENCE",
    "JWT_ISSUER",
    "JWT_VERIFY_KEYS",
    "MUX_IMAGE_BASE_URL",
    "MUX_PRIVATE_KEY",
    "MUX_SIGNING_KEY",
    "MUX_STREAM_BASE_URL",
    "MUX_WEBHOOK_SECRET",
    "PLANS",
    "STRIPE_API_BASE",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
];

/// The stack's own values by name.
pub(super) struct Settings<'a> {
    options: &'a Options,
    own: BTreeMap<&'static str, String>,
}

impl<'a> Settings<'a> {
    /// The values that stand before anything runs.
    pub(super) fn new(options: &'a Options, secrets: &Secrets) -> Self {
        let mut settings = Self { options, own: BTreeMap::new() };
        let signing = secrets.key_pair();
        for (name, value) in [
            ("JWT_ISSUER", "https://streamly.local"),
            ("JWT_AUDIENCE", "streamly-local"),
            ("JWT_SIGNING_KEY", signing.pem()),
            ("JWT_SIGNING_KEY_ID", signing.id()),
            ("JWT_VERIFY_KEYS", &signing.key_set().to_string()),
            ("REFRESH_TOKEN_KEY", &secrets.refresh_token_key),
            ("AUTH_TOKEN_HEADER", "x-forwarded-authorization"),
            ("TRUSTED_PROXY_HOPS", "1"),
            ("THROTTLE_IP_CREDENTIALS", THROTTLE),
            ("THROTTLE_IP_REGISTER", THROTTLE),
            ("THROTTLE_IP_REFRESH", THROTTLE),
            ("PLANS", PLANS),
            ("STRIPE_WEBHOOK_SECRET", &secrets.stripe_webhook_secret),
            ("MUX_WEBHOOK_SECRET", &secrets.mux_webhook_secret),
            ("CLOUDFLARE_WEBHOOK_SECRET", &secrets.cloudflare_webhook_secret),
        ] {
            settings.set(name, value);
        }
        settings
    }

    /// Sets a value of the stack's own.
    pub(super) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.own.insert(name, value.into());
    }

    /// The value that counts.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let outside = (!OURS_ALONE.contains(&name)).then(|| self.options.get(name)).flatten();
        outside.or_else(|| self.own.get(name).cloned())
    }

    /// The value that counts, which the stack always has.
    pub(super) fn required(&self, name: &'static str) -> Result<String, StackError> {
        self.get(name).ok_or_else(|| StackError::Variable(name, "is not set".to_owned()))
    }

    /// What a function that reads these names gets.
    pub(super) fn of_function(&self, names: &[String], database_url: &str) -> BTreeMap<String, String> {
        let mut variables: BTreeMap<String, String> =
            names.iter().filter_map(|name| self.get(name).map(|value| (name.clone(), value))).collect();
        if names.iter().any(|name| name == "DATABASE_URL") {
            variables.insert("DATABASE_URL".to_owned(), database_url.to_owned());
        }
        variables
    }

    /// What `stack.env` shows of them.
    pub(super) fn shown(&self) -> BTreeMap<String, String> {
        let shown = SHOWN.iter().filter_map(|name| self.get(name).map(|value| (*name, value)));
        shown.map(|(name, value)| (name.to_owned(), on_one_line(name, value))).collect()
    }
}

/// A PEM that was set as such is shown in base64, as its provider hands it out: the file has one line a variable.
fn on_one_line(name: &str, value: String) -> String {
    if name.ends_with("PRIVATE_KEY") && value.contains('\n') { STANDARD.encode(value) } else { value }
}

#[cfg(test)]
mod tests {
    use super::{Secrets, Settings};
    use crate::stack::Options;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use std::collections::HashMap;
    use std::sync::Arc;

    fn options(variables: &[(&str, &str)]) -> Options {
        let map: HashMap<String, String> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Options { outside: Arc::new(map), ..Options::new("unused") }
    }

    #[track_caller]
    fn check(variables: &[(&str, &str)], name: &str, expected: Option<&str>) {
        let options = options(variables);
        assert_eq!(Settings::new(&options, &Secrets::generate()).get(name).as_deref(), expected, "{name}");
    }

    #[test]
    fn a_users_value_takes_the_place_of_the_stacks_own() {
        check(&[], "JWT_ISSUER", Some("https://streamly.local"));
        check(&[("JWT_ISSUER", " https://id.example ")], "JWT_ISSUER", Some("https://id.example"));
        check(&[("JWT_ISSUER", " ")], "JWT_ISSUER", Some("https://streamly.local"));
        check(&[], "PAST_DUE_GRACE_DAYS", None);
        check(&[("PAST_DUE_GRACE_DAYS", "3")], "PAST_DUE_GRACE_DAYS", Some("3"));
    }

    #[test]
    fn what_only_the_stack_knows_is_not_taken_from_the_user() {
        check(&[("PORT", "3000")], "PORT", None);
        check(&[("DATABASE_URL", "postgres://owner@db/x")], "DATABASE_URL", None);
        check(&[("TRUSTED_PROXY_HOPS", "9")], "TRUSTED_PROXY_HOPS", Some("1"));
        check(
            &[("AUTH_TOKEN_HEADER", "authorization")],
            "AUTH_TOKEN_HEADER",
            Some("x-forwarded-authorization"),
        );
    }

    #[test]
    fn a_function_gets_what_it_reads_and_its_own_way_to_the_database() {
        let options = options(&[("JWT_AUDIENCE", "mine"), ("UNKNOWN", "1")]);
        let settings = Settings::new(&options, &Secrets::generate());
        let names = ["DATABASE_URL", "JWT_AUDIENCE", "DATABASE_POOL_SIZE"].map(str::to_owned);
        let variables = settings.of_function(&names, "postgres://local_login@db/x");
        let expected = [("DATABASE_URL", "postgres://local_login@db/x"), ("JWT_AUDIENCE", "mine")];
        assert_eq!(variables, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        assert!(settings.of_function(&[], "postgres://local_login@db/x").is_empty());
    }

    #[test]
    fn a_key_in_pem_is_shown_in_base64_and_no_signing_key_is_shown() {
        let pem = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----";
        let options = options(&[("MUX_PRIVATE_KEY", pem)]);
        let shown = Settings::new(&options, &Secrets::generate()).shown();
        assert_eq!(shown["MUX_PRIVATE_KEY"], STANDARD.encode(pem));
        assert!(!shown.contains_key("JWT_SIGNING_KEY") && !shown.contains_key("REFRESH_TOKEN_KEY"));
    }
}
