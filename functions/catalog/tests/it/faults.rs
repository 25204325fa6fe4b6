//! The database fails: one answer while it is away, the right one when it is back, and not a word of it.

use catalog::Parts;
use streamly::db::Pool;
use testkit::{Proxy, Video, ask, get};

use crate::suite::{LIST, Suite, parts};

#[tokio::test]
async fn while_the_database_is_away_the_answer_says_so() {
    let suite = Suite::new().await;
    let video = suite.add(Video::default()).await;
    let proxy = Proxy::start(&suite.database).await.expect("a proxy");
    let pool =
        Pool::new(proxy.url("catalog").parse().expect("an address"), None, "2".parse().expect("a size"));
    let function = catalog::routes(Parts { pool, ..parts(&suite.database, &[]) });
    for path in [LIST.to_owned(), format!("{LIST}?q=film"), format!("{LIST}/{video}")] {
        assert_eq!(ask(&function, get(&path)).await.status, 200);
        proxy.cut();
        let reply = ask(&function, get(&path)).await;
        assert_eq!(reply.outcome(), (503, "unavailable".to_owned()));
        assert_eq!(reply.header("cache-control"), "no-store");
        assert!(!reply.header("retry-after").is_empty());
        assert!(!reply.text().contains("127.0.0.1"), "{}", reply.text());
        proxy.restore();
        assert_eq!(ask(&function, get(&path)).await.status, 200);
    }
}

#[tokio::test]
async fn a_search_for_nothing_does_not_ask_the_database() {
    let suite = Suite::new().await;
    let proxy = Proxy::start(&suite.database).await.expect("a proxy");
    let pool =
        Pool::new(proxy.url("catalog").parse().expect("an address"), None, "2".parse().expect("a size"));
    let function = catalog::routes(Parts { pool, ..parts(&suite.database, &[]) });
    proxy.cut();
    assert_eq!(ask(&function, get(&format!("{LIST}?q=%21"))).await.status, 200);
}

#[tokio::test]
async fn a_defect_of_ours_is_told_without_a_word_of_the_database() {
    let suite = Suite::new().await;
    let video = suite.add(Video::default()).await;
    suite
        .owner
        .batch_execute("alter table videos rename column aspect_ratio to poison")
        .await
        .expect("the owner may");
    for path in [LIST.to_owned(), format!("{LIST}/{video}")] {
        let reply = suite.get(&path).await;
        assert_eq!(reply.outcome(), (500, "internal-error".to_owned()));
        assert_eq!(reply.header("cache-control"), "no-store");
        for word in ["poison", "aspect", "column", "listings"] {
            assert!(!reply.text().contains(word), "{word} in {}", reply.text());
        }
    }
}
