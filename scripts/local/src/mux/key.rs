//! The public half of the operator's signing key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

/// What stands before an RSA key in a `SubjectPublicKeyInfo`: the algorithm's name, `rsaEncryption`, without parameters.
const RSA_ENCRYPTION: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// A public key with the id under which tokens name it.
pub(super) struct Key {
    pub(super) id: String,
    public: UnparsedPublicKey<Vec<u8>>,
}

impl Key {
    /// Reads a PEM `PUBLIC KEY`; nothing where it holds no RSA key.
    pub(super) fn from_pem(id: String, pem: &str) -> Option<Self> {
        let body = pem
            .trim()
            .strip_prefix("-----BEGIN PUBLIC KEY-----")?
            .strip_suffix("-----END PUBLIC KEY-----")?;
        let text: String = body.split_ascii_whitespace().collect();
        let info = STANDARD.decode(text).ok()?;
        let (info, rest) = element(SEQUENCE, &info)?;
        let (key, end) = element(BIT_STRING, info.strip_prefix(RSA_ENCRYPTION)?)?;
        // The first byte of a bit string counts unused bits.
        let key = key.strip_prefix(&[0])?;
        let whole = rest.is_empty() && end.is_empty() && element(SEQUENCE, key).is_some();
        whole.then(|| Self { id, public: UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.to_vec()) })
    }

    /// Whether this key's private half made the signature, by RS256.
    pub(super) fn verifies(&self, message: &str, signature: &[u8]) -> bool {
        self.public.verify(message.as_bytes(), signature).is_ok()
    }
}

/// One element of DER and what follows it.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = der.strip_prefix(&[tag])?.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), &rest[2..]),
        _ => return None,
    };
    rest.split_at_checked(length)
}
