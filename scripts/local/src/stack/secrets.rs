//! Keys that a stack makes once and keeps in its folder, so that tokens outlive a restart.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::keys::KeyPair;

/// Everything that is generated; good for this stack alone.
#[derive(Serialize, Deserialize)]
pub(super) struct Secrets {
    pub(super) signing_key: String,
    pub(super) refresh_token_key: String,
    pub(super) stripe_secret_key: String,
    pub(super) stripe_webhook_secret: String,
    pub(super) mux_webhook_secret: String,
    /// A folder that an earlier version made has none.
    #[serde(default = "random_text")]
    pub(super) cloudflare_webhook_secret: String,
}

impl Secrets {
    /// Those of this folder; made where there are none, or where new ones are wanted.
    pub(super) fn of(folder: &Path, fresh: bool) -> io::Result<Self> {
        let path = folder.join("secrets.json");
        match fs::read(&path) {
            Ok(bytes) if !fresh => return serde_json::from_slice(&bytes).map_err(io::Error::other),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let secrets = Self::generate();
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        file.write_all(&serde_json::to_vec_pretty(&secrets)?)?;
        Ok(secrets)
    }

    /// New ones.
    pub(super) fn generate() -> Self {
        let mut refresh_token_key = [0; 32];
        SystemRandom::new().fill(&mut refresh_token_key).expect("the system has randomness");
        Self {
            signing_key: KeyPair::generate().pem().to_owned(),
            refresh_token_key: STANDARD.encode(refresh_token_key),
            stripe_secret_key: format!("sk_test_{}", random_text()),
            stripe_webhook_secret: format!("whsec_{}", random_text()),
            mux_webhook_secret: random_text(),
            cloudflare_webhook_secret: random_text(),
        }
    }

    /// The signing key with its id and its public half.
    pub(super) fn key_pair(&self) -> KeyPair {
        self.signing_key.parse().expect("it was made as such a key")
    }
}

/// 32 letters and digits that nobody can guess.
pub(super) fn random_text() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::Secrets;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_are_kept_until_fresh_ones_are_wanted_and_are_for_their_owner_alone() {
        let folder = std::env::temp_dir().join(format!("streamly-test-{}", super::random_text()));
        std::fs::create_dir(&folder).expect("the temporary folder is there");
        let keys = |fresh| Secrets::of(&folder, fresh).expect("the folder is ours").key_pair();
        let first = keys(false);
        assert_eq!(keys(false).id(), first.id());
        assert_ne!(keys(true).id(), first.id());
        let mode = std::fs::metadata(folder.join("secrets.json")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::remove_dir_all(folder).expect("the folder is ours");
    }
}
