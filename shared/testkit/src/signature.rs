//! Signatures of webhooks, made apart from the product's own code, so that the two check each other.

use ring::hmac;
use std::fmt::Write;

/// The MAC that Stripe, Mux and Cloudflare Stream send alike: over the time, a full stop and the body, in lower-case hex.
pub fn webhook_mac(secret: &str, at: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mac = hmac::sign(&key, &[format!("{at}.").as_bytes(), body].concat());
    let mut text = String::new();
    for byte in mac.as_ref() {
        write!(text, "{byte:02x}").expect("a String takes any text");
    }
    text
}
