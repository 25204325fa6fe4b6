//! Whether a webhook's bytes come from whom they should: a header over the raw body, under any of the configured secrets,
//! and not older or newer than five minutes. Stripe, Mux and Cloudflare Stream sign alike but for the names.
//!
//! The MAC is checked before the age, and both before anything is read as JSON or stored. Each retry is signed anew,
//! so an old time is never legitimate; the time says nothing about the order of events.

use http::HeaderMap;
use ring::hmac;
use std::fmt;
use std::str::FromStr;

/// How far the signature's time may be from ours, either way, in seconds (Stripe's and Mux's own tolerance; Cloudflare
/// names none).
pub const AGE_S_MAX: i64 = 300;

/// How a provider writes its signatures: the header, and what stands before the time and before each MAC in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheme {
    header: &'static str,
    time: &'static str,
    mac: &'static str,
}

/// `Stripe-Signature: t=…,v1=…`
pub const STRIPE: Scheme = Scheme { header: "stripe-signature", time: "t", mac: "v1" };
/// `mux-signature: t=…,v1=…`
pub const MUX: Scheme = Scheme { header: "mux-signature", time: "t", mac: "v1" };
/// `Webhook-Signature: time=…,sig1=…`
pub const CLOUDFLARE: Scheme = Scheme { header: "webhook-signature", time: "time", mac: "sig1" };

/// An endpoint's secrets, comma-separated: `STRIPE_WEBHOOK_SECRET` and its like. While one is rolled the provider signs with
/// the old and the new.
#[derive(Clone)]
pub struct WebhookSecrets(Vec<hmac::Key>);

/// A list that is empty or holds an empty secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one of the comma-separated secrets is empty")]
pub struct InvalidSecrets;

impl FromStr for WebhookSecrets {
    type Err = InvalidSecrets;

    fn from_str(text: &str) -> Result<Self, InvalidSecrets> {
        let secrets = text.split(',').map(str::trim).map(|secret| {
            // The whole text is the key, `whsec_` included.
            (!secret.is_empty()).then(|| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
        });
        secrets.collect::<Option<_>>().map(Self).ok_or(InvalidSecrets)
    }
}

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "WebhookSecrets({})", self.0.len())
    }
}

/// Why a signature does not hold. For the log; every client reads the same refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSignature {
    /// No header, or more than one.
    #[error("the header does not stand there exactly once")]
    Header,
    /// Not of the form.
    #[error("the header cannot be read")]
    Form,
    /// Another secret or another body.
    #[error("no signature in the header is ours")]
    Mac,
    /// Too old, or from the future.
    #[error("the signature's time is more than five minutes away")]
    Age,
}

impl WebhookSecrets {
    /// Checks the provider's header over these bytes at this second of the Unix epoch.
    pub fn verify(
        &self,
        scheme: &Scheme,
        headers: &HeaderMap,
        body: &[u8],
        now: i64,
    ) -> Result<(), InvalidSignature> {
        let mut lines = headers.get_all(scheme.header).iter();
        let (Some(line), None) = (lines.next(), lines.next()) else { return Err(InvalidSignature::Header) };
        let line = line.to_str().map_err(|_| InvalidSignature::Form)?;
        self.verify_line(scheme, line, body, now)
    }

    fn verify_line(
        &self,
        scheme: &Scheme,
        line: &str,
        body: &[u8],
        now: i64,
    ) -> Result<(), InvalidSignature> {
        let header = Header::read(scheme, line).ok_or(InvalidSignature::Form)?;
        let mut valid = false;
        for secret in &self.0 {
            let mut signing = hmac::Context::with_key(secret);
            signing.update(header.signed_at_text.as_bytes());
            signing.update(b".");
            signing.update(body);
            let expected = signing.sign();
            for candidate in &header.candidates {
                // A MAC of each MAC, so that the comparison is ring's, in constant time, and the body is read once a
                // secret, however many candidates the header has.
                let again = hmac::sign(secret, candidate);
                valid |= hmac::verify(secret, expected.as_ref(), again.as_ref()).is_ok();
            }
        }
        if !valid {
            return Err(InvalidSignature::Mac);
        }
        let age = now.checked_sub(header.signed_at).and_then(i64::checked_abs);
        if age.is_some_and(|age| age <= AGE_S_MAX) { Ok(()) } else { Err(InvalidSignature::Age) }
    }
}

/// `t=<seconds>,v1=<hex>`, with any number of `v1` and of parts that are not ours (`v0` is a fake on Stripe's test events).
#[derive(Debug, PartialEq, Eq)]
struct Header<'a> {
    signed_at: i64,
    /// As it stands there: this text is what was signed.
    signed_at_text: &'a str,
    candidates: Vec<[u8; 32]>,
}

impl<'a> Header<'a> {
    fn read(scheme: &Scheme, line: &'a str) -> Option<Self> {
        let mut signed_at_text = None;
        let mut candidates = Vec::new();
        for part in line.split(',') {
            match part.split_once('=') {
                Some((name, _)) if name == scheme.time && signed_at_text.is_some() => return None,
                Some((name, value)) if name == scheme.time => signed_at_text = Some(value),
                Some((name, value)) if name == scheme.mac => candidates.extend(digest(value)),
                _ => {}
            }
        }
        let signed_at_text = signed_at_text?;
        let digits = signed_at_text.bytes().all(|byte| byte.is_ascii_digit());
        let signed_at = signed_at_text.parse().ok().filter(|_| digits)?;
        Some(Self { signed_at, signed_at_text, candidates })
    }
}

/// 64 lower-case hexadecimal digits; anything else is no signature and matches nothing.
fn digest(text: &str) -> Option<[u8; 32]> {
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{CLOUDFLARE, Header, InvalidSignature, MUX, STRIPE, Scheme, WebhookSecrets};
    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::*;

    const NOW: i64 = 1_700_000_000;
    const BODY: &[u8] = br#"{"id":"evt_1"}"#;
    /// Known answers, computed with Python's hmac module; the first is what Stripe's Python SDK signs as well.
    const MAC: &str = "248a374f50f943a28b0f6ab50faf9a7e7e29b710fa26df9fb1618b9bf8ea9c9a";
    const MAC_OF_NOTHING: &str = "316b9ab98c15bfa039d243f3196acee619cf29749a91a634e6a8154e2f7b6727";
    const MAC_OF_OTHER_SECRET: &str = "d8d091c76b586cff4dbd317fc47ebddff4b86de3ce18d3c03753c3c1901d475a";
    const MAC_OF_PADDED_TIME: &str = "c46631fc353f5372763617788096b1afdc68e9ce2ac140927727279bd772090d";
    const MAC_OF_BYTES: &str = "3bccc8a1e4262b04a4ae73f7f96729113bd86ebebf4c877575b8cbc3ffd8ab85";
    const MAC_OF_UNICODE: &str = "f0adb554d650b13bbc677c7a0f416138716906fdcfec22062ade9c0e4c7d36ae";

    fn verify(secrets: &str, line: &str, body: &[u8], now: i64) -> Result<(), InvalidSignature> {
        let mut headers = HeaderMap::new();
        headers.insert("stripe-signature", HeaderValue::from_str(line).expect("header text"));
        secrets.parse::<WebhookSecrets>().expect("secrets").verify(&STRIPE, &headers, body, now)
    }

    #[track_caller]
    fn check(line: &str, expected: Result<(), InvalidSignature>) {
        assert_eq!(verify("whsec_test_secret", line, BODY, NOW), expected, "{line}");
    }

    #[test]
    fn known_answers_hold() {
        let good = |mac: &str, body: &[u8]| {
            assert_eq!(verify("whsec_test_secret", &format!("t={NOW},v1={mac}"), body, NOW), Ok(()));
        };
        good(MAC, BODY);
        good(MAC_OF_NOTHING, b"");
        good(MAC_OF_BYTES, b"\xff\x00\xfe");
        good(MAC_OF_UNICODE, "{\"name\":\"Zoë €\"}\n".as_bytes());
    }

    /// Known answers of Mux and Cloudflare Stream, each under its own names and under no other's.
    #[test]
    fn each_provider_has_its_own_names() {
        let check = |scheme: &Scheme,
                     header: &str,
                     line: &str,
                     secret: &str,
                     (now, body): (i64, &str),
                     expected| {
            let mut headers = HeaderMap::new();
            let name: http::HeaderName = header.parse().expect("a name");
            headers.insert(name, HeaderValue::from_str(line).expect("header text"));
            let secrets: WebhookSecrets = secret.parse().expect("a secret");
            assert_eq!(secrets.verify(scheme, &headers, body.as_bytes(), now), expected, "{header}: {line}");
        };
        let mac = "854a0861a3d9009fea6c0839fd19499030e739f4bccccfc2dd600a70a3bd1d8a";
        let line = format!("t=1565220904,v1={mac}");
        let told = (1_565_220_904, r#"{"type":"video.asset.ready","id":"evt_1","data":{"id":"a1"}}"#);
        check(&MUX, "mux-signature", &line, "whsec_test_secret", told, Ok(()));
        check(&MUX, "Mux-Signature", &line, "whsec_test_secret", (told.0 + 300, told.1), Ok(()));
        check(&MUX, "stripe-signature", &line, "whsec_test_secret", told, Err(InvalidSignature::Header));
        let renamed = format!("time=1565220904,sig1={mac}");
        check(&MUX, "mux-signature", &renamed, "whsec_test_secret", told, Err(InvalidSignature::Form));

        let mac = "72e4dfb009c00db19a146b6c0b4d47b3490afc8692f348c2659d1b285ce564ea";
        let line = format!("time=1230811200,sig1={mac}");
        let told = (1_230_811_200, r#"{"uid":"6b9e68b07dfee8cc2d116e4c51d6a957"}"#);
        // The secret's characters are the key, not the bytes that they would spell.
        let secret = "85011ed3a913c6ad5f9cf6c5573cc0a7";
        check(&CLOUDFLARE, "webhook-signature", &line, secret, told, Ok(()));
        check(
            &CLOUDFLARE,
            "webhook-signature",
            &line,
            secret,
            (told.0 - 301, told.1),
            Err(InvalidSignature::Age),
        );
        check(&CLOUDFLARE, "webhook-signature", &line, "another", told, Err(InvalidSignature::Mac));
        let renamed = format!("t=1230811200,v1={mac}");
        check(&CLOUDFLARE, "webhook-signature", &renamed, secret, told, Err(InvalidSignature::Form));
    }

    #[test]
    fn one_good_signature_among_others_is_enough() {
        check(&format!("t={NOW},v1={MAC_OF_NOTHING},v1={MAC},v0=abc"), Ok(()));
        check(&format!("v1={MAC},t={NOW}"), Ok(()));
        check(&format!("t={NOW},v2=whatever,nonsense,v1={MAC}"), Ok(()));
        check(&format!("t=00{NOW},v1={MAC_OF_PADDED_TIME}"), Ok(()));
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        check(&format!("t={NOW},v1={MAC_OF_OTHER_SECRET}"), Err(InvalidSignature::Mac));
        check(&format!("t={NOW},v1={}", MAC.to_uppercase()), Err(InvalidSignature::Mac));
        check(&format!("t={NOW},v1={}", &MAC[1..]), Err(InvalidSignature::Mac));
        check(&format!("t={NOW},v1={MAC}0"), Err(InvalidSignature::Mac));
        check(&format!("t={NOW},v1= {MAC}"), Err(InvalidSignature::Mac));
        check(&format!("t={NOW}, v1={MAC}"), Err(InvalidSignature::Mac));
        check(&format!("t={NOW},v0={MAC}"), Err(InvalidSignature::Mac));
        check(&format!("t={NOW}"), Err(InvalidSignature::Mac));
        check(&format!("t={},v1={MAC}", NOW + 1), Err(InvalidSignature::Mac));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        check("", Err(InvalidSignature::Form));
        check("garbage", Err(InvalidSignature::Form));
        check(&format!("v1={MAC}"), Err(InvalidSignature::Form));
        check(&format!("t=abc,v1={MAC}"), Err(InvalidSignature::Form));
        check(&format!("t=,v1={MAC}"), Err(InvalidSignature::Form));
        check(&format!("t=+{NOW},v1={MAC}"), Err(InvalidSignature::Form));
        check(&format!("t=-{NOW},v1={MAC}"), Err(InvalidSignature::Form));
        check(&format!("t= {NOW},v1={MAC}"), Err(InvalidSignature::Form));
        check(&format!("t={NOW},t={NOW},v1={MAC}"), Err(InvalidSignature::Form));
        check(&format!("t=99999999999999999999,v1={MAC}"), Err(InvalidSignature::Form));
    }

    #[test]
    fn the_header_stands_there_exactly_once() {
        let secrets: WebhookSecrets = "whsec_test_secret".parse().expect("a secret");
        let mut headers = HeaderMap::new();
        assert_eq!(secrets.verify(&STRIPE, &headers, BODY, NOW), Err(InvalidSignature::Header));
        let line = HeaderValue::from_str(&format!("t={NOW},v1={MAC}")).expect("header text");
        headers.append("stripe-signature", line.clone());
        assert_eq!(secrets.verify(&STRIPE, &headers, BODY, NOW), Ok(()));
        headers.append("stripe-signature", line);
        assert_eq!(secrets.verify(&STRIPE, &headers, BODY, NOW), Err(InvalidSignature::Header));
    }

    #[test]
    fn five_minutes_either_way_are_near_enough() {
        let line = format!("t={NOW},v1={MAC}");
        let at = |now: i64| verify("whsec_test_secret", &line, BODY, now);
        assert_eq!(at(NOW + 300), Ok(()));
        assert_eq!(at(NOW + 301), Err(InvalidSignature::Age));
        assert_eq!(at(NOW - 300), Ok(()));
        assert_eq!(at(NOW - 301), Err(InvalidSignature::Age));
        assert_eq!(at(i64::MIN), Err(InvalidSignature::Age));
        assert_eq!(at(i64::MAX), Err(InvalidSignature::Age));
    }

    #[test]
    fn a_changed_body_is_refused() {
        let line = format!("t={NOW},v1={MAC}");
        for body in [&b"{\"id\":\"evt_2\"}"[..], b"{\"id\":\"evt_1\"}\n", b"{ \"id\": \"evt_1\" }", b""] {
            assert_eq!(verify("whsec_test_secret", &line, body, NOW), Err(InvalidSignature::Mac));
        }
    }

    #[test]
    fn every_secret_of_a_roll_is_tried_and_an_empty_one_refused() {
        let line = format!("t={NOW},v1={MAC}");
        assert_eq!(verify("whsec_other , whsec_test_secret", &line, BODY, NOW), Ok(()));
        assert_eq!(verify("whsec_test_secret,whsec_other", &line, BODY, NOW), Ok(()));
        assert_eq!(verify("whsec_other", &line, BODY, NOW), Err(InvalidSignature::Mac));
        assert_eq!(verify("test_secret", &line, BODY, NOW), Err(InvalidSignature::Mac));
        for refused in ["", " ", ",", "whsec_a,", "whsec_a,,whsec_b", ", whsec_a"] {
            assert!(refused.parse::<WebhookSecrets>().is_err(), "{refused:?}");
        }
        let shown = format!("{:?}", "whsec_a".parse::<WebhookSecrets>());
        assert!(!shown.contains("whsec_a"), "{shown}");
    }

    proptest! {
        #[test]
        fn no_header_is_a_panic(line in ".{0,200}") {
            let _ = Header::read(&STRIPE, &line);
        }

        #[test]
        fn no_header_of_the_right_letters_passes(line in "[tv01=,0-9a-f]{0,200}", now in any::<i64>()) {
            let secrets: WebhookSecrets = "whsec_test_secret".parse().expect("a secret");
            prop_assert!(secrets.verify_line(&STRIPE, &line, BODY, now).is_err());
        }

        #[test]
        fn a_signed_header_is_read_back(at in 0i64..=i64::MAX, count in 0usize..5) {
            let line = format!("t={at}{}", format!(",v1={MAC}").repeat(count));
            let header = Header::read(&STRIPE, &line).expect("well-formed");
            prop_assert_eq!((header.signed_at, header.candidates.len()), (at, count));
        }
    }
}
