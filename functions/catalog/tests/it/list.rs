//! Which titles are shown, in which order, and page by page.

use http::Uri;
use streamly::ids::VideoId;
use testkit::Video;

use crate::suite::{LIST, Suite, ids};

impl Suite {
    /// Every page of so many, from the first to the last.
    async fn pages(&self, limit: usize, q: &str) -> Vec<Vec<String>> {
        let mut pages = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.page(&format!("?limit={limit}{q}{cursor}")).await;
            pages.push(ids(&page));
            assert!(pages.len() < 100, "it has no end");
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return pages,
            }
        }
    }

    /// So many titles, each a minute older than the one before.
    async fn titles(&self, count: u16) -> Vec<String> {
        let mut made = Vec::new();
        for number in 0..count {
            let published = Some(-60.0 * f64::from(number + 1));
            made.push(self.add(Video { published, ..Video::default() }).await.to_string());
        }
        made
    }
}

#[tokio::test]
async fn the_newest_come_first() {
    let suite = Suite::new().await;
    let titles = suite.titles(5).await;
    assert_eq!(suite.ids("").await, titles);
    suite.set(titles[4].parse().expect("an id"), "published_at", "now() - interval '1 second'").await;
    let order = [4, 0, 1, 2, 3].map(|number| titles[number].clone());
    assert_eq!(suite.ids("").await, order);
}

#[tokio::test]
async fn shown_is_what_is_published_and_within_its_dates() {
    let suite = Suite::new().await;
    let minute = |ago: &str| format!("now() {ago} interval '1 minute'");
    let cases: [(&str, &str, bool); 15] = [
        ("status", "'ready'", true),
        ("status", "'preparing'", true),
        ("status", "'waiting'", true),
        ("status", "'errored'", false),
        ("status", "'deleted'", false),
        ("published_at", "null", false),
        ("published_at", &minute("+"), false),
        ("published_at", &minute("-"), true),
        ("unpublished_at", &minute("-"), false),
        ("unpublished_at", &minute("+"), true),
        ("available_from", &minute("+"), false),
        ("available_from", &minute("-"), true),
        ("available_until", &minute("-"), false),
        ("available_until", &minute("+"), true),
        ("available_until", "'infinity'", true),
    ];
    for (column, value, is_shown) in cases {
        let video = suite.add(Video::default()).await;
        suite.set(video, column, value).await;
        let listed = suite.ids("?limit=100").await.contains(&video.to_string());
        let shown = suite.get(&format!("{LIST}/{video}")).await;
        assert_eq!(listed, is_shown, "{column} = {value}");
        let expected = if is_shown { (200, "") } else { (404, "video-not-found") };
        assert_eq!(shown.outcome(), (expected.0, expected.1.to_owned()), "{column} = {value}");
        suite.owner.run("delete from videos", &[]).await;
    }
}

#[tokio::test]
async fn pages_hold_every_title_once() {
    let suite = Suite::new().await;
    let titles = suite.titles(11).await;
    for limit in [1, 2, 5, 10, 11, 12, 100] {
        let pages = suite.pages(limit, "").await;
        let full = pages.iter().rev().skip(1).all(|page| page.len() == limit);
        assert!(full && pages.iter().all(|page| !page.is_empty()), "{limit}: {pages:?}");
        assert_eq!(pages.concat(), titles, "{limit}");
    }
}

#[tokio::test]
async fn titles_of_one_instant_and_of_impossible_dates_have_their_places_too() {
    let suite = Suite::new().await;
    for date in ["now() - interval '1 hour'", "'1969-07-20Z'", "'-infinity'", "'4000-01-01 BC'"] {
        for _ in 0..4 {
            let video = suite.add(Video::default()).await;
            suite.set(video, "published_at", date).await;
        }
    }
    suite
        .owner
        .run(
            "update videos set published_at = date_trunc('hour', published_at) where published_at > 'epoch'",
            &[],
        )
        .await;
    let whole = suite.ids("?limit=100").await;
    assert_eq!(whole.len(), 16);
    assert_eq!(suite.pages(3, "").await.concat(), whole);
    let page = suite.page("?limit=100").await;
    assert_eq!(page["videos"][15]["published_at"], "1970-01-01T00:00:00Z");
}

#[tokio::test]
async fn a_page_goes_on_where_the_one_before_ended_whatever_happened_since() {
    let suite = Suite::new().await;
    let titles = suite.titles(6).await;
    let first = suite.page("?limit=3").await;
    assert_eq!(ids(&first), titles[..3]);
    let next = format!("?limit=3&cursor={}", first["next_cursor"].as_str().expect("a cursor"));
    // A new one, and the last of the page gone.
    suite.add(Video { published: Some(-1.0), ..Video::default() }).await;
    suite.owner.run("delete from videos where id::text = $1", &[&titles[2]]).await;
    assert_eq!(suite.ids(&next).await, titles[3..]);
    suite.owner.run("delete from videos", &[]).await;
    let empty = suite.page(&next).await;
    assert_eq!((ids(&empty).len(), empty["next_cursor"].is_null()), (0, true));
}

#[tokio::test]
async fn a_page_has_twenty_titles_unless_another_number_up_to_a_hundred_is_asked_for() {
    let suite = Suite::new().await;
    let titles = suite.titles(101).await;
    for (query, count) in [("", 20), ("?limit=1", 1), ("?limit=100", 100), ("?limit=050", 50)] {
        assert_eq!(suite.ids(query).await, titles[..count], "{query}");
    }
    for query in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=",
        "limit=1.5",
        "limit=+1",
        "limit=x",
        "limit=99999999999",
        "limit=1&limit=1",
    ] {
        let reply = suite.get(&format!("{LIST}?{query}")).await;
        assert_eq!(reply.outcome(), (422, "validation-error".to_owned()), "{query}");
        assert_eq!(reply.json()["errors"][0]["pointer"], "#/limit", "{query}");
    }
}

#[tokio::test]
async fn a_cursor_that_no_page_gave_is_refused() {
    let suite = Suite::new().await;
    suite.titles(3).await;
    let page = suite.page("?limit=1").await;
    let good = page["next_cursor"].as_str().expect("a cursor").to_owned();
    let long = "A".repeat(4_000);
    for cursor in [
        "",
        "x",
        "null",
        "'%20or%201=1",
        &good[1..],
        &format!("{good}%00"),
        &format!("{good}&cursor={good}"),
        &long,
    ] {
        let reply = suite.get(&format!("{LIST}?cursor={cursor}")).await;
        assert_eq!(reply.outcome(), (400, "invalid-cursor".to_owned()), "{cursor}");
    }
    assert_eq!(suite.ids(&format!("?cursor={good}")).await.len(), 2);
    // What else is asked for is passed over.
    assert_eq!(suite.ids(&format!("?cursor={good}&key=abc&page=3")).await.len(), 2);
}

#[tokio::test]
async fn an_id_that_is_none_is_no_title() {
    let suite = Suite::new().await;
    let video = suite.add(Video::default()).await;
    assert_eq!(suite.get(&format!("{LIST}/{}", video.to_string().to_uppercase())).await.status, 200);
    for id in [
        VideoId::new().to_string(),
        video.uuid().simple().to_string(),
        "..%2F..%2Fetc%2Fpasswd".to_owned(),
        "1%20OR%201=1".to_owned(),
        "%00".to_owned(),
        "%F0%9F%8E%AC".to_owned(),
        "a".repeat(10_000),
    ] {
        let path: Uri = format!("{LIST}/{id}").parse().expect("a path");
        let reply = suite.get(&path.to_string()).await;
        assert_eq!(reply.outcome(), (404, "video-not-found".to_owned()), "{id}");
    }
}
