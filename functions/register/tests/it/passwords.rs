//! Which passwords an account may have.

use crate::suite::{ADA, PASSWORD, Suite, check, check_fields};

#[tokio::test]
async fn length_is_counted_in_code_points() {
    let suite = Suite::new(&[]).await;
    let long = |length: usize| "wx7-".repeat(65)[..length].to_owned();
    let emoji: String = ('\u{1f400}'..'\u{1f40f}').collect();
    assert_eq!((emoji.chars().count(), emoji.len()), (15, 60));
    for (number, good) in [long(8), long(256), emoji].iter().enumerate() {
        check(&suite.register(&format!("ada{number}@example.com"), good).await, (201, ""));
    }
    check_fields(&suite.register(ADA, &long(7)).await, "weak-password", &[["#/password", "too-short"]]);
    check_fields(&suite.register(ADA, "").await, "weak-password", &[["#/password", "too-short"]]);
    check_fields(&suite.register(ADA, &long(257)).await, "validation-error", &[["#/password", "too-long"]]);
    assert_eq!(suite.owner.count("users").await, 3);
}

#[tokio::test]
async fn a_deployment_may_ask_for_longer_ones() {
    let suite = Suite::new(&[("PASSWORD_MIN_LENGTH", "15")]).await;
    let reply = suite.register(ADA, "difference eng").await;
    check_fields(&reply, "weak-password", &[["#/password", "too-short"]]);
    assert!(reply.text().contains("15 characters"), "{}", reply.text());
    check(&suite.register(ADA, "difference engi").await, (201, ""));
}

#[tokio::test]
async fn what_everybody_tries_first_is_refused() {
    let suite = Suite::new(&[]).await;
    for (password, code) in [
        ("password1", "too-common"),
        ("QWERTYUIOP", "too-common"),
        ("               ", "too-common"),
        ("streamlystreamly", "contains-context"),
        ("Ada@Example.com", "contains-context"),
        ("example2026", "contains-context"),
    ] {
        check_fields(&suite.register(ADA, password).await, "weak-password", &[["#/password", code]]);
    }
    assert_eq!(suite.written().await, [0; 5]);
}

#[tokio::test]
async fn every_character_counts_and_none_is_special() {
    let suite = Suite::new(&[]).await;
    for (number, password) in
        ["' OR 1=1--", "\"quoted\" twice", "  outer spaces  ", "nul\0and\u{1b}escape"].into_iter().enumerate()
    {
        check(&suite.register(&format!("ada{number}@example.com"), password).await, (201, ""));
    }
    suite.owner.run("delete from credentials where user_id <> (select id from users where email = 'ada2@example.com')", &[]).await;
    assert!(suite.owner.is_password("  outer spaces  ").await);
    assert!(!suite.owner.is_password("outer spaces").await);
}

#[tokio::test]
async fn every_fault_is_named_at_once() {
    let suite = Suite::new(&[]).await;
    let reply = suite.register("ada", &"a".repeat(257)).await;
    check_fields(&reply, "validation-error", &[["#/email", "invalid"], ["#/password", "too-long"]]);
    check_fields(&suite.register("ada", "short").await, "validation-error", &[["#/email", "invalid"]]);
    check(&suite.register(ADA, PASSWORD).await, (201, ""));
}
