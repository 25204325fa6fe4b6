//! The reader of e-mail addresses. An input is what a person typed.

use streamly::accounts::address::{Address, InvalidAddress};

/// What is taken has one canonical form, which is its own; whoever shouts is the same person; and no address carries more
/// than mail can.
pub fn check(data: &[u8]) -> bool {
    let Ok(typed) = std::str::from_utf8(data) else { return false };
    let address: Address = match typed.parse() {
        Ok(address) => address,
        Err(InvalidAddress::TooLong) => {
            assert!(typed.len() > 63, "{typed:?} is not long");
            return false;
        }
        Err(InvalidAddress::Form) => return false,
    };
    let canonical = address.canonical();
    assert_eq!(address.typed(), typed);
    assert_eq!(canonical, format!("{}@{}", address.local(), address.host()));
    assert!(canonical.len() <= 254 && (1..=64).contains(&address.local().len()), "{canonical}");
    assert!(
        canonical.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()),
        "{canonical}"
    );
    // A line break would begin another header of the mail.
    assert!(!typed.chars().any(|character| character.is_control() || character == ' '), "{typed:?}");
    assert_eq!(typed.matches('@').count(), 1, "{typed:?}");
    assert_eq!(address.local(), typed.split('@').next().unwrap_or_default().to_ascii_lowercase());

    let labels: Vec<&str> = address.host().split('.').collect();
    assert!(labels.len() >= 2, "{canonical}");
    for label in &labels {
        let known = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let inside = !label.starts_with('-') && !label.ends_with('-');
        assert!((1..=63).contains(&label.len()) && known && inside, "{canonical}");
    }

    // Bytes of ASCII alone, since some letters have no upper case of one letter.
    for again in [canonical.to_owned(), canonical.to_uppercase(), typed.to_ascii_uppercase()] {
        let again: Address = again.parse().unwrap_or_else(|error| panic!("{again:?}: {error}"));
        assert_eq!(again.canonical(), canonical);
    }
    true
}
