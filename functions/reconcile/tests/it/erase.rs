//! Who left is erased when the time has come and nothing goes on, and what is long over is dropped.

use serde_json::{Value, json};
use testkit::{Person, Video};

use crate::world::{World, subscription};

const LEFT: &str = "update users set deleted_at = now() - interval '14 days', open_checkout_session = 'cs_1'";

/// Everything that is known of a person, in every table that knows people.
async fn known(world: &World, person: &Person) {
    let (id, video) = (person.id.uuid(), Video::default());
    video.insert(&world.owner).await;
    world
        .run_sql("insert into credentials (user_id, kind, phc) values ($1, 'password', 'hash')", &[&id])
        .await;
    let token = "
        insert into one_time_tokens (hash, user_id, purpose, email, expires_at)
        values (convert_to($2, 'UTF8'), $1, 'reset', $2, now() + interval '1 hour')";
    world.run_sql(token, &[&id, &person.email]).await;
    let progress = "insert into watch_progress (user_id, video_id, position_seconds) values ($1, $2, 61.5)";
    world.run_sql(progress, &[&id, &video.id.uuid()]).await;
    let play = "insert into streams (id, user_id, video_id, device) values ($2, $1, $2, 'television')";
    world.run_sql(play, &[&id, &video.id.uuid()]).await;
    world.run_sql("update videos set uploader_id = $1 where id = $2", &[&id, &video.id.uuid()]).await;
    let event = "
        insert into auth_events (id, name, user_id, session_id, subject_hash, ip_prefix, request_id, detail)
        values (gen_random_uuid(), 'user_deleted', $1, $1, 'subject', '203.0.113.0/24', 'request', 'detail')";
    world.run_sql(event, &[&id]).await;
    let paid = "
        insert into payment_logs (stripe_event_id, event_type, event_created, livemode, user_id, outcome, amount,
          currency, payload)
        values ('evt_' || $1, 'invoice.paid', 1, false, $1::text::uuid, 'applied', 900, 'eur', $2)";
    world.run_sql(paid, &[&id.to_string(), &person.email]).await;
}

/// The rows of every table that name this person by id or by address, by table.
async fn rows(world: &World, person: &Person) -> Value {
    let tables = "
        select table_name::text from information_schema.tables
         where table_schema = 'public' and table_type = 'BASE TABLE' order by table_name";
    let tables = world.owner.query(tables, &[]).await.expect("the catalogue is readable");
    let mut found = json!({});
    for table in tables.iter().map(|row| row.get::<_, String>(0)) {
        let select = format!(
            "select coalesce(jsonb_agg(to_jsonb(t)), '[]') from {table} t
              where to_jsonb(t)::text like '%' || $1 || '%' or to_jsonb(t)::text like '%' || $2 || '%'"
        );
        let row = world.owner.query_one(&select, &[&person.id.to_string(), &person.email]).await;
        let rows: Value = row.expect("the rows are readable").get(0);
        if rows != json!([]) {
            found[table] = rows;
        }
    }
    found
}

#[tokio::test]
async fn who_left_is_erased_from_every_table_but_for_what_was_paid_and_when() {
    let world = World::new().await;
    let other = Person::new(&world.owner).await;
    for person in [&world.person, &other] {
        known(&world, person).await;
    }
    world.row("sub_1", "status = 'canceled'").await;
    let others = rows(&world, &other).await;
    world.run_sql(&format!("{LEFT} where id = $1"), &[&world.person.id.uuid()]).await;
    let summary = world.settle("erase").await;
    assert_eq!((summary.erased, summary.held, summary.requests), (1, 0, 0));
    let left = rows(&world, &world.person).await;
    let tables: Vec<&String> = left.as_object().expect("tables").keys().collect();
    assert_eq!(tables, ["auth_events", "payment_logs", "subscriptions", "users"]);
    assert!(!left.to_string().contains(&world.person.email), "{left}");
    let check = |table: &str, columns: &[&str], expected: Value| {
        let found: Vec<&Value> = columns.iter().map(|column| &left[table][0][*column]).collect();
        assert_eq!(json!(found), expected, "{table}");
    };
    check(
        "users",
        &["email", "email_canonical", "verified_at", "open_checkout_session"],
        json!(["", "", null, null]),
    );
    check("payment_logs", &["payload", "amount", "currency"], json!([null, 900, "eur"]));
    check("subscriptions", &["stripe_subscription_id", "status"], json!(["sub_1", "canceled"]));
    let happened = ["name", "session_id", "subject_hash", "ip_prefix", "request_id", "detail"];
    check("auth_events", &happened, json!(["user_deleted", null, null, null, null, null]));
    assert_eq!(rows(&world, &other).await, others, "nobody else is touched");
    assert_eq!(world.settle("erase").await.erased, 0, "once");
}

/// Whether somebody like this is erased; who is due and is not is held.
async fn check(person: &str, row: Option<&str>, expected: (u64, i64)) {
    let world = World::new().await;
    world.run_sql(&format!("update users set {person}"), &[]).await;
    if let Some(row) = row {
        world.row("sub_1", row).await;
    }
    let summary = world.reconcile("erase").await;
    assert_eq!((summary.erased, summary.held), expected, "{person}, {row:?}");
    let erased: bool =
        world.owner.query_one("select email = '' from users", &[]).await.expect("a person").get(0);
    assert_eq!(erased, expected.0 == 1, "{person}, {row:?}");
}

#[tokio::test]
async fn nobody_is_erased_before_the_time_or_while_something_goes_on() {
    let due = "deleted_at = now() - interval '14 days'";
    check("deleted_at = null", None, (0, 0)).await;
    check("deleted_at = now() - interval '14 days' + interval '1 minute'", None, (0, 0)).await;
    check(due, None, (1, 0)).await;
    check(due, Some("status = 'canceled'"), (1, 0)).await;
    check(due, Some("status = 'incomplete_expired'"), (1, 0)).await;
    // Stripe does not know it, so that nothing is known of how it stands.
    check(due, Some("status = 'active'"), (0, 1)).await;
    check(due, Some("status = 'new-at-stripe'"), (0, 1)).await;
    check(due, Some("status = 'canceled', needs_sync = true"), (0, 1)).await;
    check("deleted_at = now() - interval '13 days'", Some("status = 'canceled'"), (0, 0)).await;
}

#[tokio::test]
async fn a_failure_at_stripe_erases_nothing_and_its_end_lets_the_erasure_happen() {
    let world = World::new().await;
    known(&world, &world.person).await;
    world.row("sub_1", "").await;
    world.run_sql(LEFT, &[]).await;
    world.stripe.knows(&subscription("sub_1", "active", world.now));
    let path = "DELETE /v1/subscriptions/sub_1";
    for status in [429, 500, 401] {
        world.run_sql("update subscriptions set sync_after = null", &[]).await;
        let before = rows(&world, &world.person).await["users"].clone();
        world.stripe.answers(path, status, json!({"error": {"type": "api_error"}}));
        let summary = world.reconcile("erase").await;
        assert!(summary.verdict().is_err(), "{status}");
        assert_eq!(summary.erased, 0, "{status}");
        assert_eq!(rows(&world, &world.person).await["users"], before, "{status}");
    }
    world.run_sql("update subscriptions set sync_after = null", &[]).await;
    world.stripe.answers(path, 200, subscription("sub_1", "canceled", world.now));
    let summary = world.settle("erase").await;
    assert_eq!((summary.ended, summary.erased, summary.held), (1, 1, 0));
}

#[tokio::test]
async fn jobs_beside_each_other_erase_each_person_once() {
    let world = World::new().await;
    for _ in 0..40 {
        Person::new(&world.owner).await;
    }
    world.run_sql("update users set deleted_at = now() - interval '15 days'", &[]).await;
    let mut jobs = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let parts = world.parts(&[]);
        jobs.spawn(async move {
            let arguments = reconcile::Arguments::read(&["erase".to_owned()]).expect("arguments");
            reconcile::run(parts, &arguments, std::future::pending()).await
        });
    }
    let summaries = jobs.join_all().await;
    assert!(summaries.iter().all(|summary| summary.verdict().is_ok()), "{summaries:?}");
    assert_eq!(summaries.iter().map(|summary| summary.erased).sum::<u64>(), 41);
}

/// Whether a row that this makes is dropped.
async fn check_dropped(table: &str, insert: &str, expected: bool) {
    let world = World::new().await;
    world.run_sql(&format!("insert into {table} {insert}"), &[]).await;
    let count = format!("select count(*) from {table}");
    let before: i64 = world.owner.query_one(&count, &[]).await.expect("a count").get(0);
    let told = world.settle("clean --dry-run").await;
    let still: i64 = world.owner.query_one(&count, &[]).await.expect("a count").get(0);
    assert_eq!((told.dropped, still), (i64::from(expected), before), "{insert}");
    assert_eq!(world.settle("clean").await.dropped, i64::from(expected), "{insert}");
    let after: i64 = world.owner.query_one(&count, &[]).await.expect("a count").get(0);
    assert_eq!(after, before - i64::from(expected), "{insert}");
}

#[tokio::test]
async fn what_is_long_over_is_dropped_and_nothing_else() {
    let session = |idle: &str, absolute: &str, revoked: &str| {
        format!(
            "(id, user_id, idle_expires_at, absolute_expires_at, revoked_at)
             select gen_random_uuid(), id, now() + interval '{idle}', now() + interval '{absolute}',
                    now() + interval '{revoked}' from users"
        )
    };
    check_dropped("sessions", &session("1 day", "1 day", "-31 days"), true).await;
    check_dropped("sessions", &session("1 day", "1 day", "-29 days"), false).await;
    check_dropped("sessions", &session("-31 days", "1 day", "1 day"), true).await;
    check_dropped("sessions", &session("-29 days", "-29 days", "-29 days"), false).await;
    check_dropped("sessions", &session("1 day", "-31 days", "1 day"), true).await;
    let mail = |expires: &str, sent: &str| {
        format!(
            "(id, recipient, template, expires_at, sent_at)
             values (gen_random_uuid(), 'a@example.com', 'reset', now() + interval '{expires}', {sent})"
        )
    };
    check_dropped("mail_outbox", &mail("-8 days", "null"), true).await;
    check_dropped("mail_outbox", &mail("-6 days", "null"), false).await;
    check_dropped("mail_outbox", &mail("1 day", "now() - interval '8 days'"), true).await;
    check_dropped("mail_outbox", &mail("1 day", "now() - interval '6 days'"), false).await;
    let token = |expires: &str| {
        format!(
            "(hash, user_id, purpose, email, expires_at)
             select 'hash', id, 'reset', email, now() + interval '{expires}' from users"
        )
    };
    check_dropped("one_time_tokens", &token("-25 hours"), true).await;
    check_dropped("one_time_tokens", &token("-23 hours"), false).await;
    let counter = |touched: &str, until: &str| {
        format!("(key, count, touched_at, until) values ('key', 1, now() + interval '{touched}', {until})")
    };
    check_dropped("auth_throttle", &counter("-25 hours", "null"), true).await;
    check_dropped("auth_throttle", &counter("-23 hours", "null"), false).await;
    check_dropped("auth_throttle", &counter("-40 days", "now() + interval '1 hour'"), false).await;
    check_dropped("auth_throttle", &counter("-40 days", "now() - interval '23 hours'"), false).await;
    check_dropped("auth_throttle", &counter("-40 days", "now() - interval '25 hours'"), true).await;
}

#[tokio::test]
async fn thousands_of_rows_are_dropped_in_pieces_and_a_held_one_is_passed_by() {
    let world = World::new().await;
    let insert = "
        insert into auth_throttle (key, touched_at)
        select convert_to(n::text, 'UTF8'), now() - interval '2 days' from generate_series(1, 2500) n";
    world.run_sql(insert, &[]).await;
    let mut holder = world.database.owner().await;
    let held = holder.transaction().await.expect("a transaction");
    held.execute("select key from auth_throttle where key = '7' for update", &[]).await.expect("a lock");
    assert_eq!(world.settle("clean").await.dropped, 2_499);
    held.rollback().await.expect("the lock is given up");
    assert_eq!(world.settle("clean").await.dropped, 1);
}

#[tokio::test]
async fn a_dry_run_counts_who_is_due_and_changes_nothing() {
    let world = World::new().await;
    known(&world, &world.person).await;
    world.run_sql(LEFT, &[]).await;
    let before = rows(&world, &world.person).await;
    assert_eq!(world.settle("erase clean --dry-run").await.erased, 1);
    assert_eq!(rows(&world, &world.person).await, before);
}
