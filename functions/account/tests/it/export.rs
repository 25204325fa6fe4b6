//! Everything that is held on a person.

use crate::suite::{Suite, check};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use streamly::db::exports;
use testkit::{Person, Subscription, Video};

/// What an export leaves out, and why.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("auth_events", "subject_hash", "a hash"),
    ("credentials", "phc", "a hash"),
    ("mail_outbox", "last_error", "tells of a relay, not of the person"),
    ("mail_outbox", "params", "holds tokens"),
    ("one_time_tokens", "hash", "a hash"),
    ("payment_logs", "api_version", "tells of Stripe, not of the person"),
    ("payment_logs", "detail", "tells of our work, not of the person"),
    ("payment_logs", "event_created", "stands in the payload"),
    ("payment_logs", "id", "tells of our work, not of the person"),
    ("payment_logs", "outcome", "tells of our work, not of the person"),
    ("payment_logs", "processed_at", "tells of our work, not of the person"),
    ("payment_logs", "replays", "tells of our work, not of the person"),
    ("payment_logs", "snapshot_event_id", "tells of Stripe, not of the person"),
    ("sessions", "counter", "part of a token"),
    ("subscriptions", "api_version", "tells of Stripe, not of the person"),
    ("subscriptions", "id", "tells of our work, not of the person"),
    ("subscriptions", "last_event_created", "tells of our work, not of the person"),
    ("subscriptions", "last_event_id", "tells of our work, not of the person"),
    ("subscriptions", "last_event_type", "tells of our work, not of the person"),
    ("subscriptions", "needs_sync", "tells of our work, not of the person"),
    ("subscriptions", "sync_after", "tells of our work, not of the person"),
    ("subscriptions", "sync_attempts", "tells of our work, not of the person"),
    ("subscriptions", "sync_reason", "tells of our work, not of the person"),
    ("subscriptions", "synced_at", "tells of our work, not of the person"),
];

/// Tables that know no person by anything but a hash, or hold titles, or our own work.
const OF_NOBODY: [&str; 4] = ["auth_throttle", "schema_migrations", "videos", "webhook_events"];

async fn export(suite: &Suite, person: &Person) -> Value {
    let reply = suite.ask(Method::GET, "/v1/account/export", person).await;
    check(&reply, (200, ""));
    reply.json()
}

#[tokio::test]
async fn every_column_of_every_table_is_exported_or_left_out_on_purpose() {
    let suite = Suite::new(&[]).await;
    let columns = "
        select table_name::text, column_name::text from information_schema.columns where table_schema = 'public'";
    let rows = suite.owner.query(columns, &[]).await.unwrap();
    let mut expected: BTreeSet<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    expected.retain(|(table, _)| !OF_NOBODY.contains(&table.as_str()));
    for (table, column, _) in LEFT_OUT {
        assert!(expected.remove(&((*table).to_owned(), (*column).to_owned())), "no column {table}.{column}");
    }
    let mut found = BTreeSet::new();
    for statement in exports::STATEMENTS {
        let table = statement.name().trim_start_matches("exports::").to_lowercase();
        let prepared = suite.owner.prepare(statement.sql()).await.unwrap();
        let names = prepared.columns().iter().map(|column| (table.clone(), column.name().to_owned()));
        found.extend(names);
    }
    assert_eq!(found, expected);
}

#[tokio::test]
async fn an_export_holds_what_is_stored_and_is_the_persons_alone() {
    let (suite, ada) = Suite::with_ada().await;
    let other = suite.owner.person_with_password("other@example.com").await;
    for person in [&ada, &other] {
        Subscription::default().insert(&suite.owner, person).await;
        let video = Video::default();
        video.insert(&suite.owner).await;
        let progress =
            "insert into watch_progress (user_id, video_id, position_seconds) values ($1, $2, 61.5)";
        suite.owner.run(progress, &[&person.id.uuid(), &video.id.uuid()]).await;
        let stream = "insert into streams (id, user_id, video_id, device) values ($1, $2, $3, 'television')";
        suite.owner.run(stream, &[&video.id.uuid(), &person.id.uuid(), &video.id.uuid()]).await;
        let event = "
            insert into auth_events (id, name, user_id, subject_hash, ip_prefix)
            values ($1, 'authn_login_success', $2, 'hash', '203.0.113.0/24')";
        suite.owner.run(event, &[&video.id.uuid(), &person.id.uuid()]).await;
        let paid = "
            insert into payment_logs (stripe_event_id, event_type, event_created, livemode, user_id, outcome, amount,
              currency, payload)
            values ('evt_' || $1, 'invoice.paid', 1, false, $1::text::uuid, 'applied', 900, 'eur', '{\"paid\":true}')";
        suite.owner.run(paid, &[&person.id.to_string()]).await;
        let token = "
            insert into one_time_tokens (hash, user_id, purpose, email, expires_at)
            values (convert_to('secret' || $2, 'UTF8'), $1, 'reset', 'x@example.com', now() + interval '1 hour')";
        suite.owner.run(token, &[&person.id.uuid(), &person.email]).await;
        let mail = "
            insert into mail_outbox (id, recipient, template, params, expires_at)
            values ($1, $2, 'reset', '{\"token\":\"secret-text\"}', now() + interval '1 hour')";
        suite.owner.run(mail, &[&video.id.uuid(), &person.email]).await;
    }
    let export = export(&suite, &ada).await;
    assert_eq!(export["users"][0]["email"], json!("Ada@example.com"));
    assert_eq!(export["users"][0]["email_canonical"], json!("ada@example.com"));
    assert_eq!(export["watch_progress"][0]["position_seconds"], json!(61.5));
    assert_eq!(export["payment_logs"][0]["amount"], json!(900));
    assert_eq!(export["payment_logs"][0]["payload"], json!("{\"paid\":true}"));
    assert!(export["sessions"][0]["created_at"].as_str().unwrap().ends_with('Z'));
    for (table, rows) in export.as_object().unwrap() {
        assert_eq!(rows.as_array().unwrap().len(), 1, "{table}: {rows}");
    }
    let text = export.to_string();
    for secret in ["$argon2", "secret", "hash", &other.id.to_string(), "other@example.com"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[tokio::test]
async fn the_sixth_export_of_an_hour_waits() {
    let (suite, ada) = Suite::with_ada().await;
    let other = suite.owner.person_with_password("other@example.com").await;
    for _ in 0..5 {
        export(&suite, &ada).await;
    }
    let sixth = suite.ask(Method::GET, "/v1/account/export", &ada).await;
    check(&sixth, (429, "too-many-requests"));
    assert!(sixth.header("retry-after").parse::<u32>().unwrap() > 3_500);
    export(&suite, &other).await;
    let hour = "update auth_throttle set until = until - interval '1 hour'";
    suite.owner.run(hour, &[]).await;
    export(&suite, &ada).await;
}
