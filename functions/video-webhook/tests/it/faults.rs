//! The database fails: nothing is half-done, the answer is 503 in time, and the next delivery is applied.

use std::time::{Duration, Instant};
use testkit::{Proxy, Reply, Video, ask};

use crate::world::{MUX, World, asset, mux_event, outcome, pool, routes};

fn ready(world: &World, video: &Video) -> String {
    mux_event("evt_1", "video.asset.ready", world.now, &asset(video, "ready")).to_string()
}

#[track_caller]
fn check_unavailable(reply: &Reply) {
    assert_eq!(outcome(reply), (503, "unavailable".to_owned()));
    assert!(!reply.header("retry-after").is_empty());
    let text = reply.text();
    for secret in
        ["select", "insert", "webhook_events", "videos", "mux_test_secret", "terminat", "read-only", "poison"]
    {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn without_a_database_the_next_delivery_counts() {
    let world = World::new().await;
    let video = world.waiting("members").await;
    let proxy = Proxy::start(&world.database).await.expect("a proxy");
    let webhook = routes(&world.database, pool(&proxy.url("video-webhook"), "2"), world.now, &[]);
    let told = ready(&world, &video);
    proxy.cut();
    check_unavailable(&ask(&webhook, world.signed(&MUX, told.as_bytes())).await);
    proxy.restore();
    assert_eq!(
        outcome(&ask(&webhook, world.signed(&MUX, told.as_bytes())).await),
        (200, "applied".to_owned())
    );
    proxy.cut();
    check_unavailable(&ask(&webhook, world.signed(&MUX, told.as_bytes())).await);
    proxy.restore();
    assert_eq!(
        outcome(&ask(&webhook, world.signed(&MUX, told.as_bytes())).await),
        (200, "duplicate".to_owned())
    );
    assert_eq!(world.rows().await, (1, 1));
}

#[tokio::test]
async fn a_title_that_somebody_holds_is_given_up_before_mux_gives_up() {
    let world = World::new().await;
    let video = world.waiting("members").await;
    let holder = world.database.owner().await;
    holder.batch_execute("begin; select from videos for update").await.expect("a lock");
    let begun = Instant::now();
    check_unavailable(&ask(&world.webhook, world.signed(&MUX, ready(&world, &video).as_bytes())).await);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    holder.batch_execute("rollback").await.expect("the lock ends");
    assert_eq!(world.rows().await, (0, 1));
    let reply = ask(&world.webhook, world.signed(&MUX, ready(&world, &video).as_bytes())).await;
    assert_eq!(outcome(&reply), (200, "applied".to_owned()));
}

#[tokio::test]
async fn a_connection_killed_within_the_transaction_leaves_nothing() {
    let world = World::new().await;
    let video = world.waiting("members").await;
    // The title is locked, so the transaction has noted the event and waits.
    let holder = world.database.owner().await;
    holder.batch_execute("begin; select from videos for update").await.expect("a lock");
    let (webhook, request) = (world.webhook.clone(), world.signed(&MUX, ready(&world, &video).as_bytes()));
    let delivery = tokio::spawn(async move { ask(&webhook, request).await });
    let superuser = world.database.superuser().await;
    let kill = "
        select pg_terminate_backend(pid)
          from pg_stat_activity
         where datname = current_database() and usename like '%video_webhook' and wait_event_type = 'Lock'";
    while superuser.query(kill, &[]).await.expect("the activity is readable").is_empty() {}
    check_unavailable(&delivery.await.expect("no panic"));
    holder.batch_execute("rollback").await.expect("the lock ends");
    assert_eq!(world.rows().await, (0, 1));
    assert_eq!(world.status(&video).await, "waiting");
}

#[tokio::test]
async fn a_read_only_database_and_even_a_defect_of_ours_are_unavailable() {
    let world = World::new().await;
    let video = world.waiting("members").await;
    let told = ready(&world, &video);
    let name = world.database.name();
    let switch = |to: &str| format!("alter database {name} set default_transaction_read_only = {to}");
    world.owner.batch_execute(&switch("on")).await.expect("it becomes read-only");
    check_unavailable(&ask(&world.webhook, world.signed(&MUX, told.as_bytes())).await);
    world.owner.batch_execute(&switch("off")).await.expect("it becomes writable");
    world.database.end_connections("video-webhook").await;
    let rename = |from: &str, to: &str| format!("alter table videos rename column {from} to {to}");
    world.owner.batch_execute(&rename("aspect_ratio", "poison")).await.expect("the owner may");
    check_unavailable(&ask(&world.webhook, world.signed(&MUX, told.as_bytes())).await);
    assert_eq!(world.rows().await, (0, 1));
    world.owner.batch_execute(&rename("poison", "aspect_ratio")).await.expect("the owner may");
    let reply = ask(&world.webhook, world.signed(&MUX, told.as_bytes())).await;
    assert_eq!(outcome(&reply), (200, "applied".to_owned()));
}

#[tokio::test]
async fn an_event_takes_one_transaction_of_five_round_trips() {
    let world = World::new().await;
    let video = world.waiting("members").await;
    let proxy = Proxy::start(&world.database).await.expect("a proxy");
    let webhook = routes(&world.database, pool(&proxy.url("video-webhook"), "1"), world.now, &[]);
    let first = mux_event("evt_0", "video.asset.created", world.now, &asset(&video, "preparing"));
    assert_eq!(outcome(&ask(&webhook, world.signed(&MUX, first.to_string().as_bytes())).await).0, 200);
    for (what, expected) in [("applied", 5), ("duplicate", 3)] {
        let before = proxy.round_trips();
        let reply = ask(&webhook, world.signed(&MUX, ready(&world, &video).as_bytes())).await;
        assert_eq!(outcome(&reply), (200, what.to_owned()));
        // One more asks whether the connection that rested still leads anywhere.
        assert_eq!(proxy.round_trips() - before, expected + 1, "{what}");
    }
}
