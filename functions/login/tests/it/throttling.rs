//! How often one account and one client may try.

use crate::suite::{ADA, PASSWORD, Suite, check};
use testkit::{Reply, ask};

/// The seconds of `Retry-After`.
fn wait(reply: &Reply) -> u32 {
    reply.header("retry-after").parse().unwrap()
}

#[tokio::test]
async fn after_ten_failures_from_anywhere_an_account_waits() {
    let suite = Suite::new(&[]).await;
    suite.owner.user_with_password(ADA).await;
    for host in 1..=10 {
        let reply = suite.log_in_from(&format!("203.0.113.{host}"), ADA, "analytical engine").await;
        check(&reply, (401, "invalid-credentials"));
    }
    let reply = suite.log_in_from("203.0.113.11", ADA, "analytical engine").await;
    check(&reply, (429, "too-many-requests"));
    assert!((1..=30).contains(&wait(&reply)), "{}", wait(&reply));
    check(&suite.log_in_from("203.0.113.12", ADA, PASSWORD).await, (429, "too-many-requests"));
    assert_eq!(suite.owner.attempts(ADA).await, 10);
    assert_eq!(suite.owner.value::<i32>("select failures from credentials").await, 10);
    check(&suite.log_in("other@example.com", PASSWORD).await, (401, "invalid-credentials"));

    suite.let_the_wait_pass(ADA).await;
    check(&suite.log_in(ADA, PASSWORD).await, (200, ""));
    assert_eq!(suite.owner.attempts(ADA).await, 0);
    assert_eq!(suite.owner.value::<i32>("select failures from credentials").await, 0);
}

#[tokio::test]
async fn an_unknown_address_waits_alike() {
    let suite = Suite::new(&[]).await;
    for _ in 0..10 {
        check(&suite.log_in(ADA, PASSWORD).await, (401, "invalid-credentials"));
    }
    check(&suite.log_in(ADA, PASSWORD).await, (429, "too-many-requests"));
}

#[tokio::test]
async fn each_wait_is_twice_the_one_before_up_to_an_hour() {
    let suite = Suite::new(&[]).await;
    suite.owner.user_with_password(ADA).await;
    check(&suite.log_in(ADA, "analytical engine").await, (401, "invalid-credentials"));
    for (attempt, seconds) in [(9, None), (10, Some(30)), (11, Some(60)), (12, Some(120)), (16, Some(1_920))]
        .into_iter()
        .chain([(17, Some(3_600)), (18, Some(3_600)), (2_000_000_000, Some(3_600))])
    {
        suite.set_run(ADA, &format!("count = {attempt} - 1, until = null")).await;
        check(&suite.log_in(ADA, "analytical engine").await, (401, "invalid-credentials"));
        let reply = suite.log_in(ADA, "analytical engine").await;
        let Some(seconds) = seconds else {
            check(&reply, (401, "invalid-credentials"));
            continue;
        };
        check(&reply, (429, "too-many-requests"));
        assert!((seconds - 20..=seconds).contains(&wait(&reply)), "{attempt}: {}", wait(&reply));
    }
}

#[tokio::test]
async fn a_run_ends_15_minutes_after_its_last_attempt_and_wait() {
    let suite = Suite::new(&[]).await;
    suite.owner.user_with_password(ADA).await;
    check(&suite.log_in(ADA, "analytical engine").await, (401, "invalid-credentials"));
    for (ago, until, attempts) in [
        ("14 minutes", "null", 7),
        ("16 minutes", "null", 1),
        ("60 minutes", "now() - interval '14 minutes'", 7),
        ("60 minutes", "now() - interval '16 minutes'", 1),
    ] {
        let run = format!("count = 6, touched_at = now() - interval '{ago}', until = {until}");
        suite.set_run(ADA, &run).await;
        check(&suite.log_in(ADA, "analytical engine").await, (401, "invalid-credentials"));
        assert_eq!(suite.owner.attempts(ADA).await, attempts, "{ago} {until}");
    }
}

#[tokio::test]
async fn the_hundredth_failure_in_a_row_switches_the_password_off() {
    let suite = Suite::new(&[]).await;
    suite.owner.user_with_password(ADA).await;
    suite.owner.run("update credentials set failures = 98", &[]).await;
    check(&suite.log_in(ADA, "analytical engine").await, (401, "invalid-credentials"));
    assert_eq!(suite.owner.count("credentials where disabled_at is not null").await, 0);
    check(&suite.log_in(ADA, "analytical engine").await, (401, "invalid-credentials"));
    assert_eq!(suite.owner.count("credentials where disabled_at is not null").await, 1);
    assert_eq!(suite.owner.count("auth_events where name = 'authn_login_lock'").await, 1);
    check(&suite.log_in(ADA, PASSWORD).await, (401, "invalid-credentials"));
    assert_eq!(suite.owner.count("auth_events where name = 'authn_login_lock'").await, 1);
}

#[tokio::test]
async fn one_client_is_limited_over_all_accounts() {
    let suite = Suite::new(&[("THROTTLE_IP_CREDENTIALS", "100/3601, 3/3600")]).await;
    for (address, status) in [
        ("203.0.113.1", 401),
        ("203.0.113.1", 401),
        ("::ffff:203.0.113.1", 401),
        ("203.0.113.1", 429),
        ("203.0.113.2", 401),
        ("2001:db8:1:2::1", 401),
        ("2001:db8:1:2::2", 401),
        ("2001:db8:1:2:ffff::", 401),
        ("2001:db8:1:2:3:4:5:6", 429),
        ("2001:db8:1:3::1", 401),
        ("unreadable", 401),
        ("also unreadable", 401),
        ("", 401),
        ("unreadable once more", 429),
    ] {
        let email = format!("{}@example.com", streamly::ids::UserId::new());
        let reply = suite.log_in_from(address, &email, PASSWORD).await;
        assert_eq!(reply.status.as_u16(), status, "{address}");
        if status == 429 {
            check(&reply, (429, "too-many-requests"));
            assert!(wait(&reply) > 3_000);
            assert_eq!(suite.owner.attempts(&email).await, 0, "an account is not charged for its client");
        }
    }
}

#[tokio::test]
async fn a_window_ends() {
    let suite = Suite::new(&[("THROTTLE_IP_CREDENTIALS", "1/3600")]).await;
    check(&suite.log_in(ADA, PASSWORD).await, (401, "invalid-credentials"));
    check(&suite.log_in(ADA, PASSWORD).await, (429, "too-many-requests"));
    suite.owner.run("update auth_throttle set until = now() where until is not null", &[]).await;
    check(&suite.log_in(ADA, PASSWORD).await, (401, "invalid-credentials"));
    check(&suite.log_in(ADA, PASSWORD).await, (429, "too-many-requests"));
}

#[tokio::test]
async fn without_proxies_the_forwarded_header_changes_nothing() {
    let suite = Suite::new(&[("TRUSTED_PROXY_HOPS", "0"), ("THROTTLE_IP_CREDENTIALS", "3/3600")]).await;
    for host in 1..=3 {
        let reply = suite.log_in_from(&format!("203.0.113.{host}"), ADA, PASSWORD).await;
        check(&reply, (401, "invalid-credentials"));
    }
    check(&suite.log_in_from("203.0.113.4", ADA, PASSWORD).await, (429, "too-many-requests"));
}

#[tokio::test]
async fn what_a_client_prepends_to_the_forwarded_header_changes_nothing() {
    let suite = Suite::new(&[("THROTTLE_IP_CREDENTIALS", "3/3600")]).await;
    for host in 1..=4 {
        let mut request = crate::suite::from("198.51.100.1", ADA, PASSWORD);
        let forged = format!("10.0.0.{host}, 203.0.113.9");
        request.headers_mut().insert("x-forwarded-for", forged.parse().unwrap());
        let expected = if host < 4 { (401, "invalid-credentials") } else { (429, "too-many-requests") };
        check(&ask(&suite.function, request).await, expected);
    }
}
