//! Idempotency keys: the first answer is replayed; another request under the same key is refused, and so is one beside
//! it.

use super::error::Refusal;
use super::memory::{Difference, Kept};
use super::state::Shared;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How long a key is remembered, in seconds of the stand-in's time.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// The longest key.
const KEY_LENGTH_MAX: usize = 255;

/// What makes two requests the same: method, path, and the sorted parameters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fingerprint {
    pub(super) endpoint: String,
    pub(super) parameters: Vec<(String, String)>,
}

/// An answer as it is replayed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Saved {
    pub(super) status: u16,
    pub(super) body: Value,
    /// The request that was answered first.
    pub(super) request_id: String,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    fingerprint: Fingerprint,
    at: i64,
    /// None while the first request is being answered.
    answer: Option<Saved>,
}

/// The keys in use and the answers kept.
#[derive(Default)]
pub(super) struct Idempotency {
    entries: HashMap<String, Entry>,
    /// The keys that were given an answer since someone asked.
    changed: HashSet<String>,
}

/// A request under way is not kept: whoever was being answered asks again.
impl Kept for Idempotency {
    fn take_difference(&mut self) -> Difference {
        let changed = std::mem::take(&mut self.changed);
        let set = changed.iter().filter_map(|key| self.entries.get_key_value(key));
        Difference { set: set.map(|entry| json!(entry)).collect(), gone: Vec::new() }
    }

    fn apply(&mut self, difference: Difference) -> Result<(), serde_json::Error> {
        for entry in difference.set {
            let (key, entry): (String, Entry) = serde_json::from_value(entry)?;
            self.changed.insert(key.clone());
            self.entries.insert(key, entry);
        }
        Ok(())
    }
}

impl Idempotency {
    /// Takes the key for a first request, or gives the answer to replay.
    fn begin(&mut self, key: &str, fingerprint: &Fingerprint, now: i64) -> Result<Option<Saved>, Refusal> {
        if key.len() > KEY_LENGTH_MAX {
            return Err(Refusal::key_reused("Idempotency keys are at most 255 characters long.".to_owned()));
        }
        if let Some(entry) = self.entries.get(key).filter(|entry| now - entry.at < KEPT_SECONDS) {
            if entry.fingerprint.endpoint != fingerprint.endpoint {
                let first = &entry.fingerprint.endpoint;
                return Err(Refusal::key_reused(format!(
                    "Keys for idempotent requests can only be used for the same endpoint they were first used for \
                     ('{first}'). Try using a key other than '{key}' if you meant to execute a different request."
                )));
            }
            if entry.fingerprint != *fingerprint {
                return Err(Refusal::key_reused(format!(
                    "Keys for idempotent requests can only be used with the same parameters they were first used \
                     with. Try using a key other than '{key}' if you meant to execute a different request."
                )));
            }
            return match &entry.answer {
                Some(answer) => Ok(Some(answer.clone())),
                None => Err(Refusal::key_in_use(key)),
            };
        }
        self.entries.retain(|_, entry| now - entry.at < KEPT_SECONDS);
        self.entries
            .insert(key.to_owned(), Entry { fingerprint: fingerprint.clone(), at: now, answer: None });
        Ok(None)
    }

    /// Keeps the answer.
    pub(super) fn save(&mut self, key: &str, answer: Saved) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.answer = Some(answer);
            self.changed.insert(key.to_owned());
        }
    }

    /// Frees the key of a request that ended without an answer to keep.
    fn release(&mut self, key: &str) {
        if self.entries.get(key).is_some_and(|entry| entry.answer.is_none()) {
            self.entries.remove(key);
        }
    }
}

/// The key of a request under way; dropped without a saved answer it is free again.
pub(super) struct Claim {
    shared: Arc<Shared>,
    pub(super) key: String,
}

impl Claim {
    /// Claims the key, or gives the answer to replay.
    pub(super) fn new(
        shared: &Arc<Shared>,
        key: &str,
        fingerprint: &Fingerprint,
    ) -> Result<Result<Self, Saved>, Refusal> {
        let mut state = shared.lock();
        let now = state.now();
        let saved = state.idempotency.begin(key, fingerprint, now)?;
        let claim = || Self { shared: Arc::clone(shared), key: key.to_owned() };
        Ok(saved.map_or_else(|| Ok(claim()), Err))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.shared.lock().idempotency.release(&self.key);
    }
}
