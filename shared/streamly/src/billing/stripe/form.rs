//! The parameters of a call, and the idempotency keys that are made of them.

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use std::fmt::{self, Display, Write};

use super::StripeError;
use crate::ids::UserId;

/// Parameters, form-encoded in the order in which they were added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(Vec<(&'static str, String)>);

/// A key under which Stripe does a thing once, and gives the same answer again for a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key of the end of a session.
    pub(super) fn of_expiry(session: &str) -> Self {
        Self(format!("expire-{session}"))
    }

    /// A key that no other call has.
    pub(super) fn random() -> Result<Self, StripeError> {
        let mut bytes = [0; RANDOM_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| StripeError::NoRandomness)?;
        Ok(Self(hex(&bytes)))
    }

    /// The key's text, at most 255 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What tells one wish to subscribe from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionKey<'a> {
    /// Who wishes.
    pub user_id: UserId,
    /// For what.
    pub plan: &'a str,
    /// The client's own key, if it sent one.
    pub client_key: Option<&'a str>,
    /// The second of the Unix epoch.
    pub now: i64,
}

/// How long one wish without a client's key lasts, in seconds: a double click is one wish.
const WISH_S: i64 = 600;
/// How much of a digest of parameters is in a key, in bytes.
const PARAMETERS_BYTES: usize = 6;
/// How much of a digest of a client's key is in a key, in bytes.
const CLIENT_KEY_BYTES: usize = 8;
/// How long a random key is, in bytes.
const RANDOM_BYTES: usize = 16;

impl Form {
    /// One more parameter.
    pub fn add(&mut self, name: &'static str, value: impl Display) -> &mut Self {
        self.0.push((name, value.to_string()));
        self
    }

    /// The body of the request.
    pub(super) fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    /// The key of a person's customer, who takes the place of another one that is gone.
    pub(super) fn customer_key(&self, user_id: UserId, replaced: Option<&str>) -> IdempotencyKey {
        IdempotencyKey(format!("cus-{user_id}-{}", self.digest(replaced)))
    }

    /// The key of a session; `replayed` is a session that the key gave before and that is over.
    pub fn session_key(&self, of: &SessionKey<'_>, replayed: Option<&str>) -> IdempotencyKey {
        let SessionKey { user_id, plan, client_key, now } = of;
        let attempt = match client_key {
            Some(key) => hex_of_digest(key.as_bytes(), CLIENT_KEY_BYTES),
            None => now.div_euclid(WISH_S).to_string(),
        };
        let mut key = format!("cs-{user_id}-{plan}-{attempt}-{}", self.digest(None));
        if let Some(session) = replayed {
            key.push('-');
            key.push_str(session);
        }
        IdempotencyKey(key)
    }

    /// The start of a digest of the parameters, whatever their order.
    fn digest(&self, further: Option<&str>) -> String {
        let mut pairs: Vec<(&str, &str)> =
            self.0.iter().map(|(name, value)| (*name, value.as_str())).collect();
        pairs.extend(further.map(|value| ("replaced", value)));
        pairs.sort_unstable();
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        hex_of_digest(text.as_bytes(), PARAMETERS_BYTES)
    }
}

/// The first bytes of a SHA-256, in hexadecimal.
fn hex_of_digest(bytes: &[u8], count: usize) -> String {
    hex(&digest(&SHA256, bytes).as_ref()[..count])
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a String takes any text");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Form, IdempotencyKey, SessionKey};
    use crate::ids::UserId;

    const USER: &str = "0190a6f2-7c3e-7b11-8a52-3f1d2c4b5a69";

    fn form(pairs: &[(&'static str, &str)]) -> Form {
        let mut form = Form::default();
        for (name, value) in pairs {
            form.add(name, value);
        }
        form
    }

    fn key<'a>(plan: &'a str, client_key: Option<&'a str>, now: i64) -> SessionKey<'a> {
        SessionKey { user_id: USER.parse().expect("an id"), plan, client_key, now }
    }

    #[test]
    fn parameters_are_encoded_and_read_back_whole() {
        let form = form(&[
            ("success_url", "https://a.test/?s={CHECKOUT_SESSION_ID}&x=1"),
            ("line_items[0][price]", "p"),
        ]);
        let encoded = form.encoded();
        let decoded: Vec<(String, String)> =
            form_urlencoded::parse(encoded.as_bytes()).into_owned().collect();
        assert_eq!(decoded[0].1, "https://a.test/?s={CHECKOUT_SESSION_ID}&x=1");
        assert_eq!(decoded[1].0, "line_items[0][price]");
    }

    #[test]
    fn one_key_never_carries_two_parameter_sets() {
        let session = |form: &Form, key: SessionKey<'_>| form.session_key(&key, None).as_str().to_owned();
        let (first, second) = (form(&[("a", "1"), ("b", "2")]), form(&[("b", "2"), ("a", "1")]));
        let other = form(&[("a", "1"), ("b", "3")]);
        let known = session(&first, key("basic", None, 1_200));
        // Computed with Python's hashlib: the SHA-256 of "a=1&b=2".
        assert_eq!(known, format!("cs-{USER}-basic-2-8e85be58c1c3"));
        assert_eq!(known, session(&second, key("basic", None, 1_200)), "order does not count");
        assert_eq!(known, session(&first, key("basic", None, 1_799)), "ten minutes are one wish");
        assert_ne!(known, session(&first, key("basic", None, 1_800)));
        assert_ne!(known, session(&other, key("basic", None, 1_200)));
        assert_ne!(known, session(&first, key("premium", None, 1_200)));
        // A separator within a value is no separator.
        assert_ne!(
            session(&form(&[("a", "1&b=2")]), key("basic", None, 0)),
            session(&first, key("basic", None, 0))
        );
    }

    #[test]
    fn a_clients_key_takes_the_place_of_the_time() {
        let session = |client: &str, now: i64| form(&[]).session_key(&key("basic", Some(client), now), None);
        assert_eq!(session("order-1", 0), session("order-1", 99_999));
        assert_ne!(session("order-1", 0), session("order-2", 0));
        // Computed with Python's hashlib: the SHA-256 of "order-1" and of nothing.
        assert_eq!(session("order-1", 0).as_str(), format!("cs-{USER}-basic-0bafe22156d2698c-e3b0c44298fc"));
    }

    #[test]
    fn a_customers_key_covers_the_one_that_it_replaces() {
        let user: UserId = USER.parse().expect("an id");
        let form = form(&[("email", "a@example.com")]);
        let key = |replaced| form.customer_key(user, replaced);
        assert_eq!(key(None), key(None));
        assert_ne!(key(None), key(Some("cus_1")));
        assert_ne!(key(Some("cus_1")), key(Some("cus_2")));
        assert!(!key(None).as_str().contains("example"));
    }

    #[test]
    fn a_random_key_is_unlike_any_other() {
        let keys: std::collections::HashSet<String> =
            (0..100).map(|_| IdempotencyKey::random().expect("randomness").as_str().to_owned()).collect();
        assert_eq!(keys.len(), 100);
        assert!(keys.iter().all(|key| key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit())));
    }

    #[test]
    fn the_longest_key_has_255_characters_at_most() {
        let plan = "p".repeat(64);
        let session = "c".repeat(super::super::SESSION_ID_CHARACTERS_MAX);
        let longest = form(&[]).session_key(&key(&plan, Some("k"), i64::MAX), Some(&session));
        assert!(longest.as_str().len() <= 255, "{}", longest.as_str().len());
        let bucket = form(&[]).session_key(&key(&plan, None, i64::MAX), Some(&session));
        assert!(bucket.as_str().len() <= 255, "{}", bucket.as_str().len());
    }
}
