//! The keys of access tokens: one is made, published beside the one in use, and taken out of use in the end. What
//! `scripts/keys` does, and what a stack makes for itself.
//!
//! A private key goes to a file of its own, for its owner alone, and nowhere else. Whatever is read goes through the reader of
//! the functions, so that what is written here is what they take.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use streamly::accounts::KeyId;
use streamly::accounts::token::{InvalidSigningKey, SigningKey};
use streamly::accounts::verify::{InvalidVerifyKeys, VerifyKeys};

/// Why a key is not made, or a set not written.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// There is a file already; it may be the key that signs.
    #[error("{0:?} is there already and stays as it is: name another file")]
    Taken(PathBuf),
    /// A file refused us.
    #[error("{0:?} cannot be used")]
    File(PathBuf, #[source] io::Error),
    /// Not a private key of ours. The text is not shown.
    #[error("{0:?} {1}")]
    Key(PathBuf, InvalidSigningKey),
    /// Not a set of public keys.
    #[error("{0:?} {1}")]
    Set(PathBuf, InvalidVerifyKeys),
    /// The key is published already.
    #[error("the key {0} is in the set already")]
    Repeated(String),
    /// No such key in the set.
    #[error("the set has no key {wanted}; it has {found}")]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// What is there.
        found: String,
    },
    /// The last key of a set.
    #[error("{0} is the only key of the set: without it no token would be good")]
    Last(String),
}

/// A private key, with the id and the public half that follow from it.
pub struct KeyPair {
    pem: String,
    public: PublicKey,
}

/// The public keys that verify tokens: `JWT_VERIFY_KEYS`. Its text is one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySet {
    keys: Vec<PublicKey>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PublicKey {
    kty: String,
    crv: String,
    kid: String,
    #[serde(rename = "use")]
    usage: String,
    alg: String,
    x: String,
    y: String,
}

impl KeyPair {
    /// A new one.
    pub fn generate() -> Self {
        let pem = testkit::keys::SigningKey::generate("new").pem();
        pem.parse().expect("it was made as such a key")
    }

    /// `JWT_SIGNING_KEY`: PEM of PKCS#8.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// `JWT_SIGNING_KEY_ID`: the thumbprint of the public half (RFC 7638), so that no two keys have one name.
    pub fn id(&self) -> &str {
        &self.public.kid
    }

    /// The set of its public half alone.
    pub fn key_set(&self) -> KeySet {
        KeySet { keys: vec![self.public.clone()] }
    }

    /// Makes one for this file, which must not be there yet and is for its owner alone.
    pub fn make(path: &Path) -> Result<Self, KeysError> {
        let pair = Self::generate();
        let fault = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => KeysError::Taken(path.to_owned()),
            _ => KeysError::File(path.to_owned(), error),
        };
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(fault)?;
        file.write_all(pair.pem.as_bytes()).and_then(|()| file.sync_all()).map_err(fault)?;
        Ok(pair)
    }

    /// The one of this file.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        read(path)?.parse().map_err(|error| KeysError::Key(path.to_owned(), error))
    }
}

impl FromStr for KeyPair {
    type Err = InvalidSigningKey;

    fn from_str(text: &str) -> Result<Self, InvalidSigningKey> {
        let key: SigningKey = text.trim().parse()?;
        let unnamed: KeyId = "unnamed".parse().expect("a word is a key's name");
        let set = KeySet::of(&key.verify_keys(&unnamed));
        let mut public = set.keys.into_iter().next().expect("a key has a public half");
        public.kid = public.thumbprint();
        Ok(Self { pem: text.to_owned(), public })
    }
}

impl PublicKey {
    /// The digest of the members that make the key what it is, in the order and form of RFC 7638 section 3.
    fn thumbprint(&self) -> String {
        let Self { crv, kty, x, y, .. } = self;
        let members = format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{x}","y":"{y}"}}"#);
        URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()))
    }
}

impl KeySet {
    /// The one of this file.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        read(path)?.parse().map_err(|error| KeysError::Set(path.to_owned(), error))
    }

    /// The same with the public half of one more key, which comes last.
    pub fn beside(mut self, pair: &KeyPair) -> Result<Self, KeysError> {
        if self.keys.iter().any(|key| key.kid == pair.id()) {
            return Err(KeysError::Repeated(pair.id().to_owned()));
        }
        self.keys.push(pair.public.clone());
        Ok(self)
    }

    /// The same without the key of this id.
    pub fn without(mut self, id: &str) -> Result<Self, KeysError> {
        let place = self.keys.iter().position(|key| key.kid == id);
        let place = place.ok_or_else(|| KeysError::Unknown {
            wanted: id.to_owned(),
            found: self.keys.iter().map(|key| key.kid.as_str()).collect::<Vec<_>>().join(", "),
        })?;
        if self.keys.len() == 1 {
            return Err(KeysError::Last(id.to_owned()));
        }
        self.keys.remove(place);
        Ok(self)
    }

    fn of(keys: &VerifyKeys) -> Self {
        let published = serde_json::to_string(keys).expect("a set is JSON");
        serde_json::from_str(&published).expect("a set is written with these members")
    }
}

impl FromStr for KeySet {
    type Err = InvalidVerifyKeys;

    fn from_str(text: &str) -> Result<Self, InvalidVerifyKeys> {
        Ok(Self::of(&text.parse()?))
    }
}

impl fmt::Display for KeySet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

fn read(path: &Path) -> Result<String, KeysError> {
    fs::read_to_string(path).map_err(|error| KeysError::File(path.to_owned(), error))
}

#[cfg(test)]
mod tests {
    use super::{KeyPair, KeySet, PublicKey};
    use testkit::keys::SigningKey;

    /// The set after it, or what is said instead.
    #[track_caller]
    fn check(result: Result<KeySet, super::KeysError>, expected: Result<&[&str], &str>) {
        let found = result.map_err(|error| error.to_string());
        let ids = found.map(|set| set.keys.into_iter().map(|key| key.kid).collect::<Vec<_>>());
        assert_eq!(
            ids,
            expected.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect()).map_err(str::to_owned)
        );
    }

    #[test]
    fn a_keys_id_is_its_thumbprint() {
        // The key and its thumbprint of RFC 9449 sections 4.1 and 6.1.
        let text = r#"{"kty":"EC","crv":"P-256","kid":"any","use":"sig","alg":"ES256",
            "x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}"#;
        let key: PublicKey = serde_json::from_str(text).expect("a key");
        assert_eq!(key.thumbprint(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        let (one, other) = (KeyPair::generate(), KeyPair::generate());
        assert_ne!(one.id(), other.id());
        assert_eq!(one.pem().parse::<KeyPair>().expect("our own").id(), one.id());
    }

    #[test]
    fn a_set_gains_a_key_at_its_end_and_loses_one_by_its_id() {
        let (old, new) = (KeyPair::generate(), KeyPair::generate());
        let both = old.key_set().beside(&new).expect("another key");
        check(Ok(both.clone()), Ok(&[old.id(), new.id()]));
        check(both.to_string().parse().map_err(|_| unreachable!()), Ok(&[old.id(), new.id()]));
        check(both.clone().without(old.id()), Ok(&[new.id()]));
        check(both.clone().without(new.id()), Ok(&[old.id()]));
        let absent = format!("the set has no key x; it has {}, {}", old.id(), new.id());
        check(both.clone().without("x"), Err(&absent));
        check(both.beside(&new), Err(&format!("the key {} is in the set already", new.id())));
        let last = format!("{} is the only key of the set: without it no token would be good", old.id());
        check(old.key_set().without(old.id()), Err(&last));
    }

    #[test]
    fn a_set_of_keys_with_names_of_their_own_is_taken_as_it_is() {
        let old = SigningKey::published();
        let new = KeyPair::generate();
        let set: KeySet = old.jwks().parse().expect("a set");
        check(set.beside(&new), Ok(&["test-1", new.id()]));
    }
}
