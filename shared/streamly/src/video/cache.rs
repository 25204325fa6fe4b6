//! Tokens already signed by this instance. A signature costs some hundred times what the rest of an answer does, and a token
//! names no viewer, so the next viewer of the same title may get the same one while it lives long enough.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::lifetime::Window;
use super::token::Signed;

/// The most tokens kept, about 1 KiB each.
pub(super) const TOKENS_MAX: usize = 4_096;

/// Tokens by everything they say but their end. Holds at most so many; the least recently used goes first.
pub(super) struct Cache {
    kept: Mutex<Kept>,
    tokens_max: usize,
}

#[derive(Default)]
struct Kept {
    tokens: HashMap<String, Entry>,
    /// Counts the uses, as the cache's own clock.
    uses: u64,
}

struct Entry {
    signed: Signed,
    used: u64,
}

impl Cache {
    pub(super) fn new(tokens_max: usize) -> Self {
        Self { kept: Mutex::default(), tokens_max }
    }

    /// The token under this key whose end the window admits, else a fresh one, which is then kept.
    pub(super) fn token(&self, key: String, window: Window, sign: impl FnOnce() -> Signed) -> Signed {
        if let Some(signed) = self.kept().find(&key, window) {
            return signed;
        }
        // Signed without the lock: whoever comes meanwhile signs too, and the later one stays.
        let signed = sign();
        self.kept().keep(key, signed.clone(), self.tokens_max);
        signed
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        // A panic in between leaves a whole map behind.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn find(&mut self, key: &str, window: Window) -> Option<Signed> {
        let entry = self.tokens.get_mut(key).filter(|entry| window.admits(entry.signed.expires_at))?;
        self.uses += 1;
        entry.used = self.uses;
        Some(entry.signed.clone())
    }

    fn keep(&mut self, key: String, signed: Signed, tokens_max: usize) {
        if self.tokens.len() >= tokens_max && !self.tokens.contains_key(&key) {
            let oldest = self.tokens.iter().min_by_key(|(_, entry)| entry.used);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.tokens.remove(&oldest);
            }
        }
        self.uses += 1;
        self.tokens.insert(key, Entry { signed, used: self.uses });
    }
}

#[cfg(test)]
mod tests {
    use super::{Cache, Window};
    use crate::video::token::{Signed, Token};
    use std::cell::Cell;

    /// A cache, and how often something was signed for it.
    struct Counted {
        cache: Cache,
        signed: Cell<u32>,
    }

    impl Counted {
        fn new(tokens_max: usize) -> Self {
            Self { cache: Cache::new(tokens_max), signed: Cell::new(0) }
        }

        #[track_caller]
        fn check(&self, key: &str, window: (i64, i64), end: i64, signed: u32) {
            let window = Window { earliest: window.0, latest: window.1 };
            let got = self.cache.token(key.to_owned(), window, || {
                self.signed.set(self.signed.get() + 1);
                Signed { token: Token::new(key.to_owned()), expires_at: window.latest }
            });
            assert_eq!((got.expires_at, self.signed.get()), (end, signed));
            assert_eq!(got.token.expose(), key);
        }
    }

    #[test]
    fn a_token_is_given_out_again_while_its_end_will_do() {
        let counted = Counted::new(10);
        counted.check("a", (750, 1000), 1000, 1);
        counted.check("a", (760, 1010), 1000, 1);
        counted.check("a", (1000, 1250), 1000, 1);
        counted.check("a", (1001, 1251), 1251, 2);
    }

    #[test]
    fn a_token_that_outlives_this_caller_is_never_given_to_him() {
        let counted = Counted::new(10);
        counted.check("a", (750, 1000), 1000, 1);
        counted.check("a", (700, 999), 999, 2);
        counted.check("a", (750, 1000), 999, 2);
    }

    #[test]
    fn another_claim_is_another_token() {
        let counted = Counted::new(10);
        counted.check("a", (750, 1000), 1000, 1);
        counted.check("b", (750, 1000), 1000, 2);
        counted.check("a", (750, 1000), 1000, 2);
    }

    #[test]
    fn the_cache_is_bounded_and_forgets_the_least_recently_used() {
        let counted = Counted::new(2);
        counted.check("a", (750, 1000), 1000, 1);
        counted.check("b", (750, 1000), 1000, 2);
        counted.check("a", (750, 1000), 1000, 2);
        counted.check("c", (750, 1000), 1000, 3);
        assert_eq!(counted.cache.kept().tokens.len(), 2);
        counted.check("a", (750, 1000), 1000, 3);
        counted.check("b", (750, 1000), 1000, 4);
        for number in 0..100 {
            counted.check(&number.to_string(), (750, 1000), 1000, 5 + number);
        }
        assert_eq!(counted.cache.kept().tokens.len(), 2);
    }

    #[test]
    fn replacing_a_token_pushes_no_other_out() {
        let counted = Counted::new(2);
        counted.check("a", (750, 1000), 1000, 1);
        counted.check("b", (750, 1000), 1000, 2);
        counted.check("b", (1750, 2000), 2000, 3);
        counted.check("a", (750, 1000), 1000, 3);
    }
}
