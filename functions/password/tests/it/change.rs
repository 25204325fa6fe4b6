//! A new password by the current one.

use crate::suite::{ADA, NEW, PASSWORD, Suite, change, check, check_fields, hasher, request};
use http::HeaderValue;
use serde_json::json;
use streamly::accounts::policy::Password;
use testkit::{Person, Reply, alerts_of, ask, bearer};

const FAILED: (u16, &str) = (403, "reauthentication-failed");

#[tokio::test]
async fn the_right_password_sets_a_new_one_and_begins_the_only_session() {
    let (suite, ada) = Suite::with_ada().await;
    let other = suite.owner.person_with_password("other@example.com").await;
    ada.in_another_session(&suite.owner).await;
    check(&suite.forgot(ADA).await, (202, ""));
    let verify = "
        insert into one_time_tokens (hash, user_id, purpose, email, expires_at)
        values ('v', $1, 'verify', 'ada@example.com', now() + interval '1 hour')";
    suite.owner.run(verify, &[&ada.id.uuid()]).await;
    suite.owner.run("update credentials set failures = 3 where user_id = $1", &[&ada.id.uuid()]).await;

    let reply = suite.change(&ada, PASSWORD, NEW).await;
    check(&reply, (200, ""));
    let tokens = reply.json();
    let members: Vec<&String> = tokens.as_object().unwrap().keys().collect();
    let expected =
        ["access_token", "expires_in", "refresh_expires_in", "refresh_token", "session_id", "token_type"];
    assert_eq!(members, expected);
    assert_eq!((&tokens["expires_in"], &tokens["refresh_expires_in"]), (&json!(900), &json!(2_592_000)));
    let session = tokens["session_id"].as_str().unwrap();

    let of_ada = |what: &str| format!("{what} and user_id = '{}'", ada.id);
    assert_eq!(suite.owner.count(&of_ada("sessions where revoke_reason = 'password-changed'")).await, 2);
    let live = of_ada("select id::text from sessions where revoked_at is null");
    assert_eq!(suite.owner.value::<String>(&live).await, session);
    assert_eq!(suite.owner.count(&of_ada("credentials where failures = 0")).await, 1);
    // A link that would undo it is void; one that proves the address is not.
    assert_eq!(suite.owner.count(&of_ada("one_time_tokens where purpose = 'reset'")).await, 0);
    assert_eq!(suite.owner.count(&of_ada("one_time_tokens where purpose = 'verify'")).await, 1);
    assert_eq!(suite.owner.count(&of_ada("auth_events where name = 'authn_password_change'")).await, 1);
    let told = "mail_outbox where template = 'password-changed' and recipient = 'ada@example.com'";
    assert_eq!(suite.owner.count(told).await, 1);
    let others = format!("sessions where revoked_at is null and user_id = '{}'", other.id);
    assert_eq!(suite.owner.count(&others).await, 1);
    suite.owner.run("delete from users where id = $1", &[&other.id.uuid()]).await;
    assert!(suite.owner.is_password(NEW).await);

    // The former session is over at once; the new one may go on.
    check(&suite.change(&ada, NEW, PASSWORD).await, (401, "session-revoked"));
    let renewed = Person { session: session.parse().unwrap(), ..ada };
    check(&suite.change(&renewed, NEW, PASSWORD).await, (200, ""));
}

#[tokio::test]
async fn the_access_token_of_the_reply_is_the_new_sessions() {
    let (suite, ada) = Suite::with_ada().await;
    suite.owner.run("update users set scope = 'user admin'", &[]).await;
    let tokens = suite.change(&ada, PASSWORD, NEW).await.json();
    let mut again = change(&ada, NEW, PASSWORD);
    let header = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    again.headers_mut().insert("authorization", HeaderValue::from_str(&header).unwrap());
    check(&ask(&suite.function, again).await, (200, ""));
}

#[tokio::test]
async fn a_wrong_password_changes_nothing_and_is_counted_and_told_of() {
    let (suite, ada) = Suite::with_ada().await;
    check(&suite.change(&ada, "not the engine", NEW).await, FAILED);
    assert!(suite.owner.is_password(PASSWORD).await);
    assert_eq!(suite.owner.attempts(ADA).await, 1);
    assert_eq!(suite.owner.value::<i32>("select failures from credentials").await, 1);
    let told = format!("auth_events where name = 'authn_login_fail' and user_id = '{}'", ada.id);
    assert_eq!(suite.owner.count(&told).await, 1);
    assert_eq!(suite.owner.count("sessions where revoked_at is null").await, 1);
    assert_eq!(suite.owner.count("mail_outbox").await, 0);
    check(&suite.change(&ada, PASSWORD, NEW).await, (200, ""));
    assert_eq!(suite.owner.attempts(ADA).await, 0);
}

#[tokio::test]
async fn the_same_password_is_no_new_one_and_the_attempt_does_not_count() {
    let (suite, ada) = Suite::with_ada().await;
    let before = suite.owner.accounts().await;
    let reply = suite.change(&ada, PASSWORD, PASSWORD).await;
    check_fields(&reply, "weak-password", &[["#/new_password", "unchanged"]]);
    assert_eq!(suite.owner.accounts().await, before);
    assert_eq!(suite.owner.attempts(ADA).await, 0);
    // Whoever does not know it does not learn it so.
    check(&suite.change(&ada, NEW, NEW).await, FAILED);
}

#[tokio::test]
async fn what_must_not_be_set_is_refused_and_no_attempt_is_counted() {
    let (suite, ada) = Suite::with_ada().await;
    let before = suite.owner.accounts().await;
    for (new, code) in [
        ("", "too-short"),
        ("wx7-wx7", "too-short"),
        ("password1", "too-common"),
        ("streamlystreamly", "contains-context"),
        (ADA, "contains-context"),
    ] {
        let reply = suite.change(&ada, "not the engine", new).await;
        check_fields(&reply, "weak-password", &[["#/new_password", code]]);
    }
    let long = "a".repeat(257);
    let (current_empty, current_long) =
        (["#/current_password", "too-short"], ["#/current_password", "too-long"]);
    let new_long = ["#/new_password", "too-long"];
    for (current, new, expected) in [
        ("", NEW, &[current_empty][..]),
        (&*long, NEW, &[current_long]),
        (PASSWORD, &*long, &[new_long]),
        ("", &*long, &[current_empty, new_long]),
    ] {
        check_fields(&suite.change(&ada, current, new).await, "validation-error", expected);
    }
    assert_eq!(suite.owner.accounts().await, before);
    assert_eq!(suite.owner.attempts(ADA).await, 0);
}

#[tokio::test]
async fn an_account_or_a_session_that_is_over_changes_nothing() {
    for over in [
        "update sessions set revoked_at = now()",
        "update sessions set idle_expires_at = now()",
        "update sessions set absolute_expires_at = now()",
        "update users set disabled_at = now()",
        "update users set deleted_at = now()",
        "delete from sessions",
    ] {
        let (suite, ada) = Suite::with_ada().await;
        suite.owner.run(over, &[]).await;
        let before = suite.owner.accounts().await;
        check(&suite.change(&ada, PASSWORD, NEW).await, (401, "session-revoked"));
        assert_eq!(suite.owner.accounts().await, before, "{over}");
        assert_eq!(suite.owner.attempts(ADA).await, 0, "{over}");
    }
}

#[tokio::test]
async fn who_calls_is_said_by_the_token_alone() {
    let (suite, ada) = Suite::with_ada().await;
    let other = suite.owner.person_with_password("other@example.com").await;
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    let with = |header: Option<&str>| {
        let mut request = request("change", &body);
        if let Some(header) = header {
            request.headers_mut().insert("authorization", HeaderValue::from_str(header).unwrap());
        }
        request
    };
    for header in [None, Some("Basic dTpw"), Some("Bearer")] {
        let missing = ask(&suite.function, with(header)).await;
        check(&missing, (401, "missing-token"));
        assert_eq!(missing.header("www-authenticate"), "Bearer");
    }
    let invalid = ask(&suite.function, with(Some("Bearer nonsense"))).await;
    check(&invalid, (401, "invalid-token"));
    assert_eq!(invalid.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    let mixed = Person { session: other.session, ..ada.clone() };
    check(&ask(&suite.function, with(Some(&bearer(&mixed)))).await, (401, "session-revoked"));
    let named = json!({ "current_password": PASSWORD, "new_password": NEW, "user_id": other.id });
    let mut request = request("change", &named);
    request.headers_mut().insert("authorization", HeaderValue::from_str(&bearer(&ada)).unwrap());
    check(&ask(&suite.function, request).await, (422, "validation-error"));
    assert_eq!(suite.owner.count("auth_events").await, 0);
}

#[tokio::test]
async fn a_password_that_was_switched_off_proves_nothing() {
    let (suite, ada) = Suite::with_ada().await;
    suite.owner.run("update credentials set disabled_at = now(), failures = 100", &[]).await;
    check(&suite.change(&ada, PASSWORD, NEW).await, FAILED);
    suite
        .owner
        .run("update credentials set disabled_at = null, phc = '$2b$12$abcdefghijklmnopqrstuu'", &[])
        .await;
    check(&suite.change(&ada, PASSWORD, NEW).await, FAILED);
    assert_eq!(suite.owner.count("auth_events where name = 'hash_unusable'").await, 1);
    suite.owner.run("delete from credentials", &[]).await;
    check(&suite.change(&ada, PASSWORD, NEW).await, FAILED);
    assert_eq!(suite.owner.count("credentials").await, 0);
}

/// Whoever reads the program's lines is told which account: the test above once more, as a program whose output is read.
#[test]
fn an_unusable_hash_is_a_line_for_an_operator() {
    let lines = alerts_of("change::a_password_that_was_switched_off_proves_nothing", "unusable-hash");
    assert_eq!(lines.len(), 1, "{lines:?}");
    for line in lines {
        assert_eq!(line["severity"], "ERROR");
        let id = line["user.id"].as_str().expect("the line names the account");
        assert_eq!(line["message"], format!("the stored hash of user {id} cannot be used"));
        assert!(!line.to_string().contains('@') && !line.to_string().contains('$'), "{line}");
    }
}

/// Asks for a change, and puts another hash in place between its verification and its effect.
async fn change_behind(suite: &Suite, ada: &Person, replacement: &str) -> Reply {
    let hash = hasher().hash(&Password::new(replacement).unwrap()).await.unwrap();
    let rival = suite.database.owner().await;
    rival.batch_execute("begin").await.unwrap();
    rival.execute("update credentials set phc = $1", &[&hash.expose()]).await.unwrap();
    suite.database.behind(&rival, ask(&suite.function, change(ada, PASSWORD, NEW))).await
}

#[tokio::test]
async fn a_rehash_of_the_same_password_meanwhile_fails_nobody() {
    let (suite, ada) = Suite::with_ada().await;
    check(&change_behind(&suite, &ada, PASSWORD).await, (200, ""));
    assert!(suite.owner.is_password(NEW).await);
    assert_eq!(suite.owner.attempts(ADA).await, 0);
}

#[tokio::test]
async fn another_password_set_meanwhile_wins() {
    let (suite, ada) = Suite::with_ada().await;
    check(&change_behind(&suite, &ada, "the rivals engine").await, FAILED);
    assert!(suite.owner.is_password("the rivals engine").await);
    assert_eq!(suite.owner.attempts(ADA).await, 1);
    assert_eq!(suite.owner.count("sessions where revoked_at is null").await, 1);
    assert_eq!(suite.owner.count("mail_outbox").await, 0);
}

#[tokio::test]
async fn an_account_deleted_meanwhile_gets_no_session() {
    let (suite, ada) = Suite::with_ada().await;
    let rival = suite.database.owner().await;
    rival
        .batch_execute("begin; update credentials set failures = 0; update users set deleted_at = now()")
        .await
        .unwrap();
    check(
        &suite.database.behind(&rival, ask(&suite.function, change(&ada, PASSWORD, NEW))).await,
        (401, "session-revoked"),
    );
    assert!(suite.owner.is_password(PASSWORD).await);
    assert_eq!(suite.owner.count("sessions").await, 1);
    assert_eq!(suite.owner.count("auth_events").await, 0);
}
