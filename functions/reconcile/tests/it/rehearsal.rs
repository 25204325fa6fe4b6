//! A dry run tells what a run would do, column by column, and changes nothing.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::program::ended;
use crate::world::{DAY, UPDATED, World, event, subscription};

/// The columns that only note when and by what a row was written.
const NOTES: [&str; 10] = [
    "api_version",
    "checkout_session_id",
    "last_event_created",
    "last_event_id",
    "last_event_type",
    "sync_after",
    "sync_attempts",
    "sync_reason",
    "synced_at",
    "updated_at",
];

/// What a dry run writes: its exit status, and its lines that tell of something. No table is changed by it, and nothing
/// secret is written.
async fn rehearsed(world: &World, passes: &[&str]) -> Vec<Value> {
    let before = world.tables().await;
    assert!(before.len() > 10, "{before:?}");
    let (code, stdout, stderr) = ended(world, &[passes, &["--dry-run"]].concat()).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert_eq!(world.tables().await, before);
    for secret in ["sk_test", "example.com", "whsec", "postgres://"] {
        assert!(!stdout.contains(secret), "{secret}: {stdout}");
    }
    assert!(world.stripe.asked().iter().all(|asked| asked.starts_with("GET ")));
    let lines = stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    let (summary, told): (Vec<Value>, Vec<Value>) =
        lines.filter(|line| line["alert"].is_null()).partition(|line| line["reconcile.would"].is_null());
    assert_eq!(summary.len(), 1, "{stdout}");
    assert_eq!(
        (&summary[0]["reconcile.dry_run"], &summary[0]["reconcile.told"]),
        (&json!(true), &json!(told.len()))
    );
    told
}

/// A value of a row as a dry run writes it.
fn written(value: &Value) -> Value {
    let text = match value {
        Value::Null => return Value::Null,
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    // One instant has many spellings.
    let instant = OffsetDateTime::parse(&text, &Rfc3339).ok();
    json!(instant.map_or(text, |instant| instant.unix_timestamp_nanos().to_string()))
}

fn differences(old: &Value, new: &Value) -> BTreeMap<String, (Value, Value)> {
    let names = new.as_object().expect("a row").keys();
    let pairs = names.map(|name| (name.clone(), (written(&old[name]), written(&new[name]))));
    pairs.filter(|(name, (old, new))| old != new && !NOTES.contains(&name.as_str())).collect()
}

/// Holds what a dry run tells of a row against what a run then changes.
async fn check(world: &World, row: &str, object: &Value, expected: &[&str]) {
    world.marked("sub_1").await;
    if !row.is_empty() {
        world.run_sql(&format!("update subscriptions set {row}"), &[]).await;
    }
    world.stripe.knows(object);
    let before = world.stored("sub_1").await;
    let told = rehearsed(world, &["marked"]).await;
    world.settle("marked").await;
    let after = world.stored("sub_1").await;
    let changed = differences(&before, &after);
    let [line] = told.as_slice() else { panic!("{told:?}") };
    let pairs = line["reconcile.changes"].as_object().expect("an object").iter();
    let pairs = pairs.map(|(name, pair)| (name.clone(), (written(&pair["old"]), written(&pair["new"]))));
    assert_eq!(pairs.collect::<BTreeMap<_, _>>(), changed);
    assert_eq!(changed.keys().collect::<Vec<_>>(), expected);
    let named = ["reconcile.would", "reconcile.item", "reconcile.row", "severity"];
    let expected = json!(["change", "sub_1", before["id"], "INFO"]);
    assert_eq!(Value::from(named.map(|name| line[name].clone()).to_vec()), expected);
    let message = line["message"].as_str().expect("a sentence");
    for column in changed.keys() {
        assert!(message.contains(&format!(" {column} ")), "{column}: {message}");
    }
}

/// The columns of a row as the helper makes it that differ from a subscription as the helper makes it.
const ALWAYS: [&str; 5] =
    ["currency", "current_period_end", "current_period_start", "latest_invoice_id", "quantity"];

fn and_always(columns: &[&'static str]) -> Vec<&'static str> {
    let mut all = [columns, &ALWAYS, &["needs_sync"]].concat();
    all.sort_unstable();
    all
}

#[tokio::test]
async fn every_column_that_a_run_would_change_is_told_with_what_it_was_and_what_it_would_be() {
    let world = World::new().await;
    let mut object = subscription("sub_1", "past_due", world.now);
    object["items"]["data"][0]["price"]["id"] = json!("price_premium");
    for (name, days) in [("cancel_at", 3), ("canceled_at", -1), ("trial_end", -9)] {
        object[name] = json!(world.now + days * DAY);
    }
    object["cancel_at_period_end"] = json!(true);
    object["pause_collection"] = json!({"behavior": "void", "resumes_at": world.now + DAY});
    object["customer"] = json!("cus_9");
    let columns = [
        "cancel_at",
        "cancel_at_period_end",
        "canceled_at",
        "past_due_since",
        "pause_behavior",
        "pause_resumes_at",
        "plan",
        "price_id",
        "status",
        "stripe_customer_id",
        "trial_end",
    ];
    check(&world, "", &object, &and_always(&columns)).await;
}

#[tokio::test]
async fn what_a_row_keeps_is_not_told() {
    // A price that no plan names any more keeps its plan, and a payment that is due stays due since it was.
    let world = World::new().await;
    let mut object = subscription("sub_1", "past_due", world.now);
    object["items"]["data"][0]["price"]["id"] = json!("price_old");
    let row = "status = 'past_due', past_due_since = now() - interval '3 days', plan = 'gold', price_id = 'price_old'";
    check(&world, row, &object, &and_always(&[])).await;

    let world = World::new().await;
    let row = "status = 'past_due', past_due_since = now() - interval '3 days', ended_at = now(), price_id = 'price_old'";
    let object = subscription("sub_1", "active", world.now);
    check(&world, row, &object, &and_always(&["ended_at", "past_due_since", "price_id", "status"])).await;
}

#[tokio::test]
async fn a_row_that_is_as_stripe_says_is_told_of_by_its_mark_alone_or_not_at_all() {
    let world = World::new().await;
    world.marked("sub_1").await;
    world.stripe.knows(&subscription("sub_1", "active", world.now));
    world.settle("marked").await;
    world.run_sql("update subscriptions set needs_sync = true", &[]).await;
    let told = rehearsed(&world, &["marked"]).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["reconcile.changes"], json!({"needs_sync": {"old": "true", "new": "false"}}));
    world.run_sql("update subscriptions set needs_sync = false", &[]).await;
    world.stripe.lists("subscriptions", &[subscription("sub_1", "active", world.now)]);
    assert_eq!(rehearsed(&world, &["missed"]).await, [Value::Null; 0]);
}

#[tokio::test]
async fn everything_that_a_run_would_do_is_told_once() {
    let world = World::new().await;
    let other = testkit::Person::new(&world.owner).await;
    world.marked("sub_1").await;
    world.row("sub_2", "synced_at = now() - interval '2 days'").await;
    world.row("sub_5", "").await;
    for (id, status) in [("sub_1", "unpaid"), ("sub_2", "active"), ("sub_5", "active")] {
        world.stripe.knows(&subscription(id, status, world.now));
    }
    let mut new = subscription("sub_3", "active", world.now);
    (new["customer"], new["metadata"]["user_id"]) = (json!("cus_3"), json!(other.id.to_string()));
    let mut strange = subscription("sub_4", "active", world.now);
    strange["customer"] = json!("cus_4");
    let known = [subscription("sub_1", "unpaid", world.now), subscription("sub_2", "active", world.now)];
    world.stripe.lists("subscriptions", &[known.to_vec(), vec![new.clone(), strange.clone()]].concat());
    world.unmatched(&event("evt_2", UPDATED, world.now, &strange)).await;
    world.stripe.lists(
        "events",
        &[event("evt_1", UPDATED, world.now, &new), event("evt_2", UPDATED, world.now, &strange)],
    );
    let told = rehearsed(&world, &["marked", "overdue", "missed", "replay"]).await;
    let named: Vec<(&str, &str)> = told
        .iter()
        .map(|line| ["reconcile.would", "reconcile.item"].map(|name| line[name].as_str().expect("a word")))
        .map(|[would, item]| (would, item))
        .collect();
    let expected = [
        ("change", "sub_1"),
        ("change", "sub_2"),
        ("enter", "evt_1"),
        ("insert", "sub_3"),
        ("mark", "sub_5"),
        ("replay", "evt_2"),
    ];
    assert_eq!(named, expected);
    assert_eq!(told[3]["user.id"], other.id.to_string());
    assert_eq!(told[3]["reconcile.changes"]["status"], json!({"old": null, "new": "active"}));
    assert_eq!(told[4]["reconcile.row"], world.stored("sub_5").await["id"]);
    assert_eq!(told[5]["stripe.event.type"], UPDATED);
}

#[tokio::test]
async fn an_end_at_stripe_and_an_erasure_are_told() {
    let world = World::new().await;
    world.row("sub_1", "").await;
    world.stripe.knows(&subscription("sub_1", "active", world.now));
    world.run_sql("update users set deleted_at = now() - interval '15 days'", &[]).await;
    let told = rehearsed(&world, &[]).await;
    let cancel = told.iter().find(|line| line["reconcile.would"] == "cancel").expect("it is told");
    assert_eq!(
        (&cancel["reconcile.item"], &cancel["reconcile.row"]),
        (&json!("sub_1"), &world.stored("sub_1").await["id"])
    );
    world.run_sql("update subscriptions set status = 'canceled'", &[]).await;
    world.stripe.knows(&subscription("sub_1", "canceled", world.now));
    let told = rehearsed(&world, &["erase"]).await;
    let found: Vec<_> = told.iter().map(|line| (&line["reconcile.would"], &line["user.id"])).collect();
    assert_eq!(found, [(&json!("erase"), &json!(world.person.id.to_string()))]);
}

#[tokio::test]
async fn a_thin_event_that_was_nobodys_tells_what_its_subscription_would_become() {
    let world = World::new().await;
    let object = subscription("sub_1", "active", world.now);
    world.stripe.knows(&object);
    let thin = json!({"id": "evt_1", "object": "v2.core.event", "type": "v1.customer.subscription.updated",
        "created": "2026-11-25T12:00:00.000Z", "livemode": false,
        "related_object": {"id": "sub_1", "type": "subscription", "url": "/v1/subscriptions/sub_1"}});
    world.unmatched(&thin).await;
    let words = |told: &[Value]| told.iter().map(|line| line["reconcile.would"].clone()).collect::<Vec<_>>();
    assert_eq!(words(&rehearsed(&world, &["replay"]).await), ["insert", "replay"]);
    // Somebody told of it meanwhile.
    world.row("sub_1", "").await;
    assert_eq!(words(&rehearsed(&world, &["replay"]).await), ["change", "replay"]);
}
