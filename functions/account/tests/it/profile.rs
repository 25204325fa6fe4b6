//! Who the caller is, and who may ask.

use crate::suite::{Suite, check, request};
use http::Method;
use serde_json::json;
use testkit::{ask, get};

/// Every route that wants a token, as method and path.
const ROUTES: [(Method, &str); 5] = [
    (Method::GET, "/v1/account"),
    (Method::DELETE, "/v1/account"),
    (Method::GET, "/v1/account/sessions"),
    (Method::DELETE, "/v1/account/sessions/019ab3c4-52e6-7c1d-9f43-7a1c5b8e2d10"),
    (Method::GET, "/v1/account/export"),
];

#[tokio::test]
async fn a_person_is_told_who_they_are() {
    let (suite, ada) = Suite::with_ada().await;
    suite.owner.run("update users set created_at = '2026-11-25T08:00:00+02:00'", &[]).await;
    let reply = suite.ask(Method::GET, "/v1/account", &ada).await;
    check(&reply, (200, ""));
    let expected = json!({
        "id": ada.id.to_string(), "email": "Ada@example.com", "email_verified": true,
        "created_at": "2026-11-25T06:00:00Z",
    });
    assert_eq!(reply.json(), expected);
    suite.owner.run("update users set verified_at = null", &[]).await;
    assert_eq!(suite.ask(Method::GET, "/v1/account", &ada).await.json()["email_verified"], json!(false));
}

#[tokio::test]
async fn nobody_is_told_anything_without_a_token() {
    let (suite, _) = Suite::with_ada().await;
    for (method, path) in ROUTES {
        let body =
            (method == Method::DELETE && path == "/v1/account").then(|| json!({ "current_password": "x" }));
        let reply = ask(&suite.function, request(method, path, None, body.as_ref())).await;
        check(&reply, (401, "missing-token"));
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
    let mut forged = get("/v1/account");
    forged.headers_mut().insert("authorization", "Bearer a.b.c".parse().unwrap());
    check(&ask(&suite.function, forged).await, (401, "invalid-token"));
}

#[tokio::test]
async fn an_access_ends_with_its_session_and_its_account() {
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
        for (method, path) in ROUTES {
            let body = (method == Method::DELETE && path == "/v1/account")
                .then(|| json!({ "current_password": crate::suite::PASSWORD }));
            let reply = ask(&suite.function, request(method, path, Some(&ada), body.as_ref())).await;
            check(&reply, (401, "session-revoked"));
        }
        assert_eq!(suite.owner.accounts().await, before, "{over}");
    }
}

#[tokio::test]
async fn an_access_lasts_until_the_last_moment_of_its_session() {
    for nearly in [
        "update sessions set idle_expires_at = now() + interval '1 minute'",
        "update sessions set absolute_expires_at = now() + interval '1 minute'",
    ] {
        let (suite, ada) = Suite::with_ada().await;
        suite.owner.run(nearly, &[]).await;
        check(&suite.ask(Method::GET, "/v1/account", &ada).await, (200, ""));
    }
}

#[tokio::test]
async fn another_methods_are_named() {
    let (suite, ada) = Suite::with_ada().await;
    let reply = suite.ask(Method::PUT, "/v1/account", &ada).await;
    check(&reply, (405, "method-not-allowed"));
    assert!(reply.header("allow").contains("GET") && reply.header("allow").contains("DELETE"));
}
