//! The reconcile job: asks Stripe about what the webhook marked, what is past its time and what was never heard of, does
//! again what was nobody's, clears old texts from the ledger, drops rows that are of no use any more, and erases people who
//! deleted their account 14 days ago.
//!
//! Promises: an answer of Stripe's counts for more than what is stored, and an event that arrived after the question for
//! more than the answer; a failure changes no status and cancels nobody, and is tried again later; ten requests a second
//! at most; everything may run twice and beside itself; a signal ends it between two items. It exits 0 only if everything
//! that was due is settled.
//!
//! `README.md` beside the sources is for those who run it: exit statuses, fields of the log, alerts.
//!
//! Variables: `DATABASE_URL`, `DATABASE_CA_FILE`, `DATABASE_POOL_SIZE`, `PLANS`, `STRIPE_SECRET_KEY`, `STRIPE_API_BASE`
//! and `STRIPE_LIVEMODE`.

mod arguments;
mod clean;
mod erase;
mod missed;
mod rehearsal;
mod replay;
mod rows;
mod summary;
mod work;

use adapters::variables;
use functions_framework::env::{Invalid, Reader};
use std::time::Duration;
use streamly::billing::Rules;
use streamly::billing::stripe::Stripe;
use streamly::db::Pool;

pub use arguments::{Arguments, HELP, Pass};
pub use summary::{Summary, Unsettled};
use work::{End, Work};

/// What the variables say.
#[derive(Debug)]
pub struct Config {
    pool: Pool,
    rules: Rules,
    stripe: Stripe,
}

impl Config {
    /// Reads the variables.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let pool = variables::database(env);
        let plans = env.required("PLANS");
        let stripe = variables::stripe(env);
        let (stripe, livemode) = stripe?;
        Ok(Self { pool: pool?, rules: Rules { plans: plans?, livemode }, stripe })
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
        let Config { pool, rules, stripe } = config;
        Self { pool, rules, stripe, gap: Duration::from_secs(1) / REQUESTS_PER_SECOND_MAX }
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
