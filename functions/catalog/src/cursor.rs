//! A place in the list as clients carry it from page to page: opaque to them, and no secret. It is a date and an id, so it
//! stays good while titles come and go, and whoever makes one up gets a page of the same list.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use std::str::FromStr;
use streamly::db::listings::Place;
use streamly::ids::VideoId;
use time::OffsetDateTime;
use uuid::Uuid;

/// Microseconds, which is what a date has in the database, and an id.
const BYTES: usize = 8 + 16;
/// The latest date that is read from a cursor, in microseconds: 9999-12-31T23:59:59Z.
const MICROSECONDS_MAX: i64 = 253_402_300_799_000_000;

/// A place in the list, written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor(pub(crate) Place);

/// A text that no page gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of ours")]
pub(crate) struct InvalidCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { published_at, id } = self.0;
        let microseconds = published_at.unix_timestamp() * 1_000_000 + i64::from(published_at.microsecond());
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend(microseconds.to_be_bytes());
        bytes.extend(id.uuid().as_bytes());
        formatter.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        let bytes: [u8; BYTES] = bytes.try_into().map_err(|_| InvalidCursor)?;
        let (date, id) = bytes.split_first_chunk().ok_or(InvalidCursor)?;
        let microseconds = i64::from_be_bytes(*date);
        if !(0..=MICROSECONDS_MAX).contains(&microseconds) {
            return Err(InvalidCursor);
        }
        let published_at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(microseconds) * 1_000)
            .map_err(|_| InvalidCursor)?;
        let id = Uuid::from_slice(id).map_err(|_| InvalidCursor)?;
        Ok(Self(Place { published_at, id: VideoId::from(id) }))
    }
}

#[cfg(test)]
mod tests {
    use super::{BYTES, Cursor, InvalidCursor, MICROSECONDS_MAX};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    /// The text of a cursor with this date, in microseconds.
    fn text(microseconds: i64) -> String {
        let mut bytes = microseconds.to_be_bytes().to_vec();
        bytes.extend(b"0123456789abcdef");
        URL_SAFE_NO_PAD.encode(bytes)
    }

    #[track_caller]
    fn check(text: &str, is_good: bool) {
        let read: Result<Cursor, InvalidCursor> = text.parse();
        assert_eq!(read.map(|cursor| cursor.to_string()).ok().as_deref(), is_good.then_some(text), "{text}");
    }

    #[test]
    fn a_cursor_is_read_back_to_the_microsecond() {
        for microseconds in [0, 1, 1_795_395_600_123_456, MICROSECONDS_MAX] {
            check(&text(microseconds), true);
        }
    }

    #[test]
    fn what_no_page_gave_is_refused() {
        check(&text(-1), false);
        check(&text(MICROSECONDS_MAX + 1), false);
        check(&text(i64::MIN), false);
        check(&text(i64::MAX), false);
        let good = text(0);
        check("", false);
        check(&good[..good.len() - 1], false);
        check(&format!("{good}A"), false);
        check(&format!("{good}="), false);
        check(&format!(" {good}"), false);
        check(&good.replace('A', "!"), false);
        check(&URL_SAFE_NO_PAD.encode([0; BYTES - 1]), false);
        check(&URL_SAFE_NO_PAD.encode([0; BYTES + 1]), false);
        check("'; drop table videos; --", false);
    }
}
