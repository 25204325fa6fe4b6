//! E-mail addresses: what is accepted, and the one form under which an account is found.
//!
//! The canonical form alone is unique and looked up, by every route through this one type. The spelling that was typed
//! is kept to show and to send to. No provider's habits are known here: dots and `+tag` count.

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use std::fmt;
use std::str::FromStr;

/// The longest address (RFC 5321 section 4.5.3.1.3, without the angle brackets), in bytes of the canonical form.
const ADDRESS_BYTES_MAX: usize = 254;
/// The longest local part (RFC 5321 section 4.5.3.1.1), in bytes.
const LOCAL_BYTES_MAX: usize = 64;
/// The longest spelling, in bytes: no host of a good length needs more in Unicode.
const TYPED_BYTES_MAX: usize = 1_024;

/// An address that was accepted. Its `Debug` shows nothing, since addresses never reach a log line.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    typed: String,
    canonical: String,
    /// Where the `@` is in the canonical form.
    at: usize,
}

/// Why an address was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// No address at all, or one that mail does not reach.
    #[error("not an e-mail address")]
    Form,
    /// More than mail systems take.
    #[error("the address is too long")]
    TooLong,
}

impl Address {
    /// As it was typed, to show and to send to.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Lower-case, the host in A-labels: the form that is unique and looked up.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The canonical part before the `@`.
    pub fn local(&self) -> &str {
        &self.canonical[..self.at]
    }

    /// The canonical part after the `@`.
    pub fn host(&self) -> &str {
        &self.canonical[self.at + 1..]
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(typed: &str) -> Result<Self, InvalidAddress> {
        if typed.len() > TYPED_BYTES_MAX {
            return Err(InvalidAddress::TooLong);
        }
        let (local, host) = typed.split_once('@').ok_or(InvalidAddress::Form)?;
        let host = canonical_host(host)?;
        if !is_local_part(local) {
            return Err(InvalidAddress::Form);
        }
        if local.len() > LOCAL_BYTES_MAX || local.len() + 1 + host.len() > ADDRESS_BYTES_MAX {
            return Err(InvalidAddress::TooLong);
        }
        let canonical = format!("{}@{host}", local.to_ascii_lowercase());
        Ok(Self { typed: typed.to_owned(), canonical, at: local.len() })
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Address")
    }
}

/// RFC 5322's dot-atom, in ASCII: no quotes, no comments, no dot at an end or beside another.
fn is_local_part(local: &str) -> bool {
    let is_atext = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atext))
}

/// The host in A-labels (UTS 46, non-transitional), if it is a name of at least two labels.
fn canonical_host(host: &str) -> Result<String, InvalidAddress> {
    // UTS 46 drops these silently, so that two spellings would look alike on a page and in a mail.
    if host.chars().any(is_invisible) {
        return Err(InvalidAddress::Form);
    }
    let ascii =
        |length| Uts46::new().to_ascii(host.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, length);
    let Ok(name) = ascii(DnsLength::Verify) else {
        // A name that holds but for its length is told from one that does not.
        let too_long = ascii(DnsLength::Ignore).is_ok_and(|name| !name.split('.').any(str::is_empty));
        return Err(if too_long { InvalidAddress::TooLong } else { InvalidAddress::Form });
    };
    match name.rsplit_once('.') {
        Some((_, last)) if !is_number(last) => Ok(name.into_owned()),
        _ => Err(InvalidAddress::Form),
    }
}

/// Whether a name that ends so is an IP address to some reader (WHATWG URL, "ends in a number").
fn is_number(label: &str) -> bool {
    let hexadecimal =
        label.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hexadecimal || label.bytes().all(|byte| byte.is_ascii_digit())
}

/// The code points that UTS 46 maps to nothing.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;
