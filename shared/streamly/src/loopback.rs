//! Whether a host is this machine: what need not be encrypted on the way there must be everywhere else.

use std::net::IpAddr;

/// Whether this host, as a URL names it, is loopback.
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}
