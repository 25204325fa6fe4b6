//! What becomes of a request's headers on their way, and of the reply's.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use local::gateway::{Backend, Document, Gateway};
use local::server::Server;
use serde::Deserialize;
use std::collections::BTreeMap;

use super::{Scene, Seen, request, send};

const PATH: &str = "/v1/videos/1/playback";

/// What the function sees as the caller's token and as the platform's, for these headers.
async fn check(sent: &str, forwarded: &[&str]) {
    let seen = Scene::new().await.get(PATH, sent).await.seen();
    assert_eq!(seen.all("x-forwarded-authorization"), forwarded, "{sent}");
    assert_gateways_own(&seen);
}

#[track_caller]
fn assert_gateways_own(seen: &Seen) {
    #[derive(Deserialize)]
    struct Claims {
        aud: String,
        iat: i64,
        exp: i64,
    }
    let [authorization] = seen.all("authorization")[..] else { panic!("one identity: {seen:?}") };
    let token = authorization.strip_prefix("Bearer ").expect("a bearer token");
    let [_, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts: {token}")
    };
    assert_eq!(signature, "SIGNATURE_REMOVED_BY_GOOGLE");
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64url");
    let claims: Claims = serde_json::from_slice(&claims).expect("claims");
    assert_eq!(
        claims.aud,
        format!("http://{}", seen.all("host")[0]),
        "the audience is the function's address"
    );
    assert!(claims.iat < claims.exp);
}

#[tokio::test]
async fn the_callers_authorization_moves_and_the_gateways_identity_takes_its_place() {
    check("", &[]).await;
    check("authorization: Bearer a.b.c\r\n", &["Bearer a.b.c"]).await;
    check("authorization: Basic dTpw\r\n", &["Basic dTpw"]).await;
    check("authorization: Bearer a\r\nauthorization: Bearer b\r\n", &["Bearer a", "Bearer b"]).await;
}

#[tokio::test]
async fn a_forwarded_authorization_of_the_callers_own_gives_way_to_authorization_and_passes_without_it() {
    check("x-forwarded-authorization: Bearer forged\r\nauthorization: Bearer a\r\n", &["Bearer a"]).await;
    check("x-forwarded-authorization: Bearer forged\r\n", &["Bearer forged"]).await;
}

#[tokio::test]
async fn nothing_is_rewritten_where_backend_authentication_is_off() {
    let scene = Scene::with(|backend| backend.disable_auth = true).await;
    let sent = "authorization: Bearer a\r\nx-forwarded-authorization: Bearer b\r\n";
    let seen = scene.get(PATH, sent).await.seen();
    assert_eq!(seen.all("authorization"), ["Bearer a"]);
    assert_eq!(seen.all("x-forwarded-authorization"), ["Bearer b"]);
}

#[tokio::test]
async fn the_callers_address_is_appended_to_those_that_it_claims() {
    let scene = Scene::new().await;
    assert_eq!(scene.get(PATH, "").await.seen().all("x-forwarded-for"), ["127.0.0.1"]);
    let sent = "x-forwarded-for: 192.0.2.1, 192.0.2.2\r\nx-forwarded-for: junk\r\n";
    let seen = scene.get(PATH, sent).await.seen();
    assert_eq!(seen.all("x-forwarded-for"), ["192.0.2.1, 192.0.2.2,junk,127.0.0.1"]);
}

#[tokio::test]
async fn a_header_name_with_an_underscore_is_400() {
    let scene = Scene::new().await;
    assert_eq!(scene.get(PATH, "x_user: 1\r\n").await.refusal().0, 400);
    assert_eq!(scene.get(PATH, "x-user: a_b\r\n").await.status, 200);
}

#[tokio::test]
async fn sixty_kibibytes_of_headers_pass_and_one_more_byte_is_431() {
    let scene = Scene::new().await;
    // What the test's own request sends beside the long one.
    let others = "host".len() + "gateway.example".len() + "connection".len() + "close".len() + "x-long".len();
    let header = |bytes: usize| format!("x-long: {}\r\n", "x".repeat(bytes - others));
    assert_eq!(scene.get(PATH, &header(60 * 1024)).await.status, 200);
    assert_eq!(scene.get(PATH, &header(60 * 1024 + 1)).await.refusal().0, 431);
}

#[tokio::test]
async fn headers_of_the_connection_stay_on_it() {
    let scene = Scene::new().await;
    let sent = "connection: x-private\r\nx-private: 1\r\nkeep-alive: timeout=5\r\nte: trailers\r\n\
                proxy-connection: close\r\nupgrade: h2c\r\nx-public: 1\r\n";
    let seen = scene.get(PATH, sent).await.seen();
    for name in ["x-private", "keep-alive", "te", "proxy-connection", "upgrade"] {
        assert_eq!(seen.all(name), [""; 0], "{name}");
    }
    assert_eq!(seen.all("x-public"), ["1"]);
}

#[tokio::test]
async fn a_connection_header_cannot_take_away_what_the_gateway_adds() {
    let sent = "connection: authorization, x-forwarded-authorization, x-forwarded-for\r\n";
    let seen = Scene::new().await.get(PATH, sent).await.seen();
    assert_gateways_own(&seen);
    assert_eq!(seen.all("x-forwarded-for"), ["127.0.0.1"]);
}

#[tokio::test]
async fn every_other_header_passes_untouched() {
    let sent = "x-apigateway-api-userinfo: eyJzdWIiOiJmb3JnZWQifQ\r\nstripe-signature: t=1,v1=ab\r\n\
                idempotency-key: k\r\nx-request-id: r-1\r\norigin: https://app.example\r\n";
    let seen = Scene::new().await.get(PATH, sent).await.seen();
    assert_eq!(seen.all("x-apigateway-api-userinfo"), ["eyJzdWIiOiJmb3JnZWQifQ"]);
    assert_eq!(seen.all("stripe-signature"), ["t=1,v1=ab"]);
    assert_eq!(seen.all("idempotency-key"), ["k"]);
    assert_eq!(seen.all("x-request-id"), ["r-1"]);
    assert_eq!(seen.all("origin"), ["https://app.example"]);
}

#[tokio::test]
async fn a_reply_comes_back_as_the_function_made_it() {
    let routes = axum::Router::new().fallback(|| async {
        let headers = [
            ("content-type", "application/problem+json"),
            ("www-authenticate", "Bearer"),
            ("retry-after", "7"),
            ("keep-alive", "timeout=5"),
        ];
        (http::StatusCode::UNAUTHORIZED, headers, "{\"a\" :\r\n1}")
    });
    let function = Server::start(0, routes).await.expect("a free port");
    let document = Document::project();
    let backends: BTreeMap<_, _> = document
        .functions()
        .expect("a good document")
        .into_iter()
        .map(|name| (name.clone(), Backend::new(&name, &function.url())))
        .collect();
    let rendering = document.render(&backends).expect("every function has an address");
    let gateway = Gateway::start(0, &rendering).await.expect("a free port");

    let answer = send(gateway.address(), &request("GET", PATH, ""), b"").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.body, b"{\"a\" :\r\n1}");
    assert!(answer.head.contains("content-type: application/problem+json\r\n"), "{}", answer.head);
    assert!(answer.head.contains("www-authenticate: Bearer\r\n"), "{}", answer.head);
    assert!(answer.head.contains("retry-after: 7\r\n"), "{}", answer.head);
    assert!(!answer.head.contains("keep-alive"), "{}", answer.head);
}
