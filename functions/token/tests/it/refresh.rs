//! What a refresh gives, and which tokens get nothing.

use crate::suite::{Suite, caller, check, text};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::collections::HashSet;
use streamly::accounts::refresh::Named;
use streamly::ids::SessionId;
use testkit::{Person, Reply, bearer};

/// The claims of the access token, unverified.
fn claims(reply: &Reply) -> Value {
    let part = text(reply, "access_token").split('.').nth(1).unwrap().to_owned();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn the_present_token_gets_the_next_ones_of_the_same_session() {
    let suite = Suite::new(&[]).await;
    suite.set("auth_time = now() - interval '3 days', last_used_at = now() - interval '3 days'").await;
    let mut seen = HashSet::new();
    for counter in 0..3 {
        let reply = suite.refresh(counter).await;
        check(&reply, (200, ""));
        let body = reply.json();
        let members: Vec<&String> = body.as_object().unwrap().keys().collect();
        let expected =
            ["access_token", "expires_in", "refresh_expires_in", "refresh_token", "session_id", "token_type"];
        assert_eq!(members, expected);
        assert_eq!((&body["token_type"], &body["expires_in"]), (&"Bearer".into(), &900.into()));
        assert_eq!(body["refresh_expires_in"], 30 * 86_400);
        assert_eq!(body["session_id"], suite.ada.session.to_string());
        let next = Named { session_id: suite.ada.session, counter: counter + 1 };
        assert_eq!(suite.named(&text(&reply, "refresh_token")), next);
        let who = caller(&suite.database, &reply);
        assert_eq!((who.user_id(), who.session_id()), (suite.ada.id, suite.ada.session));
        assert!(seen.insert(claims(&reply)["jti"].to_string()), "every access token has an id of its own");
        // A refresh is no login.
        let age = claims(&reply)["iat"].as_i64().unwrap() - claims(&reply)["auth_time"].as_i64().unwrap();
        assert!((259_199..259_260).contains(&age), "{age}");
        assert_eq!(suite.counter().await, i64::try_from(counter + 1).unwrap());
    }
    assert_eq!(suite.owner.count("sessions where last_used_at > now() - interval '1 minute'").await, 1);
    assert_eq!(suite.owner.count("sessions").await, 1);
    let told = "auth_events where name = 'authn_token_created' and session_id is not null and user_id is not null \
        and ip_prefix = '203.0.113.0/24' and request_id is not null";
    assert_eq!(suite.owner.count(told).await, 3);
}

#[tokio::test]
async fn what_an_operator_granted_or_took_is_in_the_next_token() {
    let suite = Suite::new(&[]).await;
    suite.owner.run("update users set scope = 'user admin'", &[]).await;
    assert!(caller(&suite.database, &suite.refresh(0).await).is_admin());
    suite.owner.run("update users set scope = 'user'", &[]).await;
    let again = suite.refresh(0).await;
    check(&again, (200, ""));
    assert!(!caller(&suite.database, &again).is_admin());
    assert!(!caller(&suite.database, &suite.refresh(1).await).is_admin());
}

/// Asks with the parent of the present token, so long after the rotation.
async fn check_parent(after: &str, expected: (u16, &str)) {
    let suite = Suite::new(&[]).await;
    check(&suite.refresh(0).await, (200, ""));
    suite.set(&format!("rotated_at = now() - interval '{after}'")).await;
    let reply = suite.refresh(0).await;
    check(&reply, expected);
    let is_good = expected.0 == 200;
    if is_good {
        assert_eq!(suite.named(&text(&reply, "refresh_token")).counter, 1);
        let left = reply.json()["refresh_expires_in"].as_i64().unwrap();
        assert!((2_591_940..=2_592_000).contains(&left), "{left}");
        caller(&suite.database, &reply);
    }
    assert_eq!(suite.counter().await, 1, "nothing is written");
    assert_eq!(suite.ended(suite.ada.session).await, if is_good { "" } else { "token-reuse" });
    assert_eq!(suite.events("authn_token_created").await, 1);
    assert_eq!(suite.events("authn_token_reuse").await, i64::from(!is_good));
}

#[tokio::test]
async fn the_parent_gets_the_same_successor_for_30_seconds() {
    check_parent("0 seconds", (200, "")).await;
    check_parent("5 seconds", (200, "")).await;
    // The test has a second for its two requests.
    check_parent("29 seconds", (200, "")).await;
    check_parent("30.001 seconds", (401, "refresh-token-reused")).await;
    check_parent("31 seconds", (401, "refresh-token-reused")).await;
    check_parent("1 day", (401, "refresh-token-reused")).await;
}

#[tokio::test]
async fn at_30_seconds_exactly_the_parent_is_good() {
    // Within one transaction `now()` stands still, so both sides can be met to the microsecond.
    let suite = Suite::new(&[]).await;
    for (after, is_good) in [("30 seconds", true), ("30.000001 seconds", false)] {
        suite.owner.batch_execute("begin").await.unwrap();
        suite.set(&format!("counter = 1, rotated_at = now() - interval '{after}'")).await;
        let standing = streamly::db::sessions::standing(&*suite.owner, suite.ada.session).await;
        suite.owner.batch_execute("rollback").await.unwrap();
        assert_eq!(standing.unwrap().unwrap().is_in_grace, is_good, "{after}");
    }
}

#[tokio::test]
async fn a_token_older_than_the_parent_ends_the_session_at_once() {
    let suite = Suite::new(&[]).await;
    let other = Person::new(&suite.owner).await;
    for counter in 0..2 {
        check(&suite.refresh(counter).await, (200, ""));
    }
    check(&suite.refresh(0).await, (401, "refresh-token-reused"));
    assert_eq!(suite.ended(suite.ada.session).await, "token-reuse");
    assert_eq!(suite.ended(other.session).await, "", "nobody else pays for it");
    let told = "auth_events where name = 'authn_token_reuse' and user_id is not null and session_id is not null \
        and ip_prefix = '203.0.113.0/24'";
    assert_eq!(suite.owner.count(told).await, 1);
    // Whoever has the newest one has nothing any more, and the end is told of once.
    for counter in [2, 1, 0] {
        check(&suite.refresh(counter).await, (401, "invalid-refresh-token"));
    }
    assert_eq!(suite.events("authn_token_reuse").await, 1);
    check(&suite.refresh_text(&suite.token(other.session, 0)).await, (200, ""));
}

#[tokio::test]
async fn the_counter_decides_which_token_is_older_and_no_clock_does() {
    let suite = Suite::new(&[]).await;
    // A rotation that a clock puts into the future, or never.
    for rotated in ["now() + interval '1 day'", "null"] {
        suite.set(&format!("counter = 5, rotated_at = {rotated}, revoked_at = null")).await;
        check(&suite.refresh(3).await, (401, "refresh-token-reused"));
        suite.set("revoked_at = null").await;
        check(&suite.refresh(6).await, (401, "invalid-refresh-token"));
        assert_eq!(suite.ended(suite.ada.session).await, "");
    }
    check(&suite.refresh(4).await, (401, "refresh-token-reused"));
}

#[tokio::test]
async fn a_counter_ahead_is_refused_and_changes_nothing() {
    let suite = Suite::new(&[]).await;
    let last = i64::MAX.cast_unsigned();
    for counter in [1, 2, u64::from(u32::MAX), last, last + 1, u64::MAX] {
        check(&suite.refresh(counter).await, (401, "invalid-refresh-token"));
    }
    assert_eq!((suite.counter().await, suite.owner.count("auth_events").await), (0, 0));
    check(&suite.refresh(0).await, (200, ""));
}

#[tokio::test]
async fn a_session_ends_after_30_days_unused_or_90_in_all() {
    for (ends, expected) in [
        ("idle_expires_at = now() + interval '1 minute'", (200, "")),
        ("idle_expires_at = now()", (401, "session-expired")),
        ("idle_expires_at = now() - interval '1 day'", (401, "session-expired")),
        ("absolute_expires_at = now() + interval '1 minute'", (200, "")),
        ("absolute_expires_at = now()", (401, "session-expired")),
        ("absolute_expires_at = now() - interval '1 day'", (401, "session-expired")),
    ] {
        let suite = Suite::new(&[]).await;
        suite.set(ends).await;
        check(&suite.refresh(0).await, expected);
        let rotations = i64::from(expected.0 == 200);
        assert_eq!(
            (suite.counter().await, suite.owner.count("auth_events").await),
            (rotations, rotations),
            "{ends}"
        );
    }
}

#[tokio::test]
async fn an_expired_session_says_so_whatever_the_counter() {
    let suite = Suite::new(&[]).await;
    suite.set("counter = 5, rotated_at = now(), idle_expires_at = now()").await;
    for counter in [0, 3, 4, 5, 6] {
        check(&suite.refresh(counter).await, (401, "session-expired"));
    }
    assert_eq!(suite.ended(suite.ada.session).await, "");
    suite.set("revoked_at = now()").await;
    check(&suite.refresh(5).await, (401, "invalid-refresh-token"));
}

#[tokio::test]
async fn each_use_moves_the_idle_end_and_never_the_absolute_one() {
    let suite = Suite::new(&[]).await;
    suite.set("idle_expires_at = now() + interval '1 day'").await;
    check(&suite.refresh(0).await, (200, ""));
    let days = "sessions where idle_expires_at > now() + interval '29 days 23 hours' \
        and absolute_expires_at < now() + interval '90 days'";
    assert_eq!(suite.owner.count(days).await, 1);
    suite.set("absolute_expires_at = now() + interval '10 days'").await;
    let reply = suite.refresh(1).await;
    let left = reply.json()["refresh_expires_in"].as_i64().unwrap();
    assert!((863_940..=864_000).contains(&left), "{left}");
    assert_eq!(suite.owner.count("sessions where idle_expires_at = absolute_expires_at").await, 1);
    let again = suite.refresh(1).await.json()["refresh_expires_in"].as_i64().unwrap();
    assert!((863_940..=left).contains(&again), "{again}");
}

#[tokio::test]
async fn after_the_session_or_the_account_is_over_a_token_is_nothing() {
    for over in [
        "update sessions set revoked_at = now(), revoke_reason = 'logout'",
        "update users set disabled_at = now()",
        "update users set deleted_at = now()",
        "delete from sessions",
        "delete from users",
    ] {
        for rotations in 0..=1 {
            let suite = Suite::new(&[]).await;
            for counter in 0..rotations {
                check(&suite.refresh(counter).await, (200, ""));
            }
            suite.owner.run(over, &[]).await;
            // The parent in its grace, the present one and the next.
            for counter in 0..=rotations + 1 {
                check(&suite.refresh(counter).await, (401, "invalid-refresh-token"));
            }
            assert_eq!(suite.events("authn_token_reuse").await, 0, "{over}");
        }
    }
}

#[tokio::test]
async fn an_account_that_is_switched_on_again_goes_on() {
    let suite = Suite::new(&[]).await;
    suite.owner.run("update users set disabled_at = now()", &[]).await;
    check(&suite.refresh(0).await, (401, "invalid-refresh-token"));
    suite.owner.run("update users set disabled_at = null", &[]).await;
    check(&suite.refresh(0).await, (200, ""));
}

#[tokio::test]
async fn what_we_never_signed_is_refused_without_a_query() {
    let suite = Suite::new(&[]).await;
    // Whatever reached the database would be 500 now.
    suite.owner.batch_execute("revoke all on sessions, auth_throttle from streamly_token").await.unwrap();
    let good = suite.token(suite.ada.session, 0);
    let mut bytes = URL_SAFE_NO_PAD.decode(&good[4..]).unwrap();
    bytes[55] ^= 1;
    let flipped = format!("rt1.{}", URL_SAFE_NO_PAD.encode(bytes));
    let access = bearer(&suite.ada);
    for text in [
        "",
        " ",
        "rt1.",
        "null",
        &"a".repeat(10_240),
        &good.replacen("rt1", "rt2", 1),
        &good[..78],
        &format!("{good}="),
        &flipped,
        access.strip_prefix("Bearer ").unwrap(),
        &suite.ada.session.to_string(),
    ] {
        check(&suite.refresh_text(text).await, (401, "invalid-refresh-token"));
        check(&suite.log_out(text, None).await, (204, ""));
    }
    check(&suite.refresh_text(&good).await, (500, "internal-error"));
}

#[tokio::test]
async fn a_token_of_a_session_that_never_was_is_refused() {
    let suite = Suite::new(&[]).await;
    let token = suite.token(SessionId::new(), 0);
    check(&suite.refresh_text(&token).await, (401, "invalid-refresh-token"));
    check(&suite.log_out(&token, Some("all")).await, (204, ""));
    assert_eq!(suite.owner.count("auth_events").await, 0);
}
