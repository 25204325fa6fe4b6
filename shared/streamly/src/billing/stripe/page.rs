//! Addresses of pages: where Stripe's own are, and where they lead back to.

use std::fmt;
use std::str::FromStr;

/// An http or https address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageUrl(String);

/// A text that is no address of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an http or https address")]
pub struct InvalidPageUrl;

impl FromStr for PageUrl {
    type Err = InvalidPageUrl;

    fn from_str(text: &str) -> Result<Self, InvalidPageUrl> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
        let usable = !host.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if usable { Ok(Self(text.to_owned())) } else { Err(InvalidPageUrl) }
    }
}

impl PageUrl {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PageUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::PageUrl;

    #[track_caller]
    fn check(text: &str, expected: bool) {
        let found = text.parse::<PageUrl>();
        assert_eq!(found.is_ok(), expected, "{text}");
        assert!(found.is_ok_and(|url| url.as_str() == text) == expected, "{text}");
    }

    #[test]
    fn a_page_is_reached_by_http_or_https() {
        check("https://app.test", true);
        check("https://app.test/account?x=1#/billing", true);
        check("http://127.0.0.1:9/", true);
        check("app.test/account", false);
        check("javascript:alert(1)", false);
        check("https://", false);
        check("https:///path", false);
        check("https://?x", false);
        check("https://app.test/a b", false);
        check("https://app.test/\u{e9}", false);
        check("", false);
    }
}
