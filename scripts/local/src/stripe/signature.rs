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

#[cfg(test)]
mod tests {
    use super::header;

    /// Computed with Python's `hmac` module.
    #[test]
    fn each_secret_signs_the_time_and_the_body() {
        let body = br#"{"id":"evt_1"}"#;
        let one = "401fbbceeb3818dc562ff77127ba1c62e47e24c9c6cde4d7a6eba85e32dbd058";
        let two = "4fb9aa7e8a9678e685ef5c7eafa19ac1eb7c0564196cbe246ca08c2fd799eaf3";
        assert_eq!(header("whsec_one", 1_700_000_000, body), format!("t=1700000000,v1={one}"));
        assert_eq!(
            header("whsec_one, whsec_two", 1_700_000_000, body),
            format!("t=1700000000,v1={one},v1={two}")
        );
    }
}
