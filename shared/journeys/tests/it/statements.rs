//! Every statement against the migrated schema: it prepares with the types it declares, and an index serves it.

use std::fmt::Write;
use streamly::db::{Statement, statements};
use testkit::Database;
use tokio_postgres::Client;

#[tokio::test]
async fn every_statement_prepares_with_the_types_that_it_declares() {
    let database = Database::new().await;
    let owner = database.owner().await;
    for statement in statements() {
        let prepared = owner.prepare_typed(statement.sql(), statement.types()).await;
        let prepared = prepared.unwrap_or_else(|error| panic!("{}: {error:?}", statement.name()));
        assert_eq!(prepared.params(), statement.types(), "{}", statement.name());
    }
}

#[tokio::test]
async fn no_statement_needs_a_sequential_scan() {
    let database = Database::new().await;
    let owner = database.owner().await;
    // The planner takes a sequential scan all the same where nothing else can answer.
    owner
        .batch_execute("set enable_seqscan = off; set plan_cache_mode = force_generic_plan")
        .await
        .expect("settings");
    let mut scanned = String::new();
    for (number, statement) in statements().enumerate() {
        let plan = plan(&owner, number, statement).await;
        if plan.contains("Seq Scan on") {
            let _ = writeln!(scanned, "{}:\n{plan}\n", statement.name());
        }
    }
    assert!(scanned.is_empty(), "no index serves\n{scanned}");
}

/// The generic plan, as text.
async fn plan(owner: &Client, number: usize, statement: &Statement) -> String {
    let name = format!("statement_{number}");
    let types: Vec<&str> = statement.types().iter().map(tokio_postgres::types::Type::name).collect();
    let types = if types.is_empty() { String::new() } else { format!("({})", types.join(", ")) };
    let nulls = vec!["null"; statement.types().len()].join(", ");
    let arguments = if nulls.is_empty() { String::new() } else { format!("({nulls})") };
    let prepare = format!("prepare {name} {types} as {}", statement.sql());
    owner.batch_execute(&prepare).await.unwrap_or_else(|error| panic!("{}: {error:?}", statement.name()));
    let rows = owner.simple_query(&format!("explain execute {name}{arguments}")).await;
    let rows = rows.unwrap_or_else(|error| panic!("{}: {error:?}", statement.name()));
    let lines = rows.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}
