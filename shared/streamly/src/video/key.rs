//! The operator's private key at a video provider: RSA, parsed once when the program starts.
//!
//! Providers show such a key once, as base64 of a PEM; by the time it stands in a variable it may have lost its line breaks
//! or gained some. What cannot sign is refused at the start rather than at the first play.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use secrecy::zeroize::Zeroizing;
use std::fmt;
use std::str::FromStr;

/// The longest key id, in bytes.
const KEY_ID_BYTES_MAX: usize = 128;
/// The fewest bits of a modulus that the providers take.
const MODULUS_BITS_MIN: usize = 2048;
/// The fewest bytes that a whole RSA private key of that length takes in DER.
const RSA_DER_BYTES_MIN: usize = 1_100;
/// The object identifier rsaEncryption (RFC 8017, appendix C) as PKCS#8 holds it.
const RSA_ENCRYPTION: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// How a DER document of any key begins: a sequence.
const DER_SEQUENCE: u8 = 0x30;

/// The name under which a provider knows the key: the `kid` of every token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyId(String);

impl KeyId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = InvalidKeyId;

    fn from_str(text: &str) -> Result<Self, InvalidKeyId> {
        let fits = (1..=KEY_ID_BYTES_MAX).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidKeyId)
        }
    }
}

/// A text that is no key id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key id has 1 to 128 visible ASCII characters")]
pub struct InvalidKeyId;

/// An RSA private key that has signed once and seen its own public half accept it.
pub struct PrivateKey(KeyPair);

impl PrivateKey {
    /// The RS256 signature (RFC 7518 section 3.3) of these bytes.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.try_sign(message).expect("a key that has signed once signs again")
    }

    /// The public half.
    pub fn public(&self) -> PublicKeyComponents<Vec<u8>> {
        PublicKeyComponents::from(self.0.public())
    }

    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, ring::error::Unspecified> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)?;
        Ok(signature)
    }

    /// Whether what the private half signs, the public half accepts.
    fn check_itself(&self) -> Result<(), ring::error::Unspecified> {
        let message = b"a test signature";
        let signature = self.try_sign(message)?;
        self.public().verify(&RSA_PKCS1_2048_8192_SHA256, message, &signature)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PrivateKey")
    }
}

/// Why a private key was refused. No text of it is ever shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Neither PEM nor base64 of PEM.
    #[error("not a private key: give its PEM, or base64 of the PEM")]
    Form,
    /// DER without PEM around it.
    #[error("bare DER: give the key as PEM, or base64 of the PEM")]
    Der,
    /// The half that cannot sign.
    #[error("a public key cannot sign: give the private key")]
    Public,
    /// A certificate, which holds a public key.
    #[error("a certificate cannot sign: give the private key")]
    Certificate,
    /// A key behind a passphrase.
    #[error("the private key is encrypted: give it without a passphrase")]
    Encrypted,
    /// A key of another algorithm.
    #[error("not an RSA key: the provider signs with RS256")]
    Algorithm,
    /// A key that is too short.
    #[error("an RSA key needs at least 2048 bits")]
    Length,
    /// A key whose parts do not belong together, or that is cut.
    #[error("the RSA key is damaged, or of an unsupported form")]
    Damaged,
}

impl FromStr for PrivateKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let pem = pem(text)?;
        let (label, der) = block(&pem)?;
        let pair = match label {
            "RSA PRIVATE KEY" => KeyPair::from_der(&der).map_err(|_| flaw(&der))?,
            "PRIVATE KEY" if !names_rsa(&der) => return Err(InvalidKey::Algorithm),
            "PRIVATE KEY" => KeyPair::from_pkcs8(&der).map_err(|_| flaw(&der))?,
            "ENCRYPTED PRIVATE KEY" => return Err(InvalidKey::Encrypted),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => return Err(InvalidKey::Public),
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                return Err(InvalidKey::Certificate);
            }
            label if label.ends_with("PRIVATE KEY") => return Err(InvalidKey::Algorithm),
            _ => return Err(InvalidKey::Form),
        };
        let key = Self(pair);
        if key.0.public().modulus_len() * 8 < MODULUS_BITS_MIN {
            return Err(InvalidKey::Length);
        }
        key.check_itself().map_err(|_| InvalidKey::Damaged)?;
        Ok(key)
    }
}

/// The PEM text: as it stands, or out of base64. A line break may have become the two characters `\n`.
fn pem(text: &str) -> Result<Zeroizing<String>, InvalidKey> {
    let text = Zeroizing::new(text.replace("\\n", "\n"));
    if text.contains("-----BEGIN ") {
        return Ok(text);
    }
    let bytes = Zeroizing::new(decode(&text).ok_or(InvalidKey::Form)?);
    match std::str::from_utf8(&bytes) {
        Ok(inner) if inner.contains("-----BEGIN ") => Ok(Zeroizing::new(inner.replace("\\n", "\n"))),
        _ if bytes.first() == Some(&DER_SEQUENCE) => Err(InvalidKey::Der),
        _ => Err(InvalidKey::Form),
    }
}

/// The first block's label and its bytes (RFC 7468, read as leniently as its section 3 allows).
fn block(pem: &str) -> Result<(&str, Zeroizing<Vec<u8>>), InvalidKey> {
    let (_, rest) = pem.split_once("-----BEGIN ").ok_or(InvalidKey::Form)?;
    let (label, rest) = rest.split_once("-----").ok_or(InvalidKey::Form)?;
    let (body, end) = rest.split_once("-----END ").ok_or(InvalidKey::Form)?;
    if end.split_once("-----").is_none_or(|(closing, _)| closing != label) {
        return Err(InvalidKey::Form);
    }
    if body.contains("ENCRYPTED") {
        // The older way to lock a key, a header within the block (RFC 1421).
        return Err(InvalidKey::Encrypted);
    }
    Ok((label, Zeroizing::new(decode(body).ok_or(InvalidKey::Form)?)))
}

/// base64 of either alphabet, padded or not, with white space anywhere.
fn decode(text: &str) -> Option<Vec<u8>> {
    let plain = text.chars().filter(|character| !character.is_ascii_whitespace());
    let standard: Zeroizing<String> = Zeroizing::new(
        plain
            .map(|character| match character {
                '-' => '+',
                '_' => '/',
                other => other,
            })
            .collect(),
    );
    STANDARD_PAD_INDIFFERENT.decode(standard.as_bytes()).ok()
}

/// Whether a PKCS#8 document says that its key is RSA.
fn names_rsa(der: &[u8]) -> bool {
    der.windows(RSA_ENCRYPTION.len()).any(|window| window == RSA_ENCRYPTION)
}

/// What is wrong with an RSA key that the library would not take: a whole document that is too small for a long key holds
/// a short one.
fn flaw(der: &[u8]) -> InvalidKey {
    let whole = match *der {
        [DER_SEQUENCE, 0x82, high, low, ..] => usize::from(u16::from_be_bytes([high, low])) + 4 == der.len(),
        [DER_SEQUENCE, 0x81, length, ..] => usize::from(length) + 3 == der.len(),
        _ => false,
    };
    if whole && der.len() < RSA_DER_BYTES_MIN { InvalidKey::Length } else { InvalidKey::Damaged }
}

#[cfg(test)]
mod tests {
    use super::{InvalidKey, KeyId, PrivateKey};
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
    use std::fmt::Write;

    const PKCS1: &str = include_str!("../../testdata/keys/rsa-2048-pkcs1.pem");
    const PKCS8: &str = include_str!("../../testdata/keys/rsa-2048-pkcs8.pem");

    #[track_caller]
    fn check(text: &str, expected: Result<(), InvalidKey>) {
        let found = text.parse::<PrivateKey>();
        if let Ok(key) = &found {
            let original: PrivateKey = PKCS1.parse().expect("the key is good");
            assert_eq!(key.public().n, original.public().n, "another key was read");
        }
        assert_eq!(found.map(|_| ()), expected);
    }

    fn wrapped(text: &str, columns: usize) -> String {
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(columns)
            .map(|line| std::str::from_utf8(line).expect("base64 is ASCII"))
            .collect();
        lines.join("\n")
    }

    #[test]
    fn both_forms_are_read_as_pem_and_as_base64_of_pem() {
        for pem in [PKCS1, PKCS8] {
            check(pem, Ok(()));
            check(&STANDARD.encode(pem), Ok(()));
            check(&URL_SAFE.encode(pem), Ok(()));
            check(&URL_SAFE_NO_PAD.encode(pem), Ok(()));
        }
    }

    #[test]
    fn what_a_secret_suffers_on_its_way_is_mended() {
        check(PKCS1.trim_end(), Ok(()));
        check(&format!("\n\n{PKCS1}\n\n"), Ok(()));
        check(&PKCS1.replace('\n', "\r\n"), Ok(()));
        check(&PKCS1.replace('\n', "\\n"), Ok(()));
        check(&PKCS1.replace('\n', " "), Ok(()));
        check(&format!("{}\n", STANDARD.encode(PKCS1)), Ok(()));
        check(&STANDARD.encode(PKCS1.replace('\n', "\r\n")), Ok(()));
        check(&STANDARD.encode(PKCS1.replace('\n', "\\n")), Ok(()));
        check(&wrapped(&STANDARD.encode(PKCS1), 76), Ok(()));
        check(&wrapped(&STANDARD.encode(PKCS1), 76).replace('\n', "\r\n"), Ok(()));
        check(&wrapped(&STANDARD.encode(PKCS1), 64).replace('\n', "\\n"), Ok(()));
        check(&format!("Bag Attributes\n    friendlyName: streaming\n{PKCS8}"), Ok(()));
    }

    #[test]
    fn what_cannot_sign_is_refused_with_its_reason() {
        check("", Err(InvalidKey::Form));
        check("garbage", Err(InvalidKey::Form));
        check("gar bage!", Err(InvalidKey::Form));
        check("-----BEGIN ", Err(InvalidKey::Form));
        check("-----BEGIN RSA PRIVATE KEY-----", Err(InvalidKey::Form));
        check("-----BEGIN RSA PRIVATE KEY-----\nMII=\n-----END PRIVATE KEY-----", Err(InvalidKey::Form));
        check(
            "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----",
            Err(InvalidKey::Damaged),
        );
        check(include_str!("../../testdata/keys/rsa-2048-public.pem"), Err(InvalidKey::Public));
        check(include_str!("../../testdata/keys/rsa-2048-public-pkcs1.pem"), Err(InvalidKey::Public));
        check(include_str!("../../testdata/keys/rsa-2048-certificate.pem"), Err(InvalidKey::Certificate));
        check(include_str!("../../testdata/keys/rsa-2048-encrypted.pem"), Err(InvalidKey::Encrypted));
        check(include_str!("../../testdata/keys/ec-p256.pem"), Err(InvalidKey::Algorithm));
        check(
            "-----BEGIN EC PRIVATE KEY-----\nMIIB\n-----END EC PRIVATE KEY-----",
            Err(InvalidKey::Algorithm),
        );
        check(include_str!("../../testdata/keys/rsa-1024.pem"), Err(InvalidKey::Length));
    }

    #[test]
    fn bare_der_is_refused_with_the_hint_to_give_the_pem() {
        let body: String = PKCS1.lines().filter(|line| !line.starts_with("-----")).collect();
        check(&body, Err(InvalidKey::Der));
        let body: String = PKCS8.lines().filter(|line| !line.starts_with("-----")).collect();
        check(&body, Err(InvalidKey::Der));
    }

    #[test]
    fn a_key_cut_at_any_line_or_with_a_changed_byte_is_refused() {
        let lines: Vec<&str> = PKCS1.lines().collect();
        for missing in 1..lines.len() - 1 {
            let kept: Vec<&str> =
                lines.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, line)| *line).collect();
            assert!(kept.join("\n").parse::<PrivateKey>().is_err(), "without line {missing}");
        }
        let der = STANDARD.decode(lines[1..lines.len() - 1].concat()).expect("the body of the key is base64");
        let (mut refused, mut other) = (0, 0);
        for at in (0..der.len()).step_by(37) {
            let mut changed = der.clone();
            changed[at] ^= 1;
            let mut pem = String::new();
            write!(
                pem,
                "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
                STANDARD.encode(changed)
            )
            .expect("a string takes all");
            match pem.parse::<PrivateKey>() {
                Err(_) => refused += 1,
                // The private exponent is never used, so a fault there changes nothing.
                Ok(key) => {
                    let original: PrivateKey = PKCS1.parse().expect("the key is good");
                    assert_eq!(key.public().n, original.public().n);
                    assert_eq!(key.sign(b"message"), original.sign(b"message"));
                    other += 1;
                }
            }
        }
        assert!(refused > 3 * other, "{refused} refused, {other} taken");
    }

    #[test]
    fn neither_a_key_nor_a_refusal_shows_the_key() {
        let key: PrivateKey = PKCS1.parse().expect("the key is good");
        assert_eq!(format!("{key:?}"), "PrivateKey");
        let refused = "c2VjcmV0".parse::<PrivateKey>().expect_err("no key");
        assert!(!format!("{refused} {refused:?}").contains("c2VjcmV0"));
    }

    #[test]
    fn a_key_id_is_visible_text_of_bounded_length() {
        assert!("CbrJ2pTqQDcvpyfVZ8yRLPM6yWHsKsx3".parse::<KeyId>().is_ok());
        assert!("k".repeat(128).parse::<KeyId>().is_ok());
        assert!("k".repeat(129).parse::<KeyId>().is_err());
        assert!("".parse::<KeyId>().is_err());
        assert!("two words".parse::<KeyId>().is_err());
        assert!("k\n".parse::<KeyId>().is_err());
        assert!("schlüssel".parse::<KeyId>().is_err());
    }
}
