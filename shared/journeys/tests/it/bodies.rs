//! What is no body, sent to every route of the document that takes JSON: refused alike, and before anything is written.

use http::{HeaderValue, header};
use testkit::{Person, Reply, bearer};
use tokio_postgres::Client;

use crate::house::{Bearer, House, Operation, operations};

/// Signed bytes of any form are the webhooks' own matter.
const RAW: [&str; 2] = ["video-webhook", "webhook"];
/// The longest body, in bytes.
const BODY_BYTES_MAX: usize = 16 * 1024;

struct Suite {
    house: House,
    owner: Client,
    caller: Person,
}

impl Suite {
    async fn new() -> Self {
        let house = House::new().await;
        let owner = house.database.owner().await;
        let caller = Person::new(&owner).await;
        Self { house, owner, caller }
    }

    async fn send(&self, operation: &Operation, body: &[u8], extra: &[(&str, &str)]) -> Reply {
        let mut request = operation.request(Some(body.to_vec()));
        let headers = request.headers_mut();
        if operation.bearer != Bearer::Unread {
            let token = HeaderValue::from_str(&bearer(&self.caller)).expect("header text");
            headers.insert(header::AUTHORIZATION, token);
        }
        for (name, value) in extra {
            let name: header::HeaderName = name.parse().expect("a name");
            headers.insert(name, HeaderValue::from_str(value).expect("header text"));
        }
        self.house.ask(&operation.function, request).await
    }

    /// Everything that a route may have written, but for counters.
    async fn state(&self) -> String {
        let query = "
            select concat_ws(E'\\n',
              (select jsonb_agg(u order by id) from users u), (select jsonb_agg(c order by user_id) from credentials c),
              (select jsonb_agg(s order by id) from sessions s), (select jsonb_agg(t order by hash) from one_time_tokens t),
              (select jsonb_agg(m order by id) from mail_outbox m), (select jsonb_agg(e order by id) from auth_events e))";
        self.owner.query_one(query, &[]).await.expect("the owner reads all").get(0)
    }
}

fn taking_json() -> Vec<Operation> {
    let all = operations().into_iter();
    all.filter(|operation| operation.body.is_some() && !RAW.contains(&operation.function.as_str())).collect()
}

#[track_caller]
fn check(operation: &Operation, what: &str, reply: &Reply, expected: (u16, &str)) {
    let place = format!("{} {}: {what}", operation.method, operation.path);
    assert_eq!(reply.outcome(), (expected.0, expected.1.to_owned()), "{place}: {}", reply.text());
    assert_eq!(reply.header("content-type"), "application/problem+json", "{place}");
}

#[tokio::test]
async fn what_is_no_json_is_refused_everywhere_and_writes_nothing() {
    let suite = Suite::new().await;
    let before = suite.state().await;
    let operations = taking_json();
    assert!(operations.len() >= 13, "{} routes take JSON", operations.len());
    for operation in &operations {
        let good = operation.body.as_ref().expect("a body").to_string();
        let first = operation.body.as_ref().and_then(|body| body.as_object()?.keys().next().cloned());
        let cut = &good[..good.len() - 1];
        let mut broken = vec![
            ("cut off", cut.to_owned()),
            ("more behind it", format!("{good}x")),
            ("two texts", format!("{good}{good}")),
            ("a byte order mark", format!("\u{feff}{good}")),
            ("a comment", format!("{good}// a comment")),
            ("a number that is none", r#"{"a": NaN}"#.to_owned()),
        ];
        broken.extend(first.map(|name| ("a member twice", format!(r#"{{"{name}": "a", "{name}": "b"}}"#))));
        if !operation.body_is_optional {
            broken.push(("nothing", String::new()));
        }
        for (what, body) in &broken {
            let reply = suite.send(operation, body.as_bytes(), &[]).await;
            check(operation, what, &reply, (400, "malformed-json"));
        }
        let reply = suite.send(operation, b"{\"a\": \"\xff\"}", &[]).await;
        check(operation, "no Unicode", &reply, (400, "malformed-json"));
    }
    assert_eq!(suite.state().await, before);
}

#[tokio::test]
async fn what_is_no_object_or_has_more_members_is_refused_with_its_place() {
    let suite = Suite::new().await;
    let before = suite.state().await;
    for operation in &taking_json() {
        for root in ["null", "[]", "\"x\"", "1"] {
            let reply = suite.send(operation, root.as_bytes(), &[]).await;
            check(operation, root, &reply, (422, "validation-error"));
            assert_eq!(reply.json()["errors"][0]["pointer"], "#", "{}", operation.path);
        }
        let mut more = operation.body.clone().expect("a body");
        more["email_verified"] = true.into();
        let reply = suite.send(operation, more.to_string().as_bytes(), &[]).await;
        check(operation, "one member more", &reply, (422, "validation-error"));
        assert_eq!(reply.json()["errors"][0]["code"], "unknown-field", "{}", operation.path);
    }
    assert_eq!(suite.state().await, before);
}

#[tokio::test]
async fn another_type_an_encoding_and_a_long_body_are_refused() {
    let suite = Suite::new().await;
    for operation in &taking_json() {
        let good = operation.body.as_ref().expect("a body").to_string();
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
            let reply = suite.send(operation, good.as_bytes(), &[("content-type", kind)]).await;
            check(operation, kind, &reply, (415, "unsupported-media-type"));
        }
        let encoded = suite.send(operation, good.as_bytes(), &[("content-encoding", "gzip")]).await;
        check(operation, "gzip", &encoded, (415, "unsupported-media-type"));
        let over = vec![b' '; BODY_BYTES_MAX + 1];
        check(operation, "long", &suite.send(operation, &over, &[]).await, (413, "payload-too-large"));
        let full = vec![b' '; BODY_BYTES_MAX];
        check(operation, "full", &suite.send(operation, &full, &[]).await, (400, "malformed-json"));
    }
}
