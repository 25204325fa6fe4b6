//! Money: minor units beside a currency, never a float and never a bare number.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A lower-case ISO 4217 currency, as Stripe writes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// A text that is no currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not three lower-case letters")]
pub struct InvalidCurrency;

impl Currency {
    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("three ASCII letters are UTF-8")
    }
}

impl FromStr for Currency {
    type Err = InvalidCurrency;

    fn from_str(text: &str) -> Result<Self, InvalidCurrency> {
        match text.as_bytes() {
            letters @ &[first, second, third] if letters.iter().all(u8::is_ascii_lowercase) => {
                Ok(Self([first, second, third]))
            }
            _ => Err(InvalidCurrency),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = InvalidCurrency;

    fn try_from(text: String) -> Result<Self, InvalidCurrency> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// An amount in the currency's smallest unit: 1299 in `eur` is 12.99 €, 1299 in `jpy` is 1299 ¥.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Money {
    /// How many of the smallest unit.
    pub amount_minor: i64,
    /// Of which currency.
    pub currency: Currency,
}

#[cfg(test)]
mod tests {
    use super::Currency;

    #[track_caller]
    fn check(text: &str, expected: bool) {
        assert_eq!(text.parse::<Currency>().is_ok(), expected, "{text:?}");
    }

    #[test]
    fn a_currency_is_three_lower_case_letters() {
        check("eur", true);
        check("jpy", true);
        check("", false);
        check("eu", false);
        check("euro", false);
        check("EUR", false);
        check("eu1", false);
        check("é€", false);
    }
}
