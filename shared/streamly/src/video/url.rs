//! The places where providers serve, as the operator configures them.

use std::fmt;
use std::str::FromStr;

/// The longest host name, in bytes (RFC 1035).
const HOST_BYTES_MAX: usize = 253;
/// The longest label of a host name, in bytes (RFC 1035).
const LABEL_BYTES_MAX: usize = 63;

/// The start of an address: scheme, host, perhaps a port and a path, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

/// A bare host name of at least two labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain(String);

/// Why an address was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Not the start of an address.
    #[error("must be like https://host or https://host:port, without a query")]
    Base,
    /// Not a bare host name.
    #[error("must be a bare host name, without a scheme, a port or a path")]
    Domain,
}

impl FromStr for BaseUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let uri: http::Uri = text.parse().map_err(|_| InvalidUrl::Base)?;
        let scheme = uri.scheme_str().ok_or(InvalidUrl::Base)?;
        let authority = uri.authority().ok_or(InvalidUrl::Base)?;
        let known = scheme == "https" || scheme == "http";
        if !known || uri.query().is_some() || text.contains('#') || authority.as_str().contains('@') {
            return Err(InvalidUrl::Base);
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Domain {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let labels: Vec<&str> = text.split('.').collect();
        let is_label = |label: &&str| {
            (1..=LABEL_BYTES_MAX).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // A number at the end would be an IP address.
        let named = labels.last().is_some_and(|last| last.bytes().any(|byte| byte.is_ascii_alphabetic()));
        if labels.len() < 2 || text.len() > HOST_BYTES_MAX || !named || !labels.iter().all(is_label) {
            return Err(InvalidUrl::Domain);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{BaseUrl, Domain};

    #[track_caller]
    fn check_base(text: &str, expected: Option<&str>) {
        assert_eq!(text.parse::<BaseUrl>().ok().map(|base| base.to_string()).as_deref(), expected, "{text}");
    }

    #[track_caller]
    fn check_domain(text: &str, expected: Option<&str>) {
        assert_eq!(
            text.parse::<Domain>().ok().map(|domain| domain.to_string()).as_deref(),
            expected,
            "{text}"
        );
    }

    #[test]
    fn a_base_is_the_start_of_an_address() {
        check_base("https://stream.mux.com", Some("https://stream.mux.com"));
        check_base("https://stream.mux.com/", Some("https://stream.mux.com"));
        check_base("http://127.0.0.1:9000", Some("http://127.0.0.1:9000"));
        check_base("https://media.example/mux/", Some("https://media.example/mux"));
        check_base("stream.mux.com", None);
        check_base("ftp://stream.mux.com", None);
        check_base("https://", None);
        check_base("https://user:secret@stream.mux.com", None);
        check_base("https://stream.mux.com?a=b", None);
        check_base("https://stream.mux.com#a", None);
        check_base("https://stream.mux.com/a b", None);
        check_base("", None);
    }

    #[test]
    fn a_domain_is_a_bare_host_name() {
        check_domain("customer-abc123.cloudflarestream.com", Some("customer-abc123.cloudflarestream.com"));
        check_domain("Customer-ABC.cloudflarestream.com", Some("customer-abc.cloudflarestream.com"));
        check_domain("https://customer-abc.cloudflarestream.com", None);
        check_domain("customer-abc.cloudflarestream.com/", None);
        check_domain("customer-abc.cloudflarestream.com:443", None);
        check_domain("customer-abc.cloudflarestream.com.", None);
        check_domain("user@customer-abc.cloudflarestream.com", None);
        check_domain("localhost", None);
        check_domain("127.0.0.1", None);
        check_domain("-a.example", None);
        check_domain("a_b.example", None);
        check_domain(&format!("{}.example", "a".repeat(63)), Some(&format!("{}.example", "a".repeat(63))));
        check_domain(&format!("{}.example", "a".repeat(64)), None);
        check_domain("", None);
    }
}
