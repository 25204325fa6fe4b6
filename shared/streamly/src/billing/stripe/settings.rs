//! `STRIPE_API_BASE` and `STRIPE_SECRET_KEY`.

use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::str::FromStr;

use crate::loopback::is_loopback;

/// Where Stripe's API is; plain HTTP on loopback alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiBase(Url);

/// An address that is none, or not safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an https address without path, query or user, or an http one on loopback")]
pub struct InvalidApiBase;

impl Default for ApiBase {
    fn default() -> Self {
        "https://api.stripe.com".parse().expect("it is an https address")
    }
}

impl FromStr for ApiBase {
    type Err = InvalidApiBase;

    fn from_str(text: &str) -> Result<Self, InvalidApiBase> {
        let url = Url::parse(text).map_err(|_| InvalidApiBase)?;
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let safe = match url.scheme() {
            "https" => true,
            "http" => url.host_str().is_some_and(is_loopback),
            _ => false,
        };
        if bare && safe { Ok(Self(url)) } else { Err(InvalidApiBase) }
    }
}

impl ApiBase {
    /// The address of a path.
    pub(super) fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url
    }
}

/// The account's secret key.
#[derive(Clone)]
pub struct SecretKey(SecretString);

/// Why the mode is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ModeFault {
    /// The key is for the other mode.
    #[error("contradicts STRIPE_SECRET_KEY")]
    Contradiction,
    /// Nobody says it.
    #[error("is not set, and STRIPE_SECRET_KEY does not tell it")]
    Unknown,
}

/// A text that cannot be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be printable ASCII without spaces")]
pub struct InvalidSecretKey;

impl FromStr for SecretKey {
    type Err = InvalidSecretKey;

    fn from_str(text: &str) -> Result<Self, InvalidSecretKey> {
        let usable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if usable { Ok(Self(text.into())) } else { Err(InvalidSecretKey) }
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey")
    }
}

impl SecretKey {
    /// Whether it moves real money, where its prefix says so.
    pub fn livemode(&self) -> Option<bool> {
        let key = self.0.expose_secret();
        if key.starts_with("sk_live_") || key.starts_with("rk_live_") {
            Some(true)
        } else if key.starts_with("sk_test_") || key.starts_with("rk_test_") {
            Some(false)
        } else {
            None
        }
    }

    /// The mode, where the key's prefix or the operator says it; they must not contradict each other.
    pub fn mode(&self, stated: Option<bool>) -> Result<bool, ModeFault> {
        match (self.livemode(), stated) {
            (Some(of_key), Some(stated)) if of_key != stated => Err(ModeFault::Contradiction),
            (of_key, stated) => stated.or(of_key).ok_or(ModeFault::Unknown),
        }
    }

    /// The `Authorization` header.
    pub(super) fn header(&self) -> HeaderValue {
        let text = format!("Bearer {}", self.0.expose_secret());
        let mut value = HeaderValue::from_str(&text).expect("a key is printable ASCII");
        value.set_sensitive(true);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiBase, ModeFault, SecretKey};

    #[track_caller]
    fn check(text: &str, expected: bool) {
        assert_eq!(text.parse::<ApiBase>().is_ok(), expected, "{text}");
    }

    #[test]
    fn plain_http_is_for_loopback_alone() {
        check("https://api.stripe.com", true);
        check("https://api.stripe.com/", true);
        check("https://proxy.example:8443", true);
        check("http://127.0.0.1:12111", true);
        check("http://127.9.9.9", true);
        check("http://[::1]:12111", true);
        check("http://localhost:12111", true);
        check("http://api.stripe.com", false);
        check("http://localhost.example", false);
        check("http://127.0.0.1.example", false);
        check("http://10.0.0.1", false);
        check("ftp://127.0.0.1", false);
        check("https://api.stripe.com/v1", false);
        check("https://api.stripe.com/?key=1", false);
        check("https://user:secret@api.stripe.com", false);
        check("api.stripe.com", false);
        check("", false);
    }

    #[test]
    fn a_keys_prefix_tells_its_mode_and_nothing_shows_it() {
        let key = |text: &str| text.parse::<SecretKey>().map(|key| key.livemode()).ok();
        assert_eq!(key("sk_test_1"), Some(Some(false)));
        assert_eq!(key("rk_test_1"), Some(Some(false)));
        assert_eq!(key("sk_live_1"), Some(Some(true)));
        assert_eq!(key("rk_live_1"), Some(Some(true)));
        assert_eq!(key("key"), Some(None));
        assert_eq!(key(""), None);
        assert_eq!(key("sk_test_1 2"), None);
        assert_eq!(key("sk_test_\u{e9}"), None);
        let mode = |text: &str, stated| text.parse::<SecretKey>().map(|key| key.mode(stated)).ok();
        assert_eq!(mode("sk_test_1", None), Some(Ok(false)));
        assert_eq!(mode("sk_live_1", Some(true)), Some(Ok(true)));
        assert_eq!(mode("key", Some(true)), Some(Ok(true)));
        assert_eq!(mode("sk_live_1", Some(false)), Some(Err(ModeFault::Contradiction)));
        assert_eq!(mode("key", None), Some(Err(ModeFault::Unknown)));
        let key: SecretKey = "sk_test_1".parse().expect("a key");
        assert!(!format!("{key:?} {:?}", key.header()).contains("sk_test"));
    }
}
