//! What is kept of a client: enough for a person to recognize their devices, too little to follow anyone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::throttle::Key;
use crate::db::auth_events::Event;
use crate::db::sessions;
use crate::ids::UserId;

/// The longest `User-Agent` that is kept, in characters.
const USER_AGENT_LENGTH_MAX: usize = 256;

/// A client of the account functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    address: Option<IpAddr>,
    user_agent: Option<String>,
    request_id: String,
}

impl Client {
    /// A client as a request shows it. Its address is none where it cannot be known.
    pub fn new(address: Option<IpAddr>, user_agent: Option<&str>, request_id: &str) -> Self {
        let kept = |text: &str| text.chars().take(USER_AGENT_LENGTH_MAX).collect();
        Self {
            address: address.map(|address| address.to_canonical()),
            user_agent: user_agent.filter(|text| !text.is_empty()).map(kept),
            request_id: request_id.to_owned(),
        }
    }

    /// What it calls itself, cut to 256 characters.
    pub fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }

    /// The id of the request.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The network that it comes from: a /24 of IPv4, a /64 of IPv6.
    pub fn ip_prefix(&self) -> Option<String> {
        self.address.map(|address| match address {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                format!("{}/24", Ipv4Addr::new(a, b, c, 0))
            }
            IpAddr::V6(address) => format!("{}/64", network(address)),
        })
    }

    /// An event of this request, to be written in the transaction of its effect.
    pub fn event<'a>(&'a self, name: &'static str, user_id: UserId, account: &'a Key) -> Event<'a> {
        Event {
            name,
            user_id,
            subject_hash: account.as_bytes(),
            ip_prefix: self.ip_prefix(),
            request_id: self.request_id(),
        }
    }

    /// How this client uses a session's token, for the event of it.
    pub fn token_use(&self) -> sessions::Use<'_> {
        sessions::Use { ip_prefix: self.ip_prefix(), request_id: self.request_id() }
    }

    /// What is counted as one client: an address of IPv4, a /64 of IPv6, since one subscriber has that much; and one for
    /// all whose address cannot be known.
    pub(super) fn bucket(&self) -> String {
        match self.address {
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => network(address).to_string(),
            None => "unknown".to_owned(),
        }
    }
}

fn network(address: Ipv6Addr) -> Ipv6Addr {
    let [a, b, c, d, ..] = address.segments();
    Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::Client;

    #[track_caller]
    fn check(address: &str, bucket: &str, ip_prefix: &str) {
        let client = Client::new(address.parse().ok(), None, "");
        assert_eq!(client.bucket(), bucket, "{address}");
        assert_eq!(client.ip_prefix().unwrap_or_default(), ip_prefix, "{address}");
    }

    #[test]
    fn a_client_is_counted_by_its_network() {
        check("203.0.113.7", "203.0.113.7", "203.0.113.0/24");
        check("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.0/24");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::", "2001:db8:1:2::/64");
        check("2001:db8:1:2:ffff::", "2001:db8:1:2::", "2001:db8:1:2::/64");
        check("2001:db8:1:3::1", "2001:db8:1:3::", "2001:db8:1:3::/64");
        check("unreadable", "unknown", "");
    }

    #[test]
    fn a_long_user_agent_is_cut() {
        let agent = |text: &str| Client::new(None, Some(text), "").user_agent().map(str::to_owned);
        assert_eq!(agent(""), None);
        assert_eq!(agent("curl/8"), Some("curl/8".to_owned()));
        assert_eq!(agent(&"a".repeat(256)), Some("a".repeat(256)));
        assert_eq!(agent(&"\u{e9}".repeat(257)), Some("\u{e9}".repeat(256)));
    }
}
