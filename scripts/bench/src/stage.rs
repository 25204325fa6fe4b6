//! A webhook, its tables and its deliveries: people with a subscription each, and a ledger of what was told of them.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;
use testkit::{Database, Owner};

use crate::capture::{Sent, capture};
use crate::events::{Course, FIRST_SUBJECT, Numbers, Pen, now};
use crate::fixture::{self, Variables};
use crate::load::{self, Lane, Measured};
use crate::process::Program;
use crate::report;

/// Deliveries at once, and the connections of the pool that takes them.
pub(crate) const CONNECTIONS: u64 = 8;
/// More than are ever answered in a second: what is not sent in a round was made for nothing.
const EVENTS_PER_SECOND_MAX: u64 = 6_000;
/// More seconds than a connection delivers events in a round, each of which has a second of its own.
const TURNS_MAX: u64 = 100_000;

/// The tables of one size.
pub(crate) struct Stage {
    pub(crate) database: Database,
    pub(crate) owner: Owner,
    subjects: u64,
    pen: Pen,
    variables: Variables,
    program: PathBuf,
    /// The second of the next round's first events.
    next: u64,
}

impl Stage {
    /// So many people with a subscription each and so many rows of the ledger, on a server that keeps what it commits.
    pub(crate) async fn new(
        programs: &Path,
        subjects: u64,
        ledger_rows: u64,
    ) -> Result<Self, Box<dyn Error>> {
        let database = Database::durable(&folder(programs)).await;
        let owner = Owner::new(&database).await;
        let pen = Pen::new()?;
        report::progress(&format!("filling {subjects} subscriptions and {ledger_rows} rows of the ledger"));
        fill(&owner, &pen, subjects, ledger_rows).await?;
        let size = CONNECTIONS.to_string();
        let variables = testkit::variables(&database, "webhook", &[("DATABASE_POOL_SIZE", &size)]);
        // What was filled is written out, so that it is no part of what is measured.
        database.superuser().await.batch_execute("checkpoint").await?;
        Ok(Self {
            owner,
            subjects,
            pen,
            variables: variables.into_iter().collect(),
            program: programs.join("webhook"),
            next: now(),
            database,
        })
    }

    /// A warm webhook over these tables.
    pub(crate) async fn webhook(&self) -> Result<Program, Box<dyn Error>> {
        let program = Program::start(&self.program, &self.variables)?;
        fixture::ready(program.address).await?;
        Ok(program)
    }

    /// The next round's events: later than all before.
    pub(crate) fn course(&mut self) -> Course {
        let from = self.next;
        self.next += TURNS_MAX;
        Course { subjects: self.subjects, connections: CONNECTIONS, from }
    }

    /// What the webhook sends to the database for one event, and which one that was.
    pub(crate) async fn captured(&mut self) -> Result<(Vec<Sent>, Numbers), Box<dyn Error>> {
        let numbers = self.course().numbers(0, 0);
        let shot = self.pen.delivery(numbers);
        let sent = capture(&self.program, &self.variables, (&self.database, "test_webhook"), &shot).await?;
        Ok((sent, numbers))
    }

    /// A round of deliveries, every one of which must have been applied.
    pub(crate) async fn deliver(
        &mut self,
        webhook: &Program,
        duration: Duration,
    ) -> Result<Measured, Box<dyn Error>> {
        let course = self.course();
        let turns = EVENTS_PER_SECOND_MAX * duration.as_secs() / CONNECTIONS;
        let lane = |connection| {
            Lane::once((0..turns).map(|turn| self.pen.delivery(course.numbers(connection, turn))).collect())
        };
        let measured = load::run(webhook, (0..CONNECTIONS).map(lane).collect(), duration).await?;
        self.check(course).await?;
        Ok(measured)
    }

    /// That all events of this course did what they say: whoever measures something else measures nothing.
    pub(crate) async fn check(&self, course: Course) -> Result<(), Box<dyn Error>> {
        let from = course.from;
        let wrong = "
            select count(*) filter (where l.outcome <> 'applied' or l.processed_at is null or l.user_id <> s.user_id),
                   count(*)
              from payment_logs l
              join subscriptions s on s.stripe_subscription_id = l.stripe_subscription_id
             where l.id > (select max(id) - 100000 from payment_logs) and l.event_created >= $1
               and s.last_event_created >= l.event_created and not s.needs_sync";
        let row = self.owner.query_one(wrong, &[&i64::try_from(from)?]).await?;
        let (wrong, right): (i64, i64) = (row.get(0), row.get(1));
        if wrong == 0 && right > 0 {
            Ok(())
        } else {
            Err(format!("{wrong} of {right} events were not applied").into())
        }
    }

    /// Ends it, and the server with it.
    pub(crate) async fn end(self) -> Result<(), Box<dyn Error>> {
        let server = self.database.server().clone();
        drop(self);
        Ok(server.stop().await?)
    }
}

/// The folder of the server: beside the programs, where what is built lies.
fn folder(programs: &Path) -> PathBuf {
    programs.join("bench-postgres")
}

async fn fill(owner: &Owner, pen: &Pen, subjects: u64, ledger_rows: u64) -> Result<(), Box<dyn Error>> {
    let last = FIRST_SUBJECT + subjects - 1;
    let (user, customer, subscription) =
        (Numbers::USER_SQL, Numbers::CUSTOMER_SQL, Numbers::SUBSCRIPTION_SQL);
    let people = format!(
        "insert into users (id, email, email_canonical, verified_at, stripe_customer_id, stripe_livemode)
         select {user}, 'person-' || n || '@example.com', 'person-' || n || '@example.com', now(), {customer}, false
           from generate_series({FIRST_SUBJECT}, {last}) n"
    );
    let subscriptions = format!(
        "insert into subscriptions (user_id, stripe_subscription_id, stripe_customer_id, livemode, status, plan, price_id,
           quantity, currency, current_period_start, current_period_end, last_event_type, last_event_created)
         select {user}, {subscription}, {customer}, false, 'active', 'basic', 'price_basic', 1, 'eur',
                now() - interval '10 days', now() + interval '20 days', 'customer.subscription.created', 1
           from generate_series({FIRST_SUBJECT}, {last}) n"
    );
    // Ninety days of events, the oldest first: reconcile clears the texts of older ones.
    let ledger = format!(
        "insert into payment_logs (stripe_event_id, event_type, event_created, livemode, user_id, object_id,
           stripe_customer_id, stripe_subscription_id, stripe_invoice_id, outcome, payload, received_at, processed_at)
         select 'evt_load' || i, 'customer.subscription.updated', s, false, {user}, {subscription}, {customer},
                {subscription}, 'in_' || i, 'applied', {payload}, to_timestamp(s), to_timestamp(s)
           from generate_series(1::bigint, {ledger_rows}) i,
        lateral (select {FIRST_SUBJECT} + i * {stride} % {subjects} as n,
                        extract(epoch from now())::bigint - 7776000 + i * 7776000 / {ledger_rows} as s) of_event",
        payload = pen.body_sql(),
        stride = Course::STRIDE,
    );
    owner.batch_execute("set synchronous_commit = off").await?;
    for statement in [people, subscriptions, ledger] {
        owner.batch_execute(&statement).await?;
    }
    for table in ["users", "subscriptions", "payment_logs"] {
        owner.batch_execute(&format!("vacuum (analyze) {table}")).await?;
    }
    Ok(())
}
