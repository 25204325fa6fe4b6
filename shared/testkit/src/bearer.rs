//! Access tokens, signed apart from the product's own signer, so that the two check each other.

use functions_framework::Request;
use http::{HeaderValue, header};
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Person;
use crate::keys::SigningKey;

/// `JWT_ISSUER` of tests.
pub const ISSUER: &str = "https://issuer.test";
/// `JWT_AUDIENCE` of tests.
pub const AUDIENCE: &str = "streamly-test";

/// The value of an `Authorization` header: a token of this person that was issued just now.
pub fn bearer(person: &Person) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests that do not set the clock live in the machine's time"
    )]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the machine's clock is set").as_secs();
    bearer_at(person, now)
}

/// The request, asked by this person.
pub fn authorized(person: &Person, mut request: Request) -> Request {
    let token = HeaderValue::from_str(&bearer(person)).expect("a token is ASCII");
    request.headers_mut().insert(header::AUTHORIZATION, token);
    request
}

/// The same as [`bearer`], issued at this second of the Unix epoch.
pub fn bearer_at(person: &Person, issued_at: u64) -> String {
    let key = SigningKey::published();
    let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": key.id()});
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": person.id.to_string(), "sid": person.session.to_string(),
        "iat": issued_at, "exp": issued_at + 900, "auth_time": issued_at,
        "jti": uuid::Uuid::new_v4().to_string(), "scope": person.scope,
    });
    format!("Bearer {}", key.sign(&header, &claims))
}
