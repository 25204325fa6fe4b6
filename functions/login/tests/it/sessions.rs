//! What a login gives, and what it leaves in the database.

use crate::suite::{ADA, PASSWORD, Suite, check, from, hasher};
use serde_json::{Value, json};
use streamly::accounts::client::Client;
use streamly::accounts::hash::Phc;
use streamly::accounts::policy::Password;
use streamly::accounts::refresh::{Named, RefreshKey};
use streamly::accounts::session::{self, Proof};
use streamly::accounts::throttle::Key;
use streamly::accounts::verify::Verifier;
use streamly::clock::Clock;
use streamly::ids::SessionId;
use testkit::{AUDIENCE, ISSUER, ask, get, variables};

#[tokio::test]
async fn a_login_gives_tokens_of_a_new_session() {
    let suite = Suite::new(&[]).await;
    let ada = suite.owner.user_with_password(ADA).await;
    let mut request = from("2001:db8:1:2::7", ADA, PASSWORD);
    request.headers_mut().insert("user-agent", "television/1".parse().unwrap());
    let reply = ask(&suite.function, request).await;
    check(&reply, (200, ""));
    assert_eq!(reply.header("cache-control"), "no-store");
    let body = reply.json();
    let members: Vec<&String> = body.as_object().unwrap().keys().collect();
    let expected =
        ["access_token", "expires_in", "refresh_expires_in", "refresh_token", "session_id", "token_type"];
    assert_eq!(members, expected);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 900);
    assert_eq!(body["refresh_expires_in"], 30 * 86_400);

    let session: SessionId = body["session_id"].as_str().unwrap().parse().unwrap();
    let jwks = ask(&suite.function, get("/.well-known/jwks.json")).await.text();
    let verifier = Verifier::new(
        jwks.parse().unwrap(),
        ISSUER.parse().unwrap(),
        AUDIENCE.parse().unwrap(),
        Clock::system(),
    );
    let caller = verifier.verify(body["access_token"].as_str().unwrap()).unwrap();
    assert_eq!((caller.user_id(), caller.session_id(), caller.is_admin()), (ada, session, false));
    let key: RefreshKey = variables(&suite.database, "login", &[])["REFRESH_TOKEN_KEY"].parse().unwrap();
    let named = key.open(body["refresh_token"].as_str().unwrap());
    assert_eq!(named, Some(Named { session_id: session, counter: 0 }));

    let row = suite.owner.query_one("select * from sessions", &[]).await.unwrap();
    assert_eq!(row.get::<_, uuid::Uuid>("id"), session.uuid());
    assert_eq!(row.get::<_, uuid::Uuid>("user_id"), ada.uuid());
    assert_eq!(row.get::<_, i64>("counter"), 0);
    assert_eq!(row.get::<_, &str>("user_agent"), "television/1");
    assert_eq!(row.get::<_, &str>("ip_prefix"), "2001:db8:1:2::/64");
    assert_eq!(
        suite.owner.count("auth_events where name = 'authn_login_success' and session_id is not null").await,
        1
    );
    let absolute = "sessions where absolute_expires_at - auth_time = interval '90 days'";
    assert_eq!(suite.owner.count(absolute).await, 1);
}

#[tokio::test]
async fn an_administrator_is_one_where_the_database_says_so() {
    let suite = Suite::new(&[]).await;
    suite.owner.user_with_password(ADA).await;
    suite.owner.run("update users set scope = 'user admin'", &[]).await;
    let body = suite.log_in(ADA, PASSWORD).await.json();
    let claims = claims(&body);
    assert_eq!(claims["scope"], "user admin");
    assert_eq!(claims["sid"], body["session_id"]);
}

/// The claims of the access token, unverified.
fn claims(body: &Value) -> Value {
    use base64::Engine as _;
    let part = body["access_token"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn the_claims_are_the_nine_and_no_personal_data() {
    let suite = Suite::new(&[]).await;
    let ada = suite.owner.user_with_password(ADA).await;
    let body = suite.log_in(ADA, PASSWORD).await.json();
    let claims = claims(&body);
    let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_eq!(names, ["aud", "auth_time", "exp", "iat", "iss", "jti", "scope", "sid", "sub"]);
    assert_eq!(claims["sub"], json!(ada.to_string()));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
}

#[tokio::test]
async fn the_keys_are_published_for_five_minutes() {
    let suite = Suite::new(&[]).await;
    let reply = ask(&suite.function, get("/.well-known/jwks.json")).await;
    assert_eq!(reply.outcome(), (200, String::new()), "{}", reply.text());
    assert_eq!(reply.header("cache-control"), "public, max-age=300");
    assert_eq!(reply.header("content-type"), "application/json");
    let keys = reply.json()["keys"].clone();
    let names: Vec<&String> = keys[0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
}

#[tokio::test]
async fn the_21st_session_ends_the_one_used_least_recently() {
    let suite = Suite::new(&[]).await;
    suite.owner.user_with_password(ADA).await;
    suite.owner.user_with_password("other@example.com").await;
    check(&suite.log_in("other@example.com", PASSWORD).await, (200, ""));
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(suite.log_in(ADA, PASSWORD).await.json()["session_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(suite.owner.count("sessions where revoked_at is null").await, 21);
    let used = "update sessions set last_used_at = now() where id::text = $1";
    suite.owner.run(used, &[&ids[0]]).await;
    check(&suite.log_in(ADA, PASSWORD).await, (200, ""));
    assert_eq!(suite.owner.count("sessions where revoked_at is null").await, 21);
    let ended: String = suite.owner.value("select id::text from sessions where revoked_at is not null").await;
    assert_eq!(ended, ids[1]);
    assert_eq!(suite.owner.count("sessions where revoke_reason = 'session-limit'").await, 1);
}

#[tokio::test]
async fn sessions_that_have_expired_take_no_place() {
    let suite = Suite::new(&[]).await;
    let ada = suite.owner.user_with_password(ADA).await;
    let insert = "
        insert into sessions (id, user_id, idle_expires_at, absolute_expires_at)
        select gen_random_uuid(), $1, now() + $2::text::interval, now() + $3::text::interval
          from generate_series(1, $4::int)";
    suite.owner.run(insert, &[&ada.uuid(), &"1 day", &"1 day", &19]).await;
    suite.owner.run(insert, &[&ada.uuid(), &"-1 day", &"1 day", &3]).await;
    suite.owner.run(insert, &[&ada.uuid(), &"1 day", &"-1 day", &3]).await;
    check(&suite.log_in(ADA, PASSWORD).await, (200, ""));
    assert_eq!(suite.owner.count("sessions where revoked_at is not null").await, 0);
}

#[tokio::test]
async fn a_login_that_overlaps_a_change_of_password_leaves_nothing_behind() {
    let suite = Suite::new(&[]).await;
    let ada = suite.owner.user_with_password(ADA).await;
    let verified: String = suite.owner.value("select phc from credentials").await;
    let changed = hasher().hash(&Password::new("analytical engine").unwrap()).await.unwrap();
    suite.owner.run("update credentials set phc = $1, failures = 3", &[&changed.expose()]).await;
    let (verified, client) = (Phc::from(verified), Client::new(None, None, "request"));
    let proof = Proof { user_id: ada, verified: &verified, rehashed: Some(&verified) };
    let connection = suite.database.pool("login").get().await.unwrap();
    let begun =
        session::begin(connection, proof, Key::account(&ADA.parse().unwrap()), &client).await.unwrap();
    assert!(begun.is_none());
    assert_eq!(suite.owner.count("sessions").await, 0);
    assert_eq!(suite.owner.count("auth_events").await, 0);
    assert_eq!(
        suite.owner.value::<String>("select phc from credentials where failures = 3").await,
        changed.expose()
    );
}
