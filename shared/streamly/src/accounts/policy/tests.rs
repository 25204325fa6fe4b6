//! Which passwords may be set, on both sides of every boundary.

use super::{InvalidPassword, Password, PasswordPolicy, Weakness};
use crate::accounts::address::Address;
use proptest::prelude::*;

const ADDRESS: &str = "ada.lovelace+films@analytical-engine.example";

#[track_caller]
fn check_for(address: &str, text: &str, expected: Result<(), Weakness>) {
    let address: Address = address.parse().unwrap();
    let password = Password::new(text).unwrap();
    assert_eq!(PasswordPolicy::default().check(&password, &address), expected, "{text:?}");
}

#[track_caller]
fn check(text: &str, expected: Result<(), Weakness>) {
    check_for(ADDRESS, text, expected);
}

#[test]
fn length_is_counted_in_code_points() {
    check("bw7-Kq2", Err(Weakness::TooShort { length_min: 8 }));
    check("bw7-Kq2x", Ok(()));
    check(
        "\u{1f980}\u{1f40d}\u{1f98a}\u{1f422}\u{1f419}\u{1f98e}\u{1f577}",
        Err(Weakness::TooShort { length_min: 8 }),
    );
    check("\u{1f980}\u{1f40d}\u{1f98a}\u{1f422}\u{1f419}\u{1f98e}\u{1f577}\u{1f98b}", Ok(()));
    assert!(Password::new(&"ab".repeat(128)).is_ok());
    assert_eq!(Password::new(&"a".repeat(257)).err(), Some(InvalidPassword::TooLong));
    assert_eq!(Password::new("").err(), Some(InvalidPassword::Empty));
}

#[test]
fn two_keyboards_type_the_same_password() {
    let (one, other) =
        (Password::new("na\u{ef}vet\u{e9}s").unwrap(), Password::new("nai\u{308}vete\u{301}s").unwrap());
    assert_eq!(one.expose(), other.expose());
    // 256 code points once composed, 512 as typed.
    assert!(Password::new(&"e\u{301}".repeat(256)).is_ok());
    assert!(Password::new(&"e\u{301}".repeat(257)).is_err());
}

#[test]
fn nothing_is_trimmed_and_every_character_is_allowed() {
    assert_eq!(Password::new("  two  words  ").unwrap().expose(), "  two  words  ");
    check("' OR 1=1--", Ok(()));
    check("\0\0\0\u{1}\u{1}\u{1}\n\n", Ok(()));
    check("        x", Ok(()));
}

#[test]
fn common_passwords_are_refused_whole_and_in_any_case() {
    check("password", Err(Weakness::TooCommon));
    check("PassWord", Err(Weakness::TooCommon));
    check("12345678", Err(Weakness::TooCommon));
    check("iloveyou1", Err(Weakness::TooCommon));
    check("password of my own", Ok(()));
    check("               ", Err(Weakness::TooCommon));
    check(" \t \u{a0} \u{3000} \n ", Err(Weakness::TooCommon));
    check("aaaaaaaaaaaaaaa", Err(Weakness::TooCommon));
    check(
        "\u{1f980}\u{1f980}\u{1f980}\u{1f980}\u{1f980}\u{1f980}\u{1f980}\u{1f980}",
        Err(Weakness::TooCommon),
    );
    check("\u{1f980}\u{1f980}\u{1f980}\u{1f980}\u{1f980}\u{1f980}\u{1f980}\u{1f40d}", Ok(()));
}

#[test]
fn a_password_made_of_the_context_is_refused() {
    let refused = Err(Weakness::ContainsContext);
    check("streamlystreamly", refused);
    check("Streamly2026", refused);
    check("Streamly20261", Ok(()));
    check(ADDRESS, refused);
    check(&ADDRESS.to_uppercase(), refused);
    check("ada.lovelace+films", refused);
    check("lovelace", refused);
    check("lovelace1815", refused);
    check("lovelace-1815", Ok(()));
    check("lovelacefilms", refused);
    check("x-lovelace-x", refused);
    check("analytical-engine", refused);
    check("example!!", refused);
    // Shorter than four characters, so no word: ada.
    check("adaadaada1", Ok(()));
    check_for("jo@a.co", "jojojoa.co", Ok(()));
    check_for("jo@a.co", "jo@a.co!", refused);
    check_for("a@m\u{fc}nchen.de", "M\u{fc}nchen1", refused);
}

#[test]
fn words_that_overlap_are_counted_once() {
    check_for("abcd@bcdefg.example", "abcdefg12", Err(Weakness::ContainsContext));
    check_for("abcdef@defghi.example", "abcdefghi", Err(Weakness::ContainsContext));
    check_for("abcdef@defghi.example", "abcdefghi12345", Ok(()));
}

#[test]
fn a_deployment_may_ask_for_more_but_never_for_less() {
    let minimum = |text: &str| text.parse::<PasswordPolicy>().ok().map(|policy| policy.length_min);
    assert_eq!(minimum("7"), None);
    assert_eq!(minimum("8"), Some(8));
    assert_eq!(minimum("64"), Some(64));
    assert_eq!(minimum("65"), None);
    assert_eq!(minimum("-8"), None);
    assert_eq!(minimum("eight"), None);
    let address: Address = ADDRESS.parse().unwrap();
    let policy: PasswordPolicy = "15".parse().unwrap();
    let of = |length: usize| Password::new(&"xy7".repeat(5)[..length]).unwrap();
    assert_eq!(policy.check(&of(14), &address), Err(Weakness::TooShort { length_min: 15 }));
    assert_eq!(policy.check(&of(15), &address), Ok(()));
}

#[test]
fn a_password_is_not_shown() {
    assert_eq!(format!("{:?}", Password::new("hunter2hunter2").unwrap()), "Password");
}

proptest! {
    #[test]
    fn any_text_is_judged_without_a_panic(text in any::<String>(), local in "[a-z.]{1,12}") {
        let Ok(password) = Password::new(&text) else { return Ok(()) };
        let Ok(address) = format!("{local}@example.com").parse::<Address>() else { return Ok(()) };
        if PasswordPolicy::default().check(&password, &address).is_ok() {
            prop_assert!((8..=256).contains(&password.expose().chars().count()));
        }
    }
}
