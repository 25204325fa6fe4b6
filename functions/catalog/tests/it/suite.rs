//! The function over a fresh database with titles in it.

use catalog::{Config, Parts};
use functions_framework::Routes;
use functions_framework::env::read_from;
use serde_json::Value;
use streamly::clock::Clock;
use streamly::ids::VideoId;
use testkit::{Database, Owner, Reply, Video, ask, get, variables};

pub(crate) const LIST: &str = "/v1/videos";

pub(crate) struct Suite {
    pub(crate) database: Database,
    pub(crate) owner: Owner,
    pub(crate) function: Routes<Parts>,
}

/// The parts under these variables.
pub(crate) fn parts(database: &Database, changes: &[(&str, &str)]) -> Parts {
    let config = read_from(&variables(database, "catalog", changes), Config::read);
    Parts::real(config.expect("the variables are good"))
}

impl Suite {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(changes: &[(&str, &str)]) -> Self {
        let database = Database::new().await;
        let owner = Owner::new(&database).await;
        let function = catalog::routes(parts(&database, changes));
        Self { database, owner, function }
    }

    /// The function with its clock at this second.
    pub(crate) fn at(&self, changes: &[(&str, &str)], now: i64) -> Routes<Parts> {
        let clock = Clock::fixed(u64::try_from(now).expect("after 1970"));
        catalog::routes(Parts { clock, ..parts(&self.database, changes) })
    }

    pub(crate) async fn add(&self, video: Video) -> VideoId {
        video.insert(&self.owner).await;
        video.id
    }

    /// Sets one column of a title; `value` is an SQL expression.
    pub(crate) async fn set(&self, video: VideoId, column: &str, value: &str) {
        self.owner
            .run(&format!("update videos set {column} = {value} where id = $1"), &[&video.uuid()])
            .await;
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        ask(&self.function, get(path)).await
    }

    /// The page at this query.
    pub(crate) async fn page(&self, query: &str) -> Value {
        let reply = self.get(&format!("{LIST}{query}")).await;
        assert_eq!(reply.status, 200, "{query}: {}", reply.text());
        reply.json()
    }

    /// The titles' ids on the page at this query.
    pub(crate) async fn ids(&self, query: &str) -> Vec<String> {
        ids(&self.page(query).await)
    }
}

pub(crate) fn ids(page: &Value) -> Vec<String> {
    let videos = page["videos"].as_array().expect("a list");
    videos.iter().map(|video| video["id"].as_str().expect("an id").to_owned()).collect()
}
