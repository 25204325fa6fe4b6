//! What verifies, what is refused unread, and how many run at once.

use super::{Capacity, Cost, HashError, Hasher, Phc, Verdict};
use crate::accounts::policy::Password;
use std::time::Duration;

fn machine() -> Capacity {
    Capacity::new(1024 * 1024 * 1024, 2)
}

fn hasher() -> Hasher {
    Hasher::new(Cost::default(), machine()).unwrap()
}

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

#[track_caller]
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Asks whether `password` is behind this stored text.
#[track_caller]
fn check(stored: &str, expected: Verdict) {
    let found =
        runtime().block_on(hasher().verify(&password("password"), Some(&Phc::from(stored.to_owned()))));
    assert_eq!(found, Ok(expected), "{stored}");
}

#[tokio::test]
async fn a_hash_verifies_its_password_and_no_other() {
    let hasher = hasher();
    let phc = hasher.hash(&password("difference engine")).await.unwrap();
    assert!(phc.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", phc.expose());
    let verdict = async |text: &str| hasher.verify(&password(text), Some(&phc)).await.unwrap();
    assert_eq!(verdict("difference engine").await, Verdict::Right { outdated: false });
    assert_eq!(verdict("difference engine ").await, Verdict::Wrong);
    assert_eq!(verdict("Difference engine").await, Verdict::Wrong);
    let other = hasher.hash(&password("difference engine")).await.unwrap();
    assert_ne!(phc, other);
}

#[test]
fn published_hashes_verify_and_are_due_for_replacement() {
    // From the test program of the reference implementation (P-H-C/phc-winner-argon2, src/test.c).
    let right = Verdict::Right { outdated: true };
    check("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", right);
    check("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", right);
    check("$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc", right);
    check(
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/8",
        Verdict::Wrong,
    );
}

#[test]
fn what_is_no_argon2id_hash_within_the_caps_is_unusable() {
    let rest = "c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    for start in [
        "$argon2i$v=19$m=256,t=2,p=1$",
        "$argon2d$v=19$m=256,t=2,p=1$",
        "$argon2id$v=16$m=256,t=2,p=1$",
        "$argon2id$m=256,t=2,p=1$",
        "$argon2id$v=19$",
        "$argon2id$v=19$m=256,t=2$",
        "$argon2id$v=19$t=2,p=1$",
        "$argon2id$v=19$m=262145,t=2,p=1$",
        "$argon2id$v=19$m=4294967295,t=2,p=1$",
        "$argon2id$v=19$m=99999999999999999999,t=2,p=1$",
        "$argon2id$v=19$m=256,t=11,p=1$",
        "$argon2id$v=19$m=256,t=0,p=1$",
        "$argon2id$v=19$m=256,t=2,p=17$",
        "$argon2id$v=19$m=8,t=2,p=16$",
        "$argon2id$v=19$m=256,t=2,p=1,keyid=AAAA$",
        "$argon2id$v=19$m=256,t=2,p=1,data=AAAA$",
        "$argon2id$v=19$m=-1,t=2,p=1$",
        "$scrypt$ln=16,r=8,p=1$",
    ] {
        check(&format!("{start}{rest}"), Verdict::Unusable);
    }
    for text in [
        "",
        "$",
        "password",
        "$2b$12$abcdefghijklmnopqrstuu",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
        "\0",
    ] {
        check(text, Verdict::Unusable);
    }
}

#[tokio::test]
async fn a_hash_larger_than_the_machine_is_unusable_there() {
    let small = Hasher::new(Cost::default(), Capacity::new(160 * 1024 * 1024, 1)).unwrap();
    let stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let verdict = small.verify(&password("password"), Some(&Phc::from(stored.to_owned()))).await;
    assert_eq!(verdict, Ok(Verdict::Unusable));
}

#[tokio::test]
async fn without_a_hash_the_same_work_says_wrong() {
    assert_eq!(hasher().verify(&password("password"), None).await, Ok(Verdict::Wrong));
}

#[tokio::test]
async fn a_higher_cost_makes_older_hashes_outdated() {
    let older = hasher().hash(&password("difference engine")).await.unwrap();
    let newer = Hasher::new(Cost::new(20_480, 2).unwrap(), machine()).unwrap();
    let verdict = newer.verify(&password("difference engine"), Some(&older)).await;
    assert_eq!(verdict, Ok(Verdict::Right { outdated: true }));
    let again = newer.hash(&password("difference engine")).await.unwrap();
    let verdict = newer.verify(&password("difference engine"), Some(&again)).await;
    assert_eq!(verdict, Ok(Verdict::Right { outdated: false }));
}

#[tokio::test]
async fn the_surplus_is_turned_away_and_the_rest_verifies() {
    let hasher = Hasher::with_wait(Cost::default(), Capacity::new(0, 1), Duration::from_millis(1)).unwrap();
    let (one, other) = (password("one of many"), password("another of many"));
    let (first, second) = tokio::join!(hasher.hash(&one), hasher.hash(&other));
    assert!(first.is_ok());
    assert_eq!(second, Err(HashError::Overloaded));
    assert!(hasher.hash(&other).await.is_ok());
}

#[tokio::test]
async fn a_caller_that_goes_away_frees_its_place_only_when_its_hash_is_done() {
    let hasher = Hasher::with_wait(Cost::default(), Capacity::new(0, 1), Duration::from_millis(1)).unwrap();
    let password = password("one of many");
    {
        let mut abandoned = std::pin::pin!(hasher.hash(&password));
        // Polled once, it holds the only permit and its thread runs.
        assert!(futures_poll(abandoned.as_mut()).await.is_pending());
    }
    assert_eq!(hasher.hash(&password).await, Err(HashError::Overloaded));
}

async fn futures_poll<F: Future>(mut future: std::pin::Pin<&mut F>) -> std::task::Poll<F::Output> {
    std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context))).await
}

#[test]
fn hashes_are_not_shown() {
    assert_eq!(format!("{:?}", Phc::from("$argon2id$secret".to_owned())), "Phc");
    assert!(!format!("{:?}", hasher()).contains("$argon2id"));
}
