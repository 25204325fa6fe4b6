//! The `Stripe-Signature` header of a delivery.

use ring::hmac;
use std::fmt::Write;

/// The header's value: one `v1` for each of the comma-separated secrets, over the time and the raw body.
pub(super) fn header(secrets: &str, unix_seconds: i64, body: &[u8]) -> String {
    let mut header = format!("t={unix_seconds}");
    for secret in secrets.split(',').map(str::trim) {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
        context.update(format!("{unix_seconds}.").as_bytes());
        context.update(body);
        header.push_str(",v1=");
        for byte in context.sign().as_ref() {
            write!(header, "{byte:02x}").expect("writing to a string does not fail");
        }
    }
    header
}
