//! Who gets an account, under which address, and what is written.

use crate::suite::{ADA, PASSWORD, Suite, check, check_fields};
use serde_json::{Value, json};
use testkit::{ask, get, post};

#[tokio::test]
async fn an_account_is_made_with_all_that_belongs_to_it() {
    let suite = Suite::new(&[]).await;
    let reply = suite.register("Ada@EXAMPLE.com", PASSWORD).await;
    check(&reply, (201, ""));
    assert_eq!(reply.header("cache-control"), "no-store");
    let body = reply.json();
    let user = &body["user"];
    let members: Vec<&String> = user.as_object().unwrap().keys().collect();
    assert_eq!(members, ["created_at", "email", "email_verified", "id"]);
    assert_eq!(body.as_object().unwrap().len(), 1);
    assert_eq!((&user["email"], &user["email_verified"]), (&json!("Ada@EXAMPLE.com"), &json!(false)));

    assert_eq!(suite.written().await, [1, 1, 1, 1, 1]);
    let row = suite.owner.query_one("select *, id::text as text from users", &[]).await.unwrap();
    assert_eq!(user["id"], row.get::<_, &str>("text"));
    assert_eq!(row.get::<_, &str>("email"), "Ada@EXAMPLE.com");
    assert_eq!(row.get::<_, &str>("email_canonical"), ADA);
    assert_eq!(row.get::<_, &str>("scope"), "user");
    let created: String = suite
        .owner
        .value("select to_char(created_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS') from users")
        .await;
    let shown = user["created_at"].as_str().unwrap();
    assert!(shown.starts_with(&created) && shown.ends_with('Z'), "{shown} {created}");
    assert!(suite.owner.is_password(PASSWORD).await);
    assert!(!suite.owner.is_password("another one").await);
    assert_eq!(
        suite.owner.count("auth_events where name = 'user_created' and ip_prefix = '203.0.113.0/24'").await,
        1
    );
}

#[tokio::test]
async fn the_mail_waits_in_the_outbox_with_the_one_token_that_is_stored_hashed() {
    let suite = Suite::new(&[]).await;
    check(&suite.register("Ada@EXAMPLE.com", PASSWORD).await, (201, ""));
    let mail = suite.owner.query_one("select * from mail_outbox", &[]).await.unwrap();
    assert_eq!(mail.get::<_, &str>("recipient"), "Ada@EXAMPLE.com");
    assert_eq!(mail.get::<_, &str>("template"), "verify");
    let params: Value = mail.get("params");
    let token = params["token"].as_str().unwrap();
    assert_eq!((token.len(), params.as_object().unwrap().len()), (43, 1));
    let stored = "one_time_tokens where purpose = 'verify' and email = 'ada@example.com'
        and expires_at between now() + interval '23 hours 59 minutes' and now() + interval '24 hours'
        and hash = sha256(convert_to((select params->>'token' from mail_outbox), 'utf8'))";
    assert_eq!(suite.owner.count(stored).await, 1);
    assert_eq!(suite.owner.count("mail_outbox where not_before <= now() and sent_at is null").await, 1);
}

#[tokio::test]
async fn a_taken_address_is_409_in_every_spelling() {
    let suite = Suite::new(&[]).await;
    check(&suite.register(ADA, PASSWORD).await, (201, ""));
    let before = suite.written().await;
    check(&suite.register(ADA, "analytical engine no 3").await, (409, "email-taken"));
    check(&suite.register("A.DA@example.com", PASSWORD).await, (201, ""));
    check(&suite.register("ADA@Example.COM", PASSWORD).await, (409, "email-taken"));
    check(&suite.register("a@m\u{fc}nchen.example", PASSWORD).await, (201, ""));
    check(&suite.register("a@xn--mnchen-3ya.example", PASSWORD).await, (409, "email-taken"));
    assert_eq!(suite.written().await, before.map(|count| count + 2));
}

#[tokio::test]
async fn a_deleted_accounts_address_is_free() {
    let suite = Suite::new(&[]).await;
    check(&suite.register(ADA, PASSWORD).await, (201, ""));
    suite.owner.run("update users set deleted_at = now()", &[]).await;
    check(&suite.register(ADA, PASSWORD).await, (201, ""));
    assert_eq!(suite.owner.count("users").await, 2);
}

#[tokio::test]
async fn what_is_no_address_is_refused_and_nothing_is_written() {
    let suite = Suite::new(&[]).await;
    let invalid = [
        "",
        "ada",
        "a@b@c.co",
        "@x.y",
        "a@",
        "a@b",
        ".a@b.co",
        "a@-x.com",
        "a@x.com\r\nBcc: b@x.com",
        "a@x.com\t",
        "\"a\"@x.com",
        "<a@x.com>",
        "a@x.com, b@x.com",
        "' OR 1=1--",
    ];
    for email in invalid {
        check_fields(&suite.register(email, PASSWORD).await, "validation-error", &[["#/email", "invalid"]]);
    }
    let label = |length: usize| "a".repeat(length);
    let longest = |last: usize| format!("{}@{}.{}.{}", label(64), label(63), label(63), label(last));
    for email in [format!("{}@example.com", label(65)), format!("a@{}.com", label(64)), longest(62)] {
        check_fields(&suite.register(&email, PASSWORD).await, "validation-error", &[["#/email", "too-long"]]);
    }
    assert_eq!(suite.written().await, [0; 5]);
    assert_eq!(suite.owner.count("auth_throttle").await, 0);
    for email in [format!("{}@example.com", label(64)), format!("a@{}.com", label(63)), longest(61)] {
        check(&suite.register(&email, PASSWORD).await, (201, ""));
    }
}

#[tokio::test]
async fn a_body_of_another_shape_is_refused_and_nothing_is_written() {
    let suite = Suite::new(&[]).await;
    for shape in [
        json!(null),
        json!([]),
        json!([ADA, PASSWORD]),
        json!("x"),
        json!({}),
        json!({ "email": ADA, "password": PASSWORD, "role": "admin" }),
        json!({ "email": ADA, "password": PASSWORD, "email_verified": true }),
        json!({ "email": ADA, "password": PASSWORD, "id": "01936f5a-7c00-7000-8000-000000000001" }),
        json!({ "email": ADA, "password": 12_345_678 }),
        json!({ "email": null, "password": PASSWORD }),
    ] {
        check(&ask(&suite.function, post("/v1/register", &shape)).await, (422, "validation-error"));
    }
    let query = post("/v1/register?email=ada@example.com&password=difference+engine", &json!({}));
    check(&ask(&suite.function, query).await, (422, "validation-error"));
    let mut twice = post("/v1/register", &Value::Null);
    *twice.body_mut() =
        format!("{{\"email\":\"{ADA}\",\"email\":\"{ADA}\",\"password\":\"{PASSWORD}\"}}").into();
    check(&ask(&suite.function, twice).await, (400, "malformed-json"));
    check(&ask(&suite.function, get("/v1/register")).await, (405, "method-not-allowed"));
    assert_eq!(suite.written().await, [0; 5]);
}
