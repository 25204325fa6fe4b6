//! Who asks: every token that does not hold is refused, also where none was needed.

use crate::stage::{Stage, outcome, path, signed_in, with_authorization};
use functions_framework::Request;
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use streamly::ids::{SessionId, UserId, VideoId};
use testkit::keys::SigningKey;
use testkit::{AUDIENCE, ISSUER, Person, Video, ask, get};

/// A payer, and a free and a gated title.
struct Cast {
    stage: Stage,
    person: Person,
    free: VideoId,
    gated: VideoId,
}

impl Cast {
    async fn new(changes: &[(&str, &str)]) -> Self {
        let stage = Stage::with(changes).await;
        let person = stage.payer("premium").await;
        let free = stage.video(Video { access: "free", ..Video::default() }).await;
        let gated = stage.video(Video::default()).await;
        Self { stage, person, free, gated }
    }

    /// What a request with this `Authorization` gets of both titles.
    async fn check(&self, authorization: &str, free: &str, gated: &str) {
        let asked = |video| with_authorization(get(&path(video)), authorization);
        let shown: String = authorization.chars().take(200).collect();
        assert_eq!(outcome(&ask(&self.stage.function, asked(self.free)).await), free, "{shown}");
        assert_eq!(outcome(&ask(&self.stage.function, asked(self.gated)).await), gated, "{shown}");
    }

    /// A token that does not hold, on both titles.
    async fn check_refused(&self, token: &str) {
        self.check(&format!("Bearer {token}"), INVALID, INVALID).await;
        let reply =
            ask(&self.stage.function, with_authorization(get(&path(self.free)), &format!("Bearer {token}")))
                .await;
        assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }

    fn header() -> Value {
        json!({"alg": "ES256", "typ": "at+jwt", "kid": SigningKey::published().id()})
    }

    fn claims(&self) -> Value {
        json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": self.person.id.to_string(),
            "sid": self.person.session.to_string(), "iat": self.stage.now, "exp": self.stage.now + 900,
            "auth_time": self.stage.now, "jti": "01935f3c-7a10-7c3e-9b1f-2f6f0c9d4e21", "scope": "user",
        })
    }

    fn token(&self) -> String {
        SigningKey::published().sign(&Self::header(), &self.claims())
    }
}

const INVALID: &str = "401 invalid-token";
const FREE: &str = "200 full free";
const FULL: &str = "200 full subscription";
const MISSING: &str = "401 missing-token";

#[tokio::test]
async fn another_scheme_or_an_empty_one_is_as_no_token() {
    let cast = Cast::new(&[]).await;
    cast.check("Basic dXNlcjpwYXNzd29yZA==", FREE, MISSING).await;
    cast.check("Bearer", FREE, MISSING).await;
    cast.check("Bearer ", FREE, MISSING).await;
    cast.check("", FREE, MISSING).await;
    cast.check(&format!("bearer {}", cast.token()), FREE, FULL).await;
    cast.check(&format!("BEARER   {}", cast.token()), FREE, FULL).await;
}

#[tokio::test]
async fn a_token_elsewhere_than_in_the_one_header_is_no_token() {
    let cast = Cast::new(&[]).await;
    let token = cast.token();
    let query = get(&format!("{}?access_token={token}&token={token}", path(cast.gated)));
    assert_eq!(outcome(&ask(&cast.stage.function, query).await), MISSING);
    let mut forwarded = get(&path(cast.gated));
    let value = HeaderValue::from_str(&format!("Bearer {token}")).expect("header text");
    forwarded.headers_mut().insert("x-forwarded-authorization", value.clone());
    assert_eq!(outcome(&ask(&cast.stage.function, forwarded).await), MISSING);
    // Behind API Gateway it is that header and no other.
    let cast = Cast::new(&[("AUTH_TOKEN_HEADER", "x-forwarded-authorization")]).await;
    let token = format!("Bearer {}", cast.token());
    let mut forwarded = get(&path(cast.gated));
    let value = HeaderValue::from_str(&token).expect("header text");
    forwarded.headers_mut().insert("x-forwarded-authorization", value);
    assert_eq!(outcome(&ask(&cast.stage.function, forwarded).await), FULL);
    cast.check(&token, FREE, MISSING).await;
}

#[tokio::test]
async fn two_authorization_headers_are_refused_on_every_title() {
    let cast = Cast::new(&[]).await;
    let token = format!("Bearer {}", cast.token());
    let twice = |video, other: &str| {
        let request: Request = with_authorization(get(&path(video)), &token);
        with_authorization(request, other)
    };
    for video in [cast.free, cast.gated] {
        for other in [token.as_str(), "Bearer", "Basic dXNlcjpwYXNzd29yZA=="] {
            assert_eq!(outcome(&ask(&cast.stage.function, twice(video, other)).await), INVALID);
        }
    }
}

#[tokio::test]
async fn a_header_that_is_not_text_is_refused() {
    let cast = Cast::new(&[]).await;
    let mut request = get(&path(cast.free));
    let value = HeaderValue::from_bytes(b"Bearer \xff\xfe").expect("header bytes");
    request.headers_mut().insert(HeaderName::from_static("authorization"), value);
    assert_eq!(outcome(&ask(&cast.stage.function, request).await), INVALID);
}

#[tokio::test]
async fn an_expired_token_holds_within_the_leeway_alone() {
    let cast = Cast::new(&[]).await;
    let issued = |seconds_ago| signed_in(&path(cast.free), &cast.person, cast.stage.now - seconds_ago);
    for (seconds_ago, expected) in [(900, FREE), (929, FREE), (930, INVALID), (5000, INVALID)] {
        let reply = ask(&cast.stage.function, issued(seconds_ago)).await;
        assert_eq!(outcome(&reply), expected, "{seconds_ago}");
    }
    for (ahead, expected) in [(30, FREE), (31, INVALID)] {
        assert_eq!(outcome(&ask(&cast.stage.function, issued(-ahead)).await), expected, "{ahead}");
    }
}

#[tokio::test]
async fn a_tampered_or_cut_token_is_refused() {
    let cast = Cast::new(&[]).await;
    let token = cast.token();
    for at in [5, token.len() / 2, token.len() - 5] {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        cast.check_refused(&String::from_utf8(bytes).expect("still ASCII")).await;
        cast.check_refused(&token[..at]).await;
    }
    cast.check_refused(&format!("{token}.")).await;
    cast.check_refused("a.b.c").await;
    cast.check_refused(&"a".repeat(4097)).await;
    cast.check_refused(&"a".repeat(1 << 20)).await;
}

#[tokio::test]
async fn another_algorithm_key_or_header_is_refused() {
    let cast = Cast::new(&[]).await;
    let with = |member: &str, value: Value| {
        let mut header = Cast::header();
        header[member] = value;
        SigningKey::published().sign(&header, &cast.claims())
    };
    for algorithm in ["none", "nOnE", "HS256", "RS256", "ES384", "EdDSA", ""] {
        cast.check_refused(&with("alg", algorithm.into())).await;
    }
    for kid in ["other", "", "../../etc/passwd", "' or 1=1"] {
        cast.check_refused(&with("kid", kid.into())).await;
    }
    for (member, value) in [
        ("jku", json!("https://evil.test/jwks.json")),
        ("x5u", json!("https://evil.test/cert.pem")),
        ("jwk", json!({"kty": "EC"})),
        ("crit", json!(["exp"])),
    ] {
        cast.check_refused(&with(member, value)).await;
    }
    let stranger = SigningKey::generate(SigningKey::published().id());
    cast.check_refused(&stranger.sign(&Cast::header(), &cast.claims())).await;
}

#[tokio::test]
async fn another_issuer_or_audience_is_refused() {
    let cast = Cast::new(&[]).await;
    for (member, value) in [
        ("iss", json!("https://other.test")),
        ("aud", json!("other")),
        ("aud", json!([AUDIENCE])),
        ("sub", json!("nobody")),
        ("sid", json!("")),
        ("exp", json!(cast.stage.now + 901)),
        ("nbf", json!(0)),
    ] {
        let mut claims = cast.claims();
        claims[member] = value;
        cast.check_refused(&SigningKey::published().sign(&Cast::header(), &claims)).await;
    }
}

/// After this statement, the person's token is refused on every title.
async fn check_revoked(sql: &str) {
    let cast = Cast::new(&[]).await;
    cast.check(&format!("Bearer {}", cast.token()), FREE, FULL).await;
    let count = cast.stage.owner.execute(sql, &[&cast.person.id.uuid()]).await;
    assert_eq!(count.unwrap_or_else(|error| panic!("{sql}: {error:?}")), 1);
    let (free, gated) = ("401 session-revoked", "401 session-revoked");
    cast.check(&format!("Bearer {}", cast.token()), free, gated).await;
    let reply = cast.stage.as_person(cast.gated, &cast.person).await;
    assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"");
}

#[tokio::test]
async fn an_ended_login_or_account_is_refused_at_the_next_call() {
    check_revoked("update sessions set revoked_at = now() where user_id = $1").await;
    check_revoked("update sessions set idle_expires_at = now() where user_id = $1").await;
    check_revoked("update sessions set absolute_expires_at = now() where user_id = $1").await;
    check_revoked("update users set disabled_at = now() where id = $1").await;
    check_revoked("update users set deleted_at = now() where id = $1").await;
}

#[tokio::test]
async fn a_session_that_is_somebody_elses_or_nobodys_is_refused() {
    let cast = Cast::new(&[]).await;
    let other = Person::new(&cast.stage.owner).await;
    let mixed = Person { session: other.session, ..cast.person.clone() };
    let unknown = Person { session: SessionId::new(), ..cast.person.clone() };
    let nobody = Person { id: UserId::new(), session: SessionId::new(), ..cast.person.clone() };
    for person in [mixed, unknown, nobody] {
        assert_eq!(outcome(&cast.stage.as_person(cast.free, &person).await), "401 session-revoked");
    }
}
