//! Where a title may be watched, and where a viewer is: the latter as the operator's load balancer says in one header, since
//! whatever else a client sends is the client's own claim.

use std::str::FromStr;

/// A country by its two letters (ISO 3166-1 alpha-2), in upper case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Country([u8; 2]);

/// A text that names no country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not two letters")]
pub struct InvalidCountry;

impl FromStr for Country {
    type Err = InvalidCountry;

    fn from_str(text: &str) -> Result<Self, InvalidCountry> {
        match text.as_bytes() {
            // User-assigned codes by which load balancers say that they do not know.
            [b'X' | b'x', b'X' | b'x'] | [b'Z' | b'z', b'Z' | b'z'] => Err(InvalidCountry),
            [first, second] if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() => {
                Ok(Self([first.to_ascii_uppercase(), second.to_ascii_uppercase()]))
            }
            _ => Err(InvalidCountry),
        }
    }
}

impl Country {
    /// The country that these values of one header name: none where the header is absent, repeated or unreadable.
    pub fn named_by<'a>(mut values: impl Iterator<Item = &'a http::HeaderValue>) -> Option<Self> {
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        value.to_str().ok()?.trim().parse().ok()
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("two letters are ASCII")
    }
}

/// The geographic rules of a title; without any, it may be watched everywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    allowed: Vec<String>,
    blocked: Vec<String>,
}

impl Rules {
    /// Rules from two lists of two-letter codes; an empty list is no rule.
    #[must_use]
    pub fn new(allowed: Vec<String>, blocked: Vec<String>) -> Self {
        Self { allowed, blocked }
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.allowed.is_empty() && self.blocked.is_empty()
    }

    /// Whether a viewer in this country may watch. A block wins over an allowance, and any rule refuses a viewer whose
    /// country is unknown.
    pub fn permit(&self, country: Option<Country>) -> bool {
        if self.is_empty() {
            return true;
        }
        let Some(country) = country else { return false };
        let names = |list: &[String]| list.iter().any(|code| code.parse() == Ok(country));
        !names(&self.blocked) && (self.allowed.is_empty() || names(&self.allowed))
    }

    /// The countries allowed, as far as they are countries; none where there is no such rule.
    pub(super) fn allowed(&self) -> Option<Vec<Country>> {
        countries(&self.allowed)
    }

    /// The countries blocked, as far as they are countries; none where there is no such rule.
    pub(super) fn blocked(&self) -> Option<Vec<Country>> {
        countries(&self.blocked)
    }
}

fn countries(list: &[String]) -> Option<Vec<Country>> {
    (!list.is_empty()).then(|| list.iter().filter_map(|code| code.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::{Country, Rules};
    use http::HeaderValue;

    #[track_caller]
    fn check(allowed: &[&str], blocked: &[&str], country: &str, permitted: bool) {
        let owned = |list: &[&str]| list.iter().map(|code| (*code).to_owned()).collect();
        let rules = Rules::new(owned(allowed), owned(blocked));
        assert_eq!(rules.permit(country.parse().ok()), permitted, "{rules:?} {country}");
    }

    #[test]
    fn a_title_without_rules_may_be_watched_everywhere() {
        check(&[], &[], "GB", true);
        check(&[], &[], "", true);
    }

    #[test]
    fn only_allowed_countries_pass_an_allow_list() {
        check(&["GB", "IE"], &[], "GB", true);
        check(&["GB", "IE"], &[], "gb", true);
        check(&["GB", "IE"], &[], "FR", false);
        check(&["gb"], &[], "GB", true);
        check(&[""], &[], "GB", false);
    }

    #[test]
    fn a_blocked_country_is_refused_even_if_it_is_also_allowed() {
        check(&[], &["FR"], "FR", false);
        check(&[], &["fr"], "FR", false);
        check(&[], &["FR"], "GB", true);
        check(&["FR"], &["FR"], "FR", false);
        check(&["FR", "GB"], &["FR"], "GB", true);
    }

    #[test]
    fn any_rule_refuses_an_unknown_country() {
        for unknown in ["", "G", "GBR", "G1", "ZZ", "XX", "xx", "éé", "??"] {
            check(&["GB"], &[], unknown, false);
            check(&[], &["FR"], unknown, false);
        }
    }

    #[test]
    fn a_repeated_or_unreadable_header_names_no_country() {
        let named = |values: &[&[u8]]| {
            let values: Vec<HeaderValue> =
                values.iter().map(|value| HeaderValue::from_bytes(value).expect("header text")).collect();
            Country::named_by(values.iter()).map(|country| country.as_str().to_owned())
        };
        assert_eq!(named(&[b"GB"]).as_deref(), Some("GB"));
        assert_eq!(named(&[b" gb "]).as_deref(), Some("GB"));
        assert_eq!(named(&[]), None);
        assert_eq!(named(&[b""]), None);
        assert_eq!(named(&[b"GB", b"GB"]), None);
        assert_eq!(named(&[b"GB,FR"]), None);
        assert_eq!(named(&[b"\xffB"]), None);
    }
}
