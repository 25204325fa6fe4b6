//! Where a person is logged in, and the end of that.

use crate::suite::{Suite, check};
use http::Method;
use serde_json::{Value, json};
use streamly::ids::SessionId;
use testkit::Person;

async fn listed(suite: &Suite, person: &Person) -> Vec<Value> {
    let reply = suite.ask(Method::GET, "/v1/account/sessions", person).await;
    check(&reply, (200, ""));
    reply.json()["sessions"].as_array().unwrap().clone()
}

async fn end(suite: &Suite, person: &Person, id: &str, expected: (u16, &str)) {
    let reply = suite.ask(Method::DELETE, &format!("/v1/account/sessions/{id}"), person).await;
    check(&reply, expected);
}

#[tokio::test]
async fn live_sessions_are_listed_the_latest_use_first() {
    let (suite, ada) = Suite::with_ada().await;
    let television = ada.in_another_session(&suite.owner).await;
    let telephone = ada.in_another_session(&suite.owner).await;
    suite.owner.person_with_password("other@example.com").await;
    let describe = "
        update sessions
           set created_at = '2026-11-24T00:00:00Z', last_used_at = '2026-11-25T00:00:00Z', ip_prefix = '203.0.113.0/24',
               user_agent = 'television/1'
         where id = $1";
    suite.owner.run(describe, &[&television.session.uuid()]).await;
    suite
        .owner
        .run("update sessions set revoked_at = now() where id = $1", &[&telephone.session.uuid()])
        .await;
    let sessions = listed(&suite, &ada).await;
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["id"], json!(ada.session.to_string()));
    assert_eq!(sessions[0]["current"], json!(true));
    let expected = json!({
        "id": television.session.to_string(), "created_at": "2026-11-24T00:00:00Z",
        "last_used_at": "2026-11-25T00:00:00Z", "ip_prefix": "203.0.113.0/24", "user_agent": "television/1",
        "current": false,
    });
    assert_eq!(sessions[1], expected);
}

#[tokio::test]
async fn a_session_that_is_ended_is_over_at_once_and_told_of() {
    let (suite, ada) = Suite::with_ada().await;
    let television = ada.in_another_session(&suite.owner).await;
    end(&suite, &ada, &television.session.to_string(), (204, "")).await;
    assert_eq!(listed(&suite, &ada).await.len(), 1);
    check(&suite.ask(Method::GET, "/v1/account", &television).await, (401, "session-revoked"));
    let told = format!(
        "auth_events where name = 'authn_token_revoked' and user_id = '{}' and session_id = '{}'
           and ip_prefix = '203.0.113.0/24' and request_id is not null",
        ada.id, television.session
    );
    assert_eq!(suite.owner.count(&told).await, 1);
    // Once more changes and tells nothing.
    end(&suite, &ada, &television.session.to_string(), (204, "")).await;
    assert_eq!(suite.owner.count("auth_events").await, 1);
}

#[tokio::test]
async fn a_person_may_end_the_session_that_they_ask_from() {
    let (suite, ada) = Suite::with_ada().await;
    end(&suite, &ada, &ada.session.to_string(), (204, "")).await;
    end(&suite, &ada, &ada.session.to_string(), (401, "session-revoked")).await;
}

#[tokio::test]
async fn another_persons_session_is_as_if_there_were_none() {
    let (suite, ada) = Suite::with_ada().await;
    let other = suite.owner.person_with_password("other@example.com").await;
    let before = suite.owner.accounts().await;
    end(&suite, &ada, &other.session.to_string(), (404, "not-found")).await;
    end(&suite, &ada, &SessionId::new().to_string(), (404, "not-found")).await;
    for id in ["1", "null", "00000000-0000-0000-0000-00000000000g", "%00", "..%2F..", "%27%20or%201%3D1--"] {
        end(&suite, &ada, id, (404, "not-found")).await;
    }
    assert_eq!(suite.owner.accounts().await, before);
    check(&suite.ask(Method::GET, "/v1/account", &other).await, (200, ""));
}

#[tokio::test]
async fn a_session_that_is_ended_ten_times_at_once_is_told_of_once() {
    let (suite, ada) = Suite::with_ada().await;
    let television = ada.in_another_session(&suite.owner).await;
    let id = television.session.to_string();
    let ends = (0..10).map(|_| end(&suite, &ada, &id, (204, "")));
    futures_util::future::join_all(ends).await;
    assert_eq!(suite.owner.count("auth_events").await, 1);
}
