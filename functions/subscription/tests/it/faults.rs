//! The database fails: one answer while it is away, the right one when it is back, and not a word of it.

use streamly::db::Pool;
use testkit::{Proxy, Subscription, ask};

use crate::world::{World, parts, request};

#[tokio::test]
async fn while_the_database_is_away_the_answer_says_so() {
    let world = World::new().await;
    let person = world.person(&[Subscription::default()]).await;
    let proxy = Proxy::start(&world.database).await.expect("a proxy");
    let url = proxy.url("subscription").parse().expect("an address");
    let pool = Pool::new(url, None, "2".parse().expect("a size"));
    let subscription = subscription::routes(subscription::Parts { pool, ..parts(&world.database, &[]) });
    assert_eq!(ask(&subscription, request(&person)).await.status, 200);
    proxy.cut();
    let reply = ask(&subscription, request(&person)).await;
    assert_eq!(reply.outcome(), (503, "unavailable".to_owned()));
    assert!(!reply.header("retry-after").is_empty());
    assert!(!reply.text().contains("127.0.0.1"), "{}", reply.text());
    proxy.restore();
    assert_eq!(ask(&subscription, request(&person)).await.status, 200);
}

#[tokio::test]
async fn a_defect_of_ours_is_told_without_a_word_of_the_database() {
    let world = World::new().await;
    let person = world.person(&[]).await;
    let poison = "alter table subscriptions rename column plan to poison";
    world.owner.batch_execute(poison).await.expect("the owner may");
    let reply = world.ask(&person).await;
    assert_eq!(reply.outcome(), (500, "internal-error".to_owned()));
    for word in ["poison", "plan", "column", "entitlements"] {
        assert!(!reply.text().contains(word), "{word} in {}", reply.text());
    }
}
