//! The check of `Stripe-Signature`.
//!
//! An input is the header's lines, an empty line, and the body, as on the wire. No fuzzer guesses a MAC, so `{one}`, `{two}`
//! and `{other}` in a line stand for those under the two configured secrets and under a third.

use http::{HeaderMap, HeaderValue};
use ring::hmac;
use std::fmt::Write;
use streamly::signature::{InvalidSignature, STRIPE, WebhookSecrets};

const NOW: i64 = 1_700_000_000;
const TOLERANCE_S: i128 = 300;

/// The verdict is that of the rule below, and the same bytes a second later in time are judged by the same rule.
pub fn check(data: &[u8]) -> bool {
    let (head, body) = match data.windows(2).position(|pair| pair == b"\n\n") {
        Some(end) => (&data[..end], &data[end + 2..]),
        None => (data, &[][..]),
    };
    let lines: Vec<Vec<u8>> = head.split(|byte| *byte == b'\n').map(|line| fill(line, body)).collect();
    let lines = if head.is_empty() { Vec::new() } else { lines };
    let mut headers = HeaderMap::new();
    for line in &lines {
        // What no header can hold never reaches the check.
        let Ok(value) = HeaderValue::from_bytes(line) else { return false };
        headers.append("stripe-signature", value);
    }
    let secrets: WebhookSecrets = "whsec_one,whsec_two".parse().expect("two secrets");
    for now in [NOW, NOW + 1, NOW - 1] {
        assert_eq!(secrets.verify(&STRIPE, &headers, body, now), expected(&lines, body, now), "at {now}");
    }
    secrets.verify(&STRIPE, &headers, body, NOW).is_ok()
}

/// The line with its MACs.
fn fill(line: &[u8], body: &[u8]) -> Vec<u8> {
    let Ok(line) = std::str::from_utf8(line) else { return line.to_vec() };
    let time = line.split(',').find_map(|part| part.strip_prefix("t=")).unwrap_or_default();
    let mac = |secret| mac(secret, time, body);
    let filled = line.replace("{one}", &mac("whsec_one")).replace("{two}", &mac("whsec_two"));
    filled.replace("{other}", &mac("whsec_three")).into_bytes()
}

fn mac(secret: &str, time: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mac = hmac::sign(&key, &[time.as_bytes(), b".", body].concat());
    mac.as_ref().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes any text");
        text
    })
}

/// The rule: one line of visible ASCII; one `t` of digits, within 64 bits; some `v1` that is, letter by letter, the MAC of
/// a configured secret; five minutes either way.
fn expected(lines: &[Vec<u8>], body: &[u8], now: i64) -> Result<(), InvalidSignature> {
    let [line] = lines else { return Err(InvalidSignature::Header) };
    let visible = line.iter().all(|byte| (b' '..=b'~').contains(byte) || *byte == b'\t');
    let line = std::str::from_utf8(line).ok().filter(|_| visible).ok_or(InvalidSignature::Form)?;
    let named = |name: &'static str| {
        line.split(',')
            .filter_map(move |part| part.split_once('=').filter(|(own, _)| *own == name))
            .map(|(_, value)| value)
    };
    let times: Vec<&str> = named("t").collect();
    let [time] = times[..] else { return Err(InvalidSignature::Form) };
    let digits = !time.is_empty() && time.chars().all(|digit| digit.is_ascii_digit());
    let significant = time.trim_start_matches('0');
    let seconds: i128 = match significant {
        "" if digits => 0,
        _ if digits && significant.len() <= 19 => significant.parse().expect("19 digits are few"),
        _ => return Err(InvalidSignature::Form),
    };
    if seconds > i128::from(i64::MAX) {
        return Err(InvalidSignature::Form);
    }
    let ours = ["whsec_one", "whsec_two"].map(|secret| mac(secret, time, body));
    if !named("v1").any(|value| ours.iter().any(|mac| mac == value)) {
        return Err(InvalidSignature::Mac);
    }
    if (i128::from(now) - seconds).abs() > TOLERANCE_S { Err(InvalidSignature::Age) } else { Ok(()) }
}
