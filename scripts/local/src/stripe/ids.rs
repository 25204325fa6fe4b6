//! Ids that look like Stripe's: a prefix, then letters and digits from the system's randomness.

use ring::rand::{SecureRandom, SystemRandom};

const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// This many letters and digits.
pub(super) fn random(length: usize) -> String {
    let mut bytes = vec![0; length];
    SystemRandom::new().fill(&mut bytes).expect("the system gives random bytes");
    // The slight bias of the remainder does not matter: these ids guard nothing.
    bytes.into_iter().map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()])).collect()
}

/// A new id with this prefix, which includes the underscore.
pub(super) fn new(prefix: &str) -> String {
    let length = match prefix {
        "cus_" | "prod_" | "si_" | "req_" => 14,
        "cs_test_" => 58,
        _ => 24,
    };
    format!("{prefix}{}", random(length))
}
