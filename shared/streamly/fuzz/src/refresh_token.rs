//! The reader of refresh tokens.
//!
//! An input that starts like a token is one. Any other is 16 bytes of session, 8 of counter, and pairs of a place and a byte
//! that change the token of those, since no fuzzer guesses a MAC.

use streamly::accounts::refresh::{Named, RefreshKey};
use uuid::Uuid;

/// 32 bytes in base64.
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// What is taken is, letter by letter, the token of what it names; a genuine token is taken, a changed one is not.
pub fn check(data: &[u8]) -> bool {
    let key: RefreshKey = KEY.parse().expect("a key");
    if data.starts_with(b"rt1.") || data.len() < 24 {
        return check_text(&key, data);
    }
    let ((session, rest), counter) =
        (data.split_at(16), u64::from_be_bytes(data[16..24].try_into().expect("8 bytes")));
    let session_id = Uuid::from_slice(session).expect("16 bytes").into();
    let named = Named { session_id, counter };
    let token = key.token(named);
    assert_eq!(key.open(&token), Some(named));
    let mut changed = token.clone().into_bytes();
    for edit in rest[8..].chunks_exact(2) {
        let place = usize::from(edit[0]) % changed.len();
        changed[place] = edit[1];
    }
    let is_genuine = changed == token.as_bytes();
    assert_eq!(check_text(&key, &changed), is_genuine);
    is_genuine
}

fn check_text(key: &RefreshKey, text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let Some(named) = key.open(text) else { return false };
    assert_eq!(key.token(named), text);
    true
}
