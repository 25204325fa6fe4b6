//! What a question to the list asks for.

use functions_framework::{Request, RequestExt};

use crate::cursor::Cursor;
use crate::error::CatalogError;

/// The most titles of one page.
pub(crate) const LIMIT_MAX: u16 = 100;
/// The titles of a page where the client does not say.
const LIMIT: u16 = 20;
/// The longest search, in characters.
pub(crate) const WORDS_CHARS_MAX: usize = 200;

/// What a question to the list asks for.
#[derive(Debug)]
pub(crate) struct Query {
    /// Where the page begins; at the newest where there is none.
    pub(crate) cursor: Option<Cursor>,
    /// How many titles.
    pub(crate) limit: u16,
    /// The words to find; all titles where there are none.
    pub(crate) words: Option<String>,
}

impl Query {
    /// Reads the request's parameters; others are passed over, since gateways add their own.
    pub(crate) fn of(request: &Request) -> Result<Self, CatalogError> {
        let cursor = match &request.query("cursor")[..] {
            [] => None,
            [cursor] => Some(cursor.parse().map_err(|_| CatalogError::Cursor)?),
            _ => return Err(CatalogError::Cursor),
        };
        let limit = match &request.query("limit")[..] {
            [] => LIMIT,
            [limit] => number(limit).ok_or(CatalogError::Limit)?,
            _ => return Err(CatalogError::Limit),
        };
        let words = match &request.query("q")[..] {
            [] => None,
            // A search field that is still empty asks for everything.
            [words] => Some(spaced(words)).filter(|words| !words.is_empty()),
            _ => return Err(CatalogError::Words),
        };
        if words.as_ref().is_some_and(|words| words.chars().count() > WORDS_CHARS_MAX) {
            return Err(CatalogError::Words);
        }
        Ok(Self { cursor, limit, words })
    }

    /// Whether there is nothing in the words that a text could hold: no letter and no digit.
    pub(crate) fn finds_nothing(&self) -> bool {
        self.words.as_ref().is_some_and(|words| !words.chars().any(char::is_alphanumeric))
    }
}

/// Digits alone, in range.
fn number(text: &str) -> Option<u16> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| is_plain && (1..=LIMIT_MAX).contains(number))
}

/// The words without what is no part of any: the database takes no zero character, and nobody types the others.
fn spaced(words: &str) -> String {
    words.replace(char::is_control, " ").trim().to_owned()
}
