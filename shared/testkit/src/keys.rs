//! Keys for tests and the scripts, and the public halves that go with them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

/// An RSA-2048 key as Mux hands it out: PEM of PKCS#1. Published, so good for loopback alone.
pub const MUX_PRIVATE_KEY: &str = include_str!("../keys/mux.pem");
/// Its public half: PEM of a `SubjectPublicKeyInfo`.
pub const MUX_PUBLIC_KEY: &str = include_str!("../keys/mux.public.pem");
/// The id under which tests and the stack know it.
pub const MUX_SIGNING_KEY: &str = "streamlyLocalMuxKey";

/// A key that signs access tokens: EC P-256.
#[derive(Clone)]
pub struct SigningKey {
    id: String,
    pkcs8: Vec<u8>,
}

impl SigningKey {
    /// The one key of tests; published, so good for loopback alone.
    pub fn published() -> Self {
        let pem = include_str!("../keys/signing.pem");
        Self::from_pem("test-1", pem)
    }

    /// A new key.
    pub fn generate(id: &str) -> Self {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Self { id: id.to_owned(), pkcs8: made.expect("the system has randomness").as_ref().to_vec() }
    }

    /// A key from a PKCS#8 PEM.
    pub fn from_pem(id: &str, pem: &str) -> Self {
        let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let pkcs8 = STANDARD.decode(text).expect("a PEM holds base64");
        Self { id: id.to_owned(), pkcs8 }
    }

    /// Its `kid`: `JWT_SIGNING_KEY_ID`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// PKCS#8 PEM: `JWT_SIGNING_KEY`.
    pub fn pem(&self) -> String {
        let text = STANDARD.encode(&self.pkcs8);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    }

    /// The public half as a JWKS: `JWT_VERIFY_KEYS`.
    pub fn jwks(&self) -> String {
        let pair = self.pair();
        // Uncompressed: a leading 4, then the two coordinates.
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        serde_json::json!({"keys": [
            {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id, "x": x, "y": y}
        ]})
        .to_string()
    }

    /// Signs a JWS from its two JSON parts, whatever they say.
    pub fn sign(&self, header: &serde_json::Value, claims: &serde_json::Value) -> String {
        let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature =
            self.pair().sign(&SystemRandom::new(), signed.as_bytes()).expect("the system has randomness");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn pair(&self) -> EcdsaKeyPair {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.pkcs8, &SystemRandom::new())
            .expect("it was made or read as such a key")
    }
}
