//! How often one client and one account may try.

use crate::suite::{ADA, NEW, PASSWORD, Suite, UNKNOWN, change, check, request};
use serde_json::json;
use testkit::ask;

const WAIT: (u16, &str) = (429, "too-many-requests");

#[tokio::test]
async fn ten_wrong_passwords_make_the_account_wait_and_a_reset_is_the_way_out() {
    let (suite, ada) = Suite::with_ada().await;
    for _ in 0..10 {
        check(&suite.change(&ada, "not the engine", NEW).await, (403, "reauthentication-failed"));
    }
    let reply = suite.change(&ada, "not the engine", NEW).await;
    check(&reply, WAIT);
    let wait: u32 = reply.header("retry-after").parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    check(&suite.change(&ada, PASSWORD, NEW).await, WAIT);
    assert_eq!(suite.owner.attempts(ADA).await, 10);
    assert_eq!(suite.owner.value::<i32>("select failures from credentials").await, 10);
    assert!(suite.owner.is_password(PASSWORD).await);
    // Neither is the way by mail locked, nor does the wait outlive it.
    check(&suite.reset(&suite.mailed(ADA).await, NEW).await, (204, ""));
    assert_eq!(suite.owner.attempts(ADA).await, 0);
    let ada = ada.in_another_session(&suite.owner).await;
    check(&suite.change(&ada, NEW, PASSWORD).await, (200, ""));
}

#[tokio::test]
async fn the_right_password_after_the_wait_ends_the_run() {
    let (suite, ada) = Suite::with_ada().await;
    for _ in 0..10 {
        check(&suite.change(&ada, "not the engine", NEW).await, (403, "reauthentication-failed"));
    }
    suite.owner.let_pass("20 seconds").await;
    check(&suite.change(&ada, PASSWORD, NEW).await, WAIT);
    suite.owner.let_pass("10 seconds").await;
    check(&suite.change(&ada, PASSWORD, NEW).await, (200, ""));
    assert_eq!(suite.owner.attempts(ADA).await, 0);
    assert_eq!(suite.owner.value::<i32>("select failures from credentials").await, 0);
}

#[tokio::test]
async fn the_hundredth_failure_in_a_row_switches_the_password_off() {
    let (suite, ada) = Suite::with_ada().await;
    suite.owner.run("update credentials set failures = 98", &[]).await;
    for off in [0, 1] {
        check(&suite.change(&ada, "not the engine", NEW).await, (403, "reauthentication-failed"));
        assert_eq!(suite.owner.count("credentials where disabled_at is not null").await, off);
        assert_eq!(suite.owner.count("auth_events where name = 'authn_login_lock'").await, off);
    }
    check(&suite.reset(&suite.mailed(ADA).await, NEW).await, (204, ""));
    assert_eq!(suite.owner.count("credentials where disabled_at is null and failures = 0").await, 1);
}

#[tokio::test]
async fn a_client_is_limited_on_each_route_by_itself() {
    let suite = Suite::new(&[("THROTTLE_IP_CREDENTIALS", "2/3600")]).await;
    let ada = suite.owner.person_with_password(ADA).await;
    for expected in [(202, ""), (202, ""), WAIT] {
        check(&suite.forgot("other@example.com").await, expected);
    }
    for expected in [(400, "invalid-or-expired-token"), (400, "invalid-or-expired-token"), WAIT] {
        check(&suite.reset(UNKNOWN, NEW).await, expected);
    }
    for expected in [(403, "reauthentication-failed"), (403, "reauthentication-failed"), WAIT] {
        check(&suite.change(&ada, "not the engine", NEW).await, expected);
    }
    assert_eq!(suite.owner.attempts(ADA).await, 2, "an account is not charged for its client");
    let mut elsewhere = change(&ada, PASSWORD, NEW);
    elsewhere.headers_mut().insert("x-forwarded-for", "203.0.113.2".parse().unwrap());
    check(&ask(&suite.function, elsewhere).await, (200, ""));
    suite.owner.let_pass("1 hour").await;
    check(&suite.forgot("other@example.com").await, (202, ""));
}

#[tokio::test]
async fn without_proxies_the_forwarded_header_changes_nothing() {
    let suite = Suite::new(&[("TRUSTED_PROXY_HOPS", "0"), ("THROTTLE_IP_CREDENTIALS", "2/3600")]).await;
    for (host, expected) in [(1, (202, "")), (2, (202, "")), (3, WAIT)] {
        let mut request = request("forgot", &json!({ "email": ADA }));
        request.headers_mut().insert("x-forwarded-for", format!("203.0.113.{host}").parse().unwrap());
        check(&ask(&suite.function, request).await, expected);
    }
}
