//! Without a database, or with one that is slow, locked or read-only: 503, never a token, and the next request works.

use crate::stage::{Stage, function, outcome, path, signed_in};
use std::time::{Duration, Instant};
use testkit::{Proxy, Reply, Video, ask, get};

#[track_caller]
fn check_unavailable(reply: &Reply) {
    assert_eq!(outcome(reply), "503 unavailable");
    assert!(!reply.header("retry-after").is_empty());
    for leak in ["postgres", "connection", "refused", "sql", "timeout", "videos::"] {
        assert!(!reply.text().to_lowercase().contains(leak), "{}", reply.text());
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_noticed_and_so_is_its_return() {
    let stage = Stage::new().await;
    let proxy = Proxy::start(&stage.database).await.expect("a port is free");
    let instance = function(&stage.database, &[("DATABASE_URL", &proxy.url("playback"))], stage.now);
    let person = stage.payer("basic").await;
    let free = stage.video(Video { access: "free", ..Video::default() }).await;
    let gated = stage.video(Video::default()).await;
    assert_eq!(outcome(&ask(&instance, get(&path(free))).await), "200 full free");
    for _ in 0..3 {
        proxy.cut();
        // The tokens of the free title are in the cache, and yet nothing is given out unasked.
        check_unavailable(&ask(&instance, get(&path(free))).await);
        check_unavailable(&ask(&instance, signed_in(&path(gated), &person, stage.now)).await);
        proxy.restore();
        assert_eq!(outcome(&ask(&instance, get(&path(free))).await), "200 full free");
    }
    let reply = ask(&instance, signed_in(&path(gated), &person, stage.now)).await;
    assert_eq!(outcome(&reply), "200 full subscription");
}

#[tokio::test]
async fn connections_that_the_server_ended_are_replaced() {
    let stage = Stage::new().await;
    let free = stage.video(Video { access: "free", ..Video::default() }).await;
    for _ in 0..3 {
        assert_eq!(outcome(&stage.anonymously(free).await), "200 full free");
        stage.database.end_connections("playback").await;
    }
}

#[tokio::test]
async fn a_database_that_hears_nothing_is_given_up_in_time() {
    let stage = Stage::new().await;
    let proxy = Proxy::start(&stage.database).await.expect("a port is free");
    let instance = function(&stage.database, &[("DATABASE_URL", &proxy.url("playback"))], stage.now);
    let free = stage.video(Video { access: "free", ..Video::default() }).await;
    assert_eq!(outcome(&ask(&instance, get(&path(free))).await), "200 full free");
    proxy.stall();
    let began = Instant::now();
    check_unavailable(&ask(&instance, get(&path(free))).await);
    assert!(began.elapsed() < Duration::from_secs(11), "{:?}", began.elapsed());
    proxy.restore();
    assert_eq!(outcome(&ask(&instance, get(&path(free))).await), "200 full free");
}

#[tokio::test]
async fn a_wait_behind_the_callers_own_lock_ends_in_time_and_others_pass() {
    let stage = Stage::new().await;
    let (person, other) = (stage.payer("basic").await, stage.payer("basic").await);
    let video = stage.video(Video::default()).await;
    let holder = stage.database.owner().await;
    let lock = format!("begin; select pg_advisory_xact_lock(hashtextextended('streams {}', 0))", person.id);
    holder.batch_execute(&lock).await.expect("locked");
    let began = Instant::now();
    check_unavailable(&stage.as_person(video, &person).await);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!(outcome(&stage.as_person(video, &other).await), "200 full subscription");
    holder.batch_execute("rollback").await.expect("ended");
    assert_eq!(stage.count("select count(*) from streams").await, 1);
    assert_eq!(outcome(&stage.as_person(video, &person).await), "200 full subscription");
}

#[tokio::test]
async fn a_read_only_database_opens_no_play_but_shows_what_needs_none() {
    let stage = Stage::new().await;
    let person = stage.payer("basic").await;
    let free = stage.video(Video { access: "free", ..Video::default() }).await;
    let gated = stage.video(Video::default()).await;
    let name = stage.database.name();
    let set = |value: &str| format!("alter database {name} set default_transaction_read_only = {value}");
    stage.owner.batch_execute(&set("on")).await.expect("set");
    let instance = stage.another(&[], stage.now);
    check_unavailable(&ask(&instance, signed_in(&path(gated), &person, stage.now)).await);
    assert_eq!(outcome(&ask(&instance, get(&path(free))).await), "200 full free");
}

#[tokio::test]
async fn the_role_may_do_nothing_else() {
    let stage = Stage::new().await;
    let connection = stage.database.pool("playback").get().await.expect("a connection");
    for refused in [
        "select email from users",
        "select phc from credentials",
        "select user_agent from sessions",
        "select stripe_customer_id from subscriptions",
        "select * from videos",
        "update videos set access = 'free'",
        "update subscriptions set status = 'active'",
        "update watch_progress set position_seconds = 0",
        "update streams set ended_at = now()",
        "update streams set user_id = id",
        "delete from streams",
        "insert into videos (id) values (gen_random_uuid())",
        "select * from payment_logs",
        "select * from mail_outbox",
        "select * from auth_events",
        "select * from auth_throttle",
        "select * from one_time_tokens",
    ] {
        let error = connection.batch_execute(refused).await.expect_err(refused);
        assert_eq!(
            error.code().map(tokio_postgres::error::SqlState::code),
            Some("42501"),
            "{refused}: {error:?}"
        );
    }
}
