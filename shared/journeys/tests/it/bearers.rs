//! The attack list against every route of the document that reads a caller's token, and the end of a session as all of them
//! see it.

use functions_framework::Request;
use http::HeaderValue;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use testkit::keys::SigningKey;
use testkit::{AUDIENCE, ISSUER, Person, Reply, Video, bearer, get, post};

use crate::house::{Bearer, House, Operation, operations};

const PASSWORD: &str = "difference engine no 2";
/// The functions that look the session up. Elsewhere an access token lives out its quarter of an hour.
const SEE_THE_END: [&str; 7] = ["account", "checkout", "email", "password", "playback", "portal", "progress"];

fn with_bearer(mut request: Request, value: &str) -> Request {
    let value = HeaderValue::from_str(value).expect("header text");
    request.headers_mut().insert("authorization", value);
    request
}

#[track_caller]
fn check(operation: &Operation, what: &str, reply: &Reply, slug: &str) {
    let place = format!("{} {}: {what}", operation.method, operation.path);
    assert_eq!(reply.outcome(), (401, slug.to_owned()), "{place}: {}", reply.text());
    let challenge = if slug == "missing-token" { "Bearer" } else { "Bearer error=\"invalid_token\"" };
    assert_eq!(reply.header("www-authenticate"), challenge, "{place}");
}

/// Header and claims of a token that holds.
fn good(person: &Person) -> (Value, Value) {
    #[expect(clippy::disallowed_methods, reason = "the functions live in the machine's time")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is set").as_secs();
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": person.id.to_string(), "sid": person.session.to_string(),
        "iat": now, "exp": now + 900, "auth_time": now, "jti": uuid::Uuid::new_v4().to_string(), "scope": "user",
    });
    (json!({ "alg": "ES256", "typ": "at+jwt", "kid": SigningKey::published().id() }), claims)
}

/// A good token with one member of its header or of its claims replaced; null takes it away.
fn changed(person: &Person, part: &str, member: &str, value: Value) -> String {
    let (mut header, mut claims) = good(person);
    let object = if part == "header" { &mut header } else { &mut claims };
    let members = object.as_object_mut().expect("an object");
    members.remove(member);
    if !value.is_null() {
        members.insert(member.to_owned(), value);
    }
    format!("Bearer {}", SigningKey::published().sign(&header, &claims))
}

/// Credentials that hold nowhere, by what is wrong with them.
fn forged(person: &Person) -> Vec<(&'static str, String)> {
    let (header, claims) = good(person);
    let stranger = SigningKey::generate(SigningKey::published().id());
    let token = bearer(person);
    let unsigned = token.rsplit_once('.').expect("three parts").0.to_owned();
    vec![
        ("another key under our kid", format!("Bearer {}", stranger.sign(&header, &claims))),
        ("no signature", format!("{unsigned}.")),
        ("two parts", unsigned),
        ("four parts", format!("{token}.e30")),
        ("too long", format!("Bearer {}", "a".repeat(4097))),
        ("alg none", changed(person, "header", "alg", json!("none"))),
        ("alg HS256", changed(person, "header", "alg", json!("HS256"))),
        ("typ JWT", changed(person, "header", "typ", json!("JWT"))),
        ("no typ", changed(person, "header", "typ", Value::Null)),
        ("no kid", changed(person, "header", "kid", Value::Null)),
        ("another kid", changed(person, "header", "kid", json!("../../etc/passwd"))),
        ("jku", changed(person, "header", "jku", json!("https://evil.example/jwks"))),
        ("crit", changed(person, "header", "crit", json!(["x"]))),
        ("another audience", changed(person, "claims", "aud", json!("another"))),
        ("a list of audiences", changed(person, "claims", "aud", json!([AUDIENCE]))),
        ("another issuer", changed(person, "claims", "iss", json!("https://issuer.test/"))),
        ("no subject", changed(person, "claims", "sub", Value::Null)),
        ("expired", changed(person, "claims", "exp", json!(1_700_000_000))),
        ("nbf", changed(person, "claims", "nbf", json!(1))),
    ]
}

#[tokio::test]
async fn no_route_takes_credentials_that_do_not_hold() {
    let house = House::new().await;
    let person = Person::new(&house.database.owner().await).await;
    let forged = forged(&person);
    let mut routes = 0;
    for operation in operations().iter().filter(|operation| operation.bearer != Bearer::Unread) {
        routes += 1;
        for (what, credentials) in &forged {
            let reply = house.ask(&operation.function, with_bearer(operation.example(), credentials)).await;
            check(operation, what, &reply, "invalid-token");
        }
        let mut twice = with_bearer(operation.example(), &bearer(&person));
        twice.headers_mut().append("authorization", HeaderValue::from_static("Bearer a.b.c"));
        check(operation, "two of them", &house.ask(&operation.function, twice).await, "invalid-token");
    }
    assert!(routes >= 11, "{routes} routes read a token");
}

#[tokio::test]
async fn a_route_that_wants_a_token_is_nothing_without_one() {
    let house = House::new().await;
    for operation in operations().iter().filter(|operation| operation.bearer == Bearer::Required) {
        check(operation, "none", &house.ask(&operation.function, operation.example()).await, "missing-token");
        for other in ["Basic YTpi", "Bearer", "Bearer "] {
            let reply = house.ask(&operation.function, with_bearer(operation.example(), other)).await;
            check(operation, other, &reply, "missing-token");
        }
    }
}

#[tokio::test]
async fn a_logout_is_seen_at_once_wherever_the_session_counts() {
    let house = House::new().await;
    let owner = house.database.owner().await;
    let film =
        Video { id: "01935f3c-7a10-7c3e-9b1f-000000000002".parse().expect("an id"), ..Video::default() };
    film.insert(&owner).await;
    let credentials = json!({ "email": "ada@example.com", "password": PASSWORD });
    let registered = house.ask("register", post("/v1/register", &credentials)).await;
    assert_eq!(registered.outcome(), (201, String::new()));
    let tokens = house.ask("login", post("/v1/login", &credentials)).await.json();
    let access = format!("Bearer {}", tokens["access_token"].as_str().expect("a token"));
    let profile = || with_bearer(get("/v1/account"), &access);
    assert_eq!(house.ask("account", profile()).await.outcome(), (200, String::new()));

    let log_out = post("/v1/logout", &json!({ "refresh_token": tokens["refresh_token"] }));
    assert_eq!(house.ask("token", log_out).await.outcome(), (204, String::new()));
    let mut seen: Vec<String> = Vec::new();
    for operation in operations().iter().filter(|operation| operation.bearer != Bearer::Unread) {
        let reply = house.ask(&operation.function, with_bearer(operation.example(), &access)).await;
        if SEE_THE_END.contains(&operation.function.as_str()) {
            check(operation, "logged out", &reply, "session-revoked");
            seen.push(operation.function.clone());
        } else {
            assert_eq!(reply.outcome(), (200, String::new()), "{}", operation.path);
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, SEE_THE_END);
}
