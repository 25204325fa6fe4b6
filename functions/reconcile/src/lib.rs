//! The reconcile job: asks Stripe about what the webhook marked, what is past its time and what was never heard of, does
//! again what was nobody's, clears old texts from the ledger, drops rows that are of no use any more, and erases people who
//! deleted their account 14 days ago.
//!
//! Promises: an answer of Stripe's counts for more than what is stored, and an event that arrived after the question for
//! more than the answer; a failure changes no status and cancels nobody, and is tried again later; ten requests a second
//! at most; everything may run twice and beside itself; a signal ends it between two items. It exits 0 only if everything
//! that was due is settled.
//!
//! Variables: `DATABASE_URL`, `DATABASE_CA_FILE`, `DATABASE_POOL_SIZE`, `PLANS`, `STRIPE_SECRET_KEY`, `STRIPE_API_BASE`
//! and `STRIPE_LIVEMODE`.

mod arguments;
mod erase;
mod missed;
mod replay;
mod rows;
mod summary;
mod work;

use functions_framework::env::{Invalid, Reader};
use std::time::Duration;
use streamly::billing::Rules;
use streamly::billing::stripe::{ApiBase, SecretKey, Stripe};
use streamly::db::{CaFile, Pool, PoolSize, Settings};

pub use arguments::{Arguments, HELP, Pass};
pub use summary::{Summary, Unsettled};
use work::{End, Work};

/// What the variables say.
#[derive(Debug)]
pub struct Config {
    database: Settings,
    ca: Option<CaFile>,
    pool_size: PoolSize,
    rules: Rules,
    stripe_key: SecretKey,
    stripe_base: ApiBase,
}

impl Config {
    /// Reads the variables.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let database = env.required_secret("DATABASE_URL");
        let ca = env.optional("DATABASE_CA_FILE");
        let pool_size = env.or("DATABASE_POOL_SIZE", PoolSize::default());
        let plans = env.required("PLANS");
        let stripe_key = env.required_secret::<SecretKey>("STRIPE_SECRET_KEY");
        let stripe_base = env.or("STRIPE_API_BASE", ApiBase::default());
        let stated_mode = env.optional::<bool>("STRIPE_LIVEMODE");
        let livemode = match (&stripe_key, stated_mode) {
            (Ok(key), Ok(stated)) => {
                key.mode(stated).map_err(|fault| env.fault("STRIPE_LIVEMODE", &fault.to_string()))
            }
            _ => Err(Invalid),
        };
        Ok(Self {
            database: database?,
            ca: ca?,
            pool_size: pool_size?,
            rules: Rules { plans: plans?, livemode: livemode? },
            stripe_key: stripe_key?,
            stripe_base: stripe_base?,
        })
    }
}

/// What the work needs.
#[derive(Clone)]
pub struct Parts {
    /// The database.
    pub pool: Pool,
    /// The plans and the mode.
    pub rules: Rules,
    /// Stripe.
    pub stripe: Stripe,
    /// The time between two requests at least.
    pub gap: Duration,
}

/// Stripe takes a hundred requests a second, and 25 for one kind; the public functions need most of them.
const REQUESTS_PER_SECOND_MAX: u32 = 10;

impl Parts {
    /// The real parts.
    pub fn real(config: Config) -> Self {
        let Config { database, ca, pool_size, rules, stripe_key, stripe_base } = config;
        Self {
            pool: Pool::new(database, ca.as_ref(), pool_size),
            rules,
            stripe: Stripe::new(stripe_base, stripe_key),
            gap: Duration::from_secs(1) / REQUESTS_PER_SECOND_MAX,
        }
    }
}

/// Does what it is asked to, until `stop` comes true.
pub async fn run(parts: Parts, arguments: &Arguments, stop: impl Future<Output = ()>) -> Summary {
    let mut work = Work::new(parts, arguments.dry_run);
    let (told, stopped) = tokio::sync::watch::channel(false);
    work.stopped = stopped;
    let passes = async {
        for pass in &arguments.passes {
            let ended = match pass {
                Pass::Marked => work.marked().await,
                Pass::Overdue => work.overdue().await,
                Pass::Missed => work.missed().await,
                Pass::Replay => work.replay().await,
                Pass::Clean => work.clean().await,
                Pass::Erase => work.erase().await,
            };
            if ended == Err(End::Told) {
                work.summary.interrupted = true;
                break;
            }
        }
        work.measure().await;
    };
    let tell = async {
        stop.await;
        told.send_replace(true);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = passes => {}
        () = tell => {}
    }
    work.summary
}
