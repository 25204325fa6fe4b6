//! A database, the job under its own role, and a scripted Stripe.

use functions_framework::env;
use reconcile::{Arguments, Config, Parts, Summary, run};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::{Database, Person, Subscription, variables};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use crate::provider::Provider;

pub(crate) const DAY: i64 = 86_400;

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) owner: Client,
    pub(crate) person: Person,
    pub(crate) stripe: Provider,
    pub(crate) now: i64,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = Database::new().await;
        let owner = database.owner().await;
        let now =
            owner.query_one("select extract(epoch from now())::bigint", &[]).await.expect("a clock").get(0);
        let person = Person::new(&owner).await;
        let world = Self { database, owner, person, stripe: Provider::start().await, now };
        let update = "update users set stripe_customer_id = 'cus_1', stripe_livemode = false where id = $1";
        world.run_sql(update, &[&world.person.id.uuid()]).await;
        world
    }

    pub(crate) async fn run_sql(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) {
        self.owner.execute(sql, parameters).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// A row of the person's with these columns changed.
    pub(crate) async fn row(&self, id: &str, changes: &str) {
        let row = Subscription { id: id.to_owned(), customer: "cus_1".to_owned(), ..Subscription::default() };
        row.insert(&self.owner, &self.person).await;
        // Asked about and written some time ago.
        let before = "synced_at = now() - interval '2 hours', updated_at = now() - interval '2 hours'";
        for changes in [before, changes].into_iter().filter(|changes| !changes.is_empty()) {
            let set = format!("update subscriptions set {changes} where stripe_subscription_id = $1");
            self.run_sql(&set, &[&id]).await;
        }
    }

    pub(crate) async fn marked(&self, id: &str) {
        self.row(id, "needs_sync = true, sync_reason = 'tie'").await;
    }

    pub(crate) fn parts(&self, changes: &[(&str, &str)]) -> Parts {
        let url = self.stripe.url();
        let mut all = vec![("STRIPE_API_BASE", url.as_str())];
        all.extend(changes);
        let variables = variables(&self.database, "reconcile", &all);
        let config = env::read_from(&variables, Config::read).expect("variables");
        Parts { gap: Duration::ZERO, ..Parts::real(config) }
    }

    /// Runs the job with these arguments.
    pub(crate) async fn reconcile(&self, arguments: &str) -> Summary {
        let words: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        let arguments = Arguments::read(&words).expect("arguments");
        run(self.parts(&[]), &arguments, std::future::pending()).await
    }

    /// Runs it, and everything that is due gets settled.
    pub(crate) async fn settle(&self, arguments: &str) -> Summary {
        let summary = self.reconcile(arguments).await;
        assert_eq!(summary.verdict(), Ok(()), "{summary:?}");
        summary
    }

    /// A row of `subscriptions` as JSON; null where there is none.
    pub(crate) async fn stored(&self, id: &str) -> Value {
        let select = "select to_jsonb(s) from subscriptions s where stripe_subscription_id = $1";
        let row = self.owner.query_opt(select, &[&id]).await.expect("the row is readable");
        row.map_or(Value::Null, |row| row.get(0))
    }

    /// A row of the ledger as JSON; null where there is none.
    pub(crate) async fn entry(&self, event_id: &str) -> Value {
        let select = "select to_jsonb(l) from payment_logs l where stripe_event_id = $1";
        let row = self.owner.query_opt(select, &[&event_id]).await.expect("the row is readable");
        row.map_or(Value::Null, |row| row.get(0))
    }

    /// Everything that the job could change.
    pub(crate) async fn everything(&self) -> Value {
        let select = "
            select jsonb_build_array(
              (select jsonb_agg(to_jsonb(s) order by id) from subscriptions s),
              (select jsonb_agg(to_jsonb(l) order by id) from payment_logs l),
              (select jsonb_agg(to_jsonb(u) order by id) from users u))";
        self.owner.query_one(select, &[]).await.expect("the rows are readable").get(0)
    }

    /// Every row of every table.
    pub(crate) async fn tables(&self) -> Vec<(String, String)> {
        let select = "
            select table_name::text,
                   query_to_xml(format('select * from %I t order by t::text', table_name), true, true, '')::text
              from information_schema.tables
             where table_schema = 'public' and table_type = 'BASE TABLE'
             order by table_name";
        let rows = self.owner.query(select, &[]).await.expect("the rows are readable");
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// An event in the ledger that was nobody's, as the webhook leaves it.
    pub(crate) async fn unmatched(&self, event: &Value) {
        let insert = "
            insert into payment_logs (stripe_event_id, event_type, event_created, livemode, outcome, payload,
              stripe_subscription_id, processed_at)
            values ($1, $2, $3, false, 'unmatched', $4, $5, now())";
        let object = if event["object"] == "v2.core.event" {
            &event["related_object"]
        } else {
            &event["data"]["object"]
        };
        let (id, kind) = (event["id"].as_str(), event["type"].as_str());
        let created = event["created"].as_i64().unwrap_or(self.now);
        self.run_sql(insert, &[&id, &kind, &created, &event.to_string(), &object["id"].as_str()]).await;
    }
}

/// A subscription of `cus_1` at Stripe; the period ends in 20 days.
pub(crate) fn subscription(id: &str, status: &str, now: i64) -> Value {
    json!({
        "id": id, "object": "subscription", "customer": "cus_1", "status": status, "currency": "eur",
        "cancel_at_period_end": false, "latest_invoice": "in_1", "metadata": {},
        "items": {"object": "list", "data": [{
            "id": "si_1", "object": "subscription_item", "quantity": 1, "price": {"id": "price_basic"},
            "current_period_start": now - 10 * DAY, "current_period_end": now + 20 * DAY,
        }]},
    })
}

pub(crate) fn event(id: &str, kind: &str, created: i64, object: &Value) -> Value {
    json!({"id": id, "object": "event", "api_version": "2026-09-30.endive", "created": created, "type": kind,
        "livemode": false, "pending_webhooks": 1, "request": null, "data": {"object": object}})
}

pub(crate) const UPDATED: &str = "customer.subscription.updated";
pub(crate) const DELETED: &str = "customer.subscription.deleted";
