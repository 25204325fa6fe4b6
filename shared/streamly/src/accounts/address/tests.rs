//! Which addresses are accepted, and in which form they are kept.

use super::{Address, InvalidAddress};
use proptest::prelude::*;

#[track_caller]
fn check(typed: &str, expected: Result<&str, InvalidAddress>) {
    let found = typed.parse::<Address>();
    assert_eq!(found.as_ref().map(Address::canonical), expected.as_ref().map(|text| *text), "{typed:?}");
    if let Ok(address) = found {
        assert_eq!(address.typed(), typed);
        assert_eq!(format!("{}@{}", address.local(), address.host()), address.canonical());
    }
}

const FORM: Result<&str, InvalidAddress> = Err(InvalidAddress::Form);
const TOO_LONG: Result<&str, InvalidAddress> = Err(InvalidAddress::TooLong);

#[test]
fn an_address_is_found_under_one_form() {
    check("a@example.com", Ok("a@example.com"));
    check("A@EXAMPLE.Com", Ok("a@example.com"));
    check("a.b+tag@gmail.com", Ok("a.b+tag@gmail.com"));
    check("a@m\u{fc}nchen.de", Ok("a@xn--mnchen-3ya.de"));
    check("a@M\u{dc}NCHEN.de", Ok("a@xn--mnchen-3ya.de"));
    check("a@mu\u{308}nchen.de", Ok("a@xn--mnchen-3ya.de"));
    check("a@XN--MNCHEN-3YA.DE", Ok("a@xn--mnchen-3ya.de"));
    check("a@fa\u{df}.de", Ok("a@xn--fa-hia.de"));
    check("a@\u{4f8b}\u{3048}\u{3002}\u{30c6}\u{30b9}\u{30c8}", Ok("a@xn--r8jz45g.xn--zckzah"));
    check("!#$%&'*+-/=?^_`{|}~@example.com", Ok("!#$%&'*+-/=?^_`{|}~@example.com"));
    check("a@r3---sn-x.example.com", Ok("a@r3---sn-x.example.com"));
    check("a@1.2.example", Ok("a@1.2.example"));
}

#[test]
fn what_is_no_address_is_refused() {
    for typed in [
        "",
        "a",
        "@",
        "a@",
        "@x.y",
        "a@b",
        "a@@b.co",
        "a@b@c.co",
        "a@b.co@",
        ".a@b.co",
        "a.@b.co",
        "a..b@c.co",
        "a@.b.co",
        "a@b.co.",
        "a@b..co",
        "a@-x.com",
        "a@x-.com",
        "a@x.-com",
        "a@b_c.com",
        "a@[127.0.0.1]",
        "a@127.0.0.1",
        "a@[IPv6:::1]",
        "a@1.0x7f",
        "a@x.0",
        "a@xn--a.com",
        "a@xn--.com",
        "\"a b\"@c.co",
        "a(b)@c.co",
        "<a@b.co>",
        "A <a@b.co>",
        "a@b.co, c@d.co",
        "a@b.co;c@d.co",
        "a,b@c.co",
        "a\\@b.co",
        "a@b.co/x",
        "a@b.co:25",
        "mailto:a@b.co",
        "\u{e4}@b.co",
        "a@b%2eco",
        "*)(uid=*@x.com",
    ] {
        check(typed, FORM);
    }
}

#[test]
fn controls_spaces_and_invisible_characters_are_refused() {
    for odd in [
        "\0",
        "\t",
        "\n",
        "\r\n",
        " ",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{ad}",
        "\u{200b}",
        "\u{200d}",
        "\u{200e}",
        "\u{202e}",
        "\u{2028}",
        "\u{2060}",
        "\u{2066}",
        "\u{3000}",
        "\u{fe0f}",
        "\u{feff}",
        "\u{e0020}",
        "\u{fffd}",
    ] {
        for typed in [
            format!("{odd}a@example.com"),
            format!("a{odd}b@example.com"),
            format!("a@exa{odd}mple.com"),
            format!("a@example.com{odd}"),
        ] {
            check(&typed, FORM);
        }
    }
    check("a@example.com\r\nBcc: b@example.com", FORM);
}

#[test]
fn lengths_are_measured_on_the_canonical_form() {
    let label = |length: usize| "a".repeat(length);
    check(&format!("{}@example.com", label(64)), Ok(&format!("{}@example.com", label(64))));
    check(&format!("{}@example.com", label(65)), TOO_LONG);
    check(&format!("a@{}.com", label(63)), Ok(&format!("a@{}.com", label(63))));
    check(&format!("a@{}.com", label(64)), TOO_LONG);
    // 64 + 1 + 63 + 1 + 63 + 1 + length.
    let address = |length: usize| format!("{}@{}.{}.{}", label(64), label(63), label(63), label(length));
    assert_eq!(address(61).len(), 254);
    check(&address(61), Ok(&address(61)));
    check(&address(62), TOO_LONG);
    // Short in Unicode, long in A-labels.
    check(&format!("a@{}.com", "\u{fc}".repeat(60)), TOO_LONG);
    check(&format!("a@{}", "b.".repeat(8_000)), TOO_LONG);
}

#[test]
fn an_address_is_not_shown() {
    let address: Address = "someone@example.com".parse().unwrap();
    assert_eq!(format!("{address:?}"), "Address");
}

#[track_caller]
fn holds(typed: &str) -> Result<(), TestCaseError> {
    let Ok(address) = typed.parse::<Address>() else { return Ok(()) };
    let canonical = address.canonical();
    prop_assert!(canonical.len() <= 254);
    prop_assert_eq!(canonical.matches('@').count(), 1);
    prop_assert!(canonical.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()));
    prop_assert!(!typed.chars().any(|character| character.is_control() || character.is_whitespace()));
    prop_assert!(address.local().len() <= 64);
    let labels: Vec<&str> = address.host().split('.').collect();
    prop_assert!(labels.len() >= 2);
    for label in labels {
        prop_assert!((1..=63).contains(&label.len()));
        prop_assert!(!label.starts_with('-') && !label.ends_with('-'));
        prop_assert!(label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    }
    let again: Address = canonical.parse().map_err(|_| TestCaseError::fail("canonical form refused"))?;
    prop_assert_eq!(again.canonical(), canonical);
    Ok(())
}

proptest! {
    #[test]
    fn what_is_accepted_holds_for_any_text(typed in any::<String>()) {
        holds(&typed)?;
    }

    #[test]
    fn what_is_accepted_holds_for_what_looks_like_an_address(
        typed in "[a-zA-Z0-9.+_-]{1,70}@[a-zA-Z0-9\u{df}\u{fc}\u{130}\u{3c2}\u{3042}\u{3002}\u{200d}\u{ad}.-]{1,80}"
    ) {
        holds(&typed)?;
    }

    #[test]
    fn what_is_accepted_holds_for_any_host(host in "\\PC{1,20}\\.\\PC{1,8}") {
        holds(&format!("a@{host}"))?;
    }
}
