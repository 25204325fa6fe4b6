//! The database fails: nothing is half-done, the answer is 503, and the next delivery is applied.

use serde_json::Value;
use testkit::{Proxy, Reply, ask};

use crate::events::{CREATED, event, subscription};
use crate::world::{DAY, World, outcome, parts, pool};

fn created(world: &World) -> Value {
    event("evt_1", CREATED, world.now, &subscription("active", world.now + DAY))
}

#[track_caller]
fn check_unavailable(reply: &Reply) {
    assert_eq!(outcome(reply), (503, "unavailable".to_owned()));
    assert!(!reply.header("retry-after").is_empty());
    let text = reply.text();
    for secret in ["select", "insert", "payment_logs", "sub_1", "whsec", "terminat", "read-only"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn without_a_database_the_next_delivery_counts() {
    let world = World::new().await;
    let proxy = Proxy::start(&world.database).await.expect("a proxy");
    let webhook = webhook::routes(parts(&world.database, pool(&proxy.url("webhook"), "2"), world.now, &[]));
    let told = created(&world).to_string();
    proxy.cut();
    check_unavailable(&ask(&webhook, world.signed(told.as_bytes())).await);
    assert_eq!(world.rows().await, (0, 0));
    proxy.restore();
    assert_eq!(outcome(&ask(&webhook, world.signed(told.as_bytes())).await), (200, "applied".to_owned()));
    // Connections that die while they rest are noticed before they are used.
    proxy.cut();
    check_unavailable(&ask(&webhook, world.signed(told.as_bytes())).await);
    proxy.restore();
    assert_eq!(outcome(&ask(&webhook, world.signed(told.as_bytes())).await), (200, "duplicate".to_owned()));
    assert_eq!(world.rows().await, (1, 1));
}

#[tokio::test]
async fn a_connection_killed_within_the_transaction_leaves_nothing() {
    let world = World::new().await;
    let told = created(&world).to_string();
    // The person's row is locked, so the transaction has entered the event and waits.
    let holder = world.database.owner().await;
    holder.batch_execute("begin; select from users for update").await.expect("a lock");
    let (webhook, request) = (world.webhook.clone(), world.signed(told.as_bytes()));
    let delivery = tokio::spawn(async move { ask(&webhook, request).await });
    let superuser = world.database.superuser().await;
    let kill = "
        select pg_terminate_backend(pid)
          from pg_stat_activity
         where datname = current_database() and usename like '%webhook' and wait_event_type = 'Lock'";
    while superuser.query(kill, &[]).await.expect("the activity is readable").is_empty() {}
    check_unavailable(&delivery.await.expect("no panic"));
    holder.batch_execute("rollback").await.expect("the lock ends");
    assert_eq!(world.rows().await, (0, 0));
    world.apply(&created(&world)).await;
    assert_eq!(world.rows().await, (1, 1));
    assert_eq!(world.stored("sub_1").await["status"], "active");
}

#[tokio::test]
async fn a_read_only_database_is_unavailable() {
    let world = World::new().await;
    let name = world.database.name();
    let switch = |to: &str| format!("alter database {name} set default_transaction_read_only = {to}");
    world.owner.batch_execute(&switch("on")).await.expect("it becomes read-only");
    let told = created(&world).to_string();
    let reply = ask(&world.webhook, world.signed(told.as_bytes())).await;
    check_unavailable(&reply);
    // An event that is only noted needs to write as well.
    let ignored = event("evt_2", "invoice.created", world.now, &Value::Null).to_string();
    check_unavailable(&ask(&world.webhook, world.signed(ignored.as_bytes())).await);
    world.owner.batch_execute(&switch("off")).await.expect("it becomes writable");
    assert_eq!(world.rows().await, (0, 0));
    world.database.end_connections("webhook").await;
    world.apply(&created(&world)).await;
}

#[tokio::test]
async fn a_request_that_is_given_up_within_the_transaction_leaves_nothing() {
    let world = World::new().await;
    let told = created(&world).to_string();
    let holder = world.database.owner().await;
    holder.batch_execute("begin; select from users for update").await.expect("a lock");
    let (webhook, request) = (world.webhook.clone(), world.signed(told.as_bytes()));
    let delivery = tokio::spawn(async move { ask(&webhook, request).await });
    let waiting = "
        select from pg_stat_activity
         where datname = current_database() and usename like '%webhook' and wait_event_type = 'Lock'";
    let superuser = world.database.superuser().await;
    while superuser.query(waiting, &[]).await.expect("the activity is readable").is_empty() {}
    delivery.abort();
    assert!(delivery.await.is_err_and(|ended| ended.is_cancelled()));
    holder.batch_execute("rollback").await.expect("the lock ends");
    // Its connection is closed, so its transaction cannot be committed by whoever comes next.
    world.apply(&created(&world)).await;
    assert_eq!(world.rows().await, (1, 1));
}

#[tokio::test]
async fn even_a_defect_of_ours_is_delivered_again() {
    let world = World::new().await;
    world
        .owner
        .batch_execute("alter table subscriptions rename column plan to poison")
        .await
        .expect("the owner may");
    let told = created(&world).to_string();
    let reply = ask(&world.webhook, world.signed(told.as_bytes())).await;
    check_unavailable(&reply);
    assert!(!reply.text().contains("plan"), "{}", reply.text());
    assert_eq!(world.rows().await, (0, 0));
    world
        .owner
        .batch_execute("alter table subscriptions rename column poison to plan")
        .await
        .expect("the owner may");
    world.apply(&created(&world)).await;
}

#[tokio::test]
async fn an_event_takes_one_transaction_of_four_round_trips() {
    let world = World::new().await;
    let proxy = Proxy::start(&world.database).await.expect("a proxy");
    let webhook = webhook::routes(parts(&world.database, pool(&proxy.url("webhook"), "1"), world.now, &[]));
    let ignored =
        event("evt_0", "plan.created", world.now, &serde_json::json!({ "id": "plan_1", "object": "plan" }));
    assert_eq!(outcome(&ask(&webhook, world.signed(ignored.to_string().as_bytes())).await).0, 200);
    let told = created(&world).to_string();
    for (what, expected) in [("applied", 4), ("duplicate", 3)] {
        let before = proxy.round_trips();
        let reply = ask(&webhook, world.signed(told.as_bytes())).await;
        assert_eq!(outcome(&reply), (200, what.to_owned()));
        // One more asks whether the connection that rested still leads anywhere.
        assert_eq!(proxy.round_trips() - before, expected + 1, "{what}");
    }
}
