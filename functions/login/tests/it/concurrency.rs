//! Many at once: what is counted is counted exactly, and nothing is done twice.

use crate::suite::{ADA, PASSWORD, Suite, check, from, hasher};
use login::Parts;
use streamly::accounts::hash::{Capacity, Cost, Hasher};
use streamly::accounts::policy::Password;
use streamly::ids::UserId;
use testkit::ask_all;
use testkit::replies::{counts, outcomes};

#[tokio::test(flavor = "multi_thread")]
async fn parallel_guesses_pass_no_limit() {
    let suite = Suite::new(&[("DATABASE_POOL_SIZE", "16")]).await;
    suite.owner.user_with_password(ADA).await;
    let guesses = (1..=16).map(|host| from(&format!("203.0.113.{host}"), ADA, "analytical engine"));
    let found = outcomes(&ask_all(&suite.function, guesses).await);
    assert_eq!(found, counts([((401, "invalid-credentials"), 10), ((429, "too-many-requests"), 6)]));
    assert_eq!(suite.owner.attempts(ADA).await, 10);
    assert_eq!(suite.owner.value::<i32>("select failures from credentials").await, 10);
    assert_eq!(suite.owner.count("auth_events where name = 'authn_login_fail'").await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_clients_requests_at_once_are_counted_one_by_one() {
    let suite = Suite::new(&[("THROTTLE_IP_CREDENTIALS", "3/3600,100/3601")]).await;
    let requests = (0..12).map(|_| from("203.0.113.1", &format!("{}@example.com", UserId::new()), PASSWORD));
    let found = outcomes(&ask_all(&suite.function, requests).await);
    assert_eq!(found, counts([((401, "invalid-credentials"), 3), ((429, "too-many-requests"), 9)]));
    assert_eq!(suite.owner.count("auth_throttle where count = 12").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_at_once_leave_no_more_sessions_than_the_limit() {
    let suite = Suite::new(&[]).await;
    let ada = suite.owner.user_with_password(ADA).await;
    let insert = "
        insert into sessions (id, user_id, last_used_at, idle_expires_at, absolute_expires_at)
        select gen_random_uuid(), $1, now() - interval '1 hour', now() + interval '1 day', now() + interval '1 day'
          from generate_series(1, 17)";
    suite.owner.run(insert, &[&ada.uuid()]).await;
    let replies = ask_all(&suite.function, (0..8).map(|_| from("203.0.113.1", ADA, PASSWORD))).await;
    assert_eq!(outcomes(&replies), counts([((200, ""), 8)]));
    assert_eq!(suite.owner.count("sessions where revoked_at is null").await, 20);
    for reply in &replies {
        let live = "select count(*) from sessions where id::text = $1 and revoked_at is null";
        let id = reply.json()["session_id"].as_str().unwrap().to_owned();
        assert_eq!(suite.owner.query_one(live, &[&id]).await.unwrap().get::<_, i64>(0), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_that_replace_an_older_hash_at_once_all_succeed() {
    let suite = Suite::new(&[]).await;
    let older = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    suite.owner.user_with_hash(ADA, older).await;
    let replies = ask_all(&suite.function, (0..6).map(|_| from("203.0.113.1", ADA, "password"))).await;
    assert_eq!(outcomes(&replies), counts([((200, ""), 6)]));
    assert_eq!(suite.owner.count("credentials where phc like '$argon2id$v=19$m=19456,t=2,p=1$%'").await, 1);
    assert_eq!(suite.owner.count("sessions").await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_surplus_of_200_logins_at_once_is_turned_away_and_not_counted() {
    // Room for one hash at a time.
    let small =
        |parts| Parts { hasher: Hasher::new(Cost::default(), Capacity::new(160 << 20, 1)).unwrap(), ..parts };
    let suite = Suite::with(&[("DATABASE_POOL_SIZE", "20")], small).await;
    let phc = hasher().hash(&Password::new(PASSWORD).unwrap()).await.unwrap();
    let people = "
        insert into users (id, email, email_canonical, verified_at)
        select gen_random_uuid(), address, address, now()
          from generate_series(1, 200) as number, lateral (select 'p' || number || '@example.com' as address) as named";
    suite.owner.run(people, &[]).await;
    let hashes = "insert into credentials (user_id, kind, phc) select id, 'password', $1 from users";
    suite.owner.run(hashes, &[&phc.expose()]).await;

    let replies = ask_all(
        &suite.function,
        (1..=200).map(|number| from("203.0.113.1", &format!("p{number}@example.com"), PASSWORD)),
    )
    .await;
    for reply in &replies {
        check(reply, if reply.status == 200 { (200, "") } else { (503, "overloaded") });
    }
    let succeeded = replies.iter().filter(|reply| reply.status == 200).count();
    assert!((1..200).contains(&succeeded), "{succeeded}");
    assert_eq!(suite.owner.count("sessions").await, i64::try_from(succeeded).unwrap());
    // Of the accounts, only one client's window is counted.
    assert_eq!(suite.owner.count("auth_throttle where count > 0").await, 1);
    let (number, _) = replies.iter().enumerate().find(|(_, reply)| reply.status == 503).unwrap();
    check(&suite.log_in(&format!("p{}@example.com", number + 1), PASSWORD).await, (200, ""));
}

#[tokio::test]
async fn an_attempt_that_waited_while_a_rival_began_the_accounts_wait_is_refused() {
    let suite = Suite::new(&[]).await;
    suite.owner.user_with_password(ADA).await;
    suite.log_in(ADA, "analytical engine").await;
    let rival = suite.database.owner().await;
    rival
        .batch_execute(
            "begin; update auth_throttle set count = 10, until = now() + interval '30 seconds' where until is null",
        )
        .await
        .unwrap();
    let reply = suite.database.behind(&rival, suite.log_in(ADA, PASSWORD)).await;
    check(&reply, (429, "too-many-requests"));
    assert_eq!(suite.owner.attempts(ADA).await, 10);
}
