//! What lives have in common: one database, and the real functions around it.

use functions_framework::{Routes, env};
use std::collections::HashMap;
use streamly::db::{Pool, PoolSize};
use testkit::{Database, Video, variables};
use tokio_postgres::Client;

use super::tally::Tally;

pub(crate) struct Stage {
    pub(crate) owner: Client,
    pub(crate) webhook: Routes<webhook::Parts>,
    pub(crate) playback: Routes<playback::Parts>,
    pub(crate) video: Video,
    /// The webhook's variables.
    pub(crate) variables: HashMap<String, String>,
    pub(crate) tally: Tally,
    /// The connections of the job.
    pub(crate) pool: Pool,
    database: Database,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let database = Database::new().await;
        let owner = database.owner().await;
        let video = Video::default();
        video.insert(&owner).await;
        let of_webhook = variables(&database, "webhook", &[("DATABASE_POOL_SIZE", "4")]);
        let config = env::read_from(&of_webhook, webhook::Config::read).expect("variables");
        let webhook = webhook::routes(webhook::Parts::real(config));
        let config = env::read_from(&variables(&database, "playback", &[]), playback::Config::read);
        let playback = playback::routes(playback::Parts::real(config.expect("variables")));
        let way = database.url("reconcile").parse().expect("our own address");
        let pool = Pool::new(way, None, PoolSize::default());
        let (variables, tally) = (of_webhook, Tally::default());
        Self { owner, webhook, playback, video, variables, tally, pool, database }
    }

    /// Takes away what the life before has left.
    pub(crate) async fn clear(&self) {
        let clear = "delete from streams; delete from payment_logs; delete from subscriptions";
        self.owner.batch_execute(clear).await.expect("the owner may delete");
    }

    /// The job's parts at this Stripe.
    pub(crate) fn job(&self, stripe: &str) -> reconcile::Parts {
        let variables = variables(&self.database, "reconcile", &[("STRIPE_API_BASE", stripe)]);
        let config = env::read_from(&variables, reconcile::Config::read).expect("variables");
        reconcile::Parts {
            pool: self.pool.clone(),
            gap: std::time::Duration::ZERO,
            ..reconcile::Parts::real(config)
        }
    }
}
