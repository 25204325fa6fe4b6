//! What words find.

use testkit::Video;

use crate::suite::{LIST, Suite};

/// Titles and what they are about, the newest first.
const SHELF: [(&str, Option<&str>); 8] = [
    ("The Loom", Some("A weaver teaches a machine to count.")),
    ("Le Fabuleux Destin d'Amélie Poulain", Some("Paris, a waitress, and a garden gnome.")),
    ("Inception", Some("A thief steals secrets out of dreams.")),
    ("Crème Brûlée", Some("One dessert and five cooks.")),
    ("Der Himmel über Berlin", Some("Engel hören zu.")),
    ("100% Wolf", None),
    ("2001", Some("Odyssee im Weltraum")),
    ("Паразиты", Some("Одна семья и ещё одна.")),
];

struct Shelf(Suite);

impl Shelf {
    async fn new() -> Self {
        let suite = Suite::new().await;
        for (number, (title, description)) in (1u16..).zip(SHELF) {
            let published = Some(-60.0 * f64::from(number));
            suite.add(Video { title, description, published, ..Video::default() }).await;
        }
        Self(suite)
    }

    /// The titles that these words, percent-encoded, find.
    async fn check(&self, words: &str, expected: &[&str]) {
        let page = self.0.page(&format!("?q={words}")).await;
        let videos = page["videos"].as_array().expect("a list");
        let found: Vec<&str> = videos.iter().map(|video| video["title"].as_str().expect("text")).collect();
        assert_eq!(found, expected, "{words}");
    }
}

#[tokio::test]
async fn words_are_found_in_title_and_description_whole() {
    let shelf = Shelf::new().await;
    shelf.check("loom", &["The Loom"]).await;
    shelf.check("weaver", &["The Loom"]).await;
    shelf.check("machine+LOOM", &["The Loom"]).await;
    shelf.check("machine+dreams", &[]).await;
    shelf.check("2001", &["2001"]).await;
    shelf.check("odyssee", &["2001"]).await;
    // Not finished, and not of the title: nothing.
    shelf.check("odys", &[]).await;
}

#[tokio::test]
async fn case_and_accents_do_not_matter_on_either_side() {
    let shelf = Shelf::new().await;
    shelf.check("amelie", &["Le Fabuleux Destin d'Amélie Poulain"]).await;
    shelf.check("AM%C3%89LIE", &["Le Fabuleux Destin d'Amélie Poulain"]).await;
    // The same letter with its accent as a character of its own.
    shelf.check("Ame%CC%81lie", &["Le Fabuleux Destin d'Amélie Poulain"]).await;
    shelf.check("creme+brulee", &["Crème Brûlée"]).await;
    shelf.check("cr%C3%A8me", &["Crème Brûlée"]).await;
    shelf.check("uber", &["Der Himmel über Berlin"]).await;
    shelf.check("H%C3%B6ren", &["Der Himmel über Berlin"]).await;
    shelf.check("%D0%9F%D0%B0%D1%80%D0%B0%D0%B7%D0%B8%D1%82%D1%8B", &["Паразиты"]).await;
}

#[tokio::test]
async fn a_title_is_found_by_words_that_are_misspelt_or_not_finished() {
    let shelf = Shelf::new().await;
    shelf.check("incep", &["Inception"]).await;
    shelf.check("inceptoin", &["Inception"]).await;
    shelf.check("himel+berlin", &["Der Himmel über Berlin"]).await;
    shelf.check("amelei+poulain", &["Le Fabuleux Destin d'Amélie Poulain"]).await;
    shelf.check("brule", &["Crème Brûlée"]).await;
    shelf.check("xyzzy", &[]).await;
}

#[tokio::test]
async fn signs_that_mean_something_elsewhere_mean_nothing_here() {
    let shelf = Shelf::new().await;
    shelf.check("100%25", &["100% Wolf"]).await;
    shelf.check("100%25+wolf", &["100% Wolf"]).await;
    let all: Vec<&str> = SHELF.iter().map(|(title, _)| *title).collect();
    for nothing in ["", "+++", "%00", "%09"] {
        shelf.check(nothing, &all).await;
    }
    for sign in ["%25", "_", "*", "%3A*", "%22", "!", "%26%7C%28%29", "--", "%F0%9F%8E%AC", "%27"] {
        shelf.check(sign, &[]).await;
    }
    for signs in [
        "loom%00",
        "%22loom%22",
        "loom%26",
        "loom%29",
        "(loom",
        "loom%5C",
        "loom%F0%9F%8E%AC",
        "-loom",
        "%FFloom",
    ] {
        shelf.check(signs, &["The Loom"]).await;
    }
    shelf.check("loom%27%3B+drop+table+videos%3B--", &[]).await;
}

#[tokio::test]
async fn words_are_of_two_hundred_characters_at_most_and_given_once() {
    let shelf = Shelf::new().await;
    for (sign, bytes) in [("a", 1), ("%C3%A9", 2)] {
        assert_eq!(shelf.0.get(&format!("{LIST}?q={}", sign.repeat(200))).await.status, 200, "{bytes}");
        let reply = shelf.0.get(&format!("{LIST}?q={}", sign.repeat(201))).await;
        assert_eq!(reply.outcome(), (422, "validation-error".to_owned()), "{bytes}");
        assert_eq!(reply.json()["errors"][0]["pointer"], "#/q");
    }
    let twice = shelf.0.get(&format!("{LIST}?q=loom&q=wolf")).await;
    assert_eq!(twice.outcome(), (422, "validation-error".to_owned()));
}

#[tokio::test]
async fn what_is_not_shown_is_not_found() {
    let shelf = Shelf::new().await;
    shelf.check("loom", &["The Loom"]).await;
    shelf.0.owner.run("update videos set published_at = null where title = 'The Loom'", &[]).await;
    shelf.check("loom", &[]).await;
    shelf.0.owner.run("update videos set title = 'The Loom' where title = 'Inception'", &[]).await;
    shelf.check("loom", &["The Loom"]).await;
    shelf.check("inception", &[]).await;
}

#[tokio::test]
async fn what_is_found_comes_newest_first_and_page_by_page() {
    let suite = Suite::new().await;
    let mut made = Vec::new();
    for number in 1u8..=7 {
        let published = Some(-60.0 * f64::from(number));
        let title = if number % 2 == 0 { "The Loom" } else { "Wolf" };
        let id = suite.add(Video { title, published, ..Video::default() }).await;
        if title == "Wolf" {
            made.push(id.to_string());
        }
    }
    let first = suite.page("?q=wolf&limit=3").await;
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let second = suite.page(&format!("?q=wolf&limit=3&cursor={cursor}")).await;
    assert!(second["next_cursor"].is_null());
    let found = [crate::suite::ids(&first), crate::suite::ids(&second)].concat();
    assert_eq!(found, made);
}
