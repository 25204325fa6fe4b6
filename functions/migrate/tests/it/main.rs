//! The migrator against real databases: whole files or nothing, once each, whoever else is at it.

use functions_framework::env::read_from;
use migrate::{MIGRATIONS, MigrateError, Migration, apply};
use std::collections::HashMap;
use std::path::Path;
use streamly::db::Settings;
use testkit::Database;

const TABLE: Migration =
    Migration { name: "0001_table.sql", sql: "-- A table.\ncreate table numbers (n integer);\n" };
const INDEX: Migration = Migration {
    name: "0002_index.sql",
    sql: "-- migrate: outside a transaction\ncreate index concurrently numbers_n_idx on numbers (n);\n",
};
const BROKEN: Migration = Migration {
    name: "0002_broken.sql",
    sql: "create table half (n integer); create table numbers (n integer);",
};

fn owner(database: &Database) -> Settings {
    database.owner_url().parse().expect("our own address")
}

/// Applies these; the names that were told, and the result.
async fn run(
    database: &Database,
    migrations: &[Migration],
) -> (Vec<&'static str>, Result<usize, MigrateError>) {
    let mut told = Vec::new();
    let result = apply(&owner(database), None, migrations, |name| told.push(name)).await;
    (told, result)
}

async fn applied(database: &Database) -> i64 {
    let row = database.owner().await.query_one("select count(*) from schema_migrations", &[]).await;
    row.expect("the history is readable").get(0)
}

async fn exists(database: &Database, relation: &str) -> bool {
    let row = database.owner().await.query_one("select to_regclass($1) is not null", &[&relation]).await;
    row.expect("everyone may ask").get(0)
}

#[tokio::test]
async fn every_file_is_applied_once_and_told() {
    let database = Database::empty().await;
    let (told, result) = run(&database, MIGRATIONS).await;
    assert_eq!(result.expect("the migrations apply"), MIGRATIONS.len());
    assert_eq!(told, MIGRATIONS.iter().map(|migration| migration.name).collect::<Vec<_>>());
    let (told, result) = run(&database, MIGRATIONS).await;
    assert_eq!(result.expect("nothing is left to do"), 0);
    assert!(told.is_empty());
}

#[tokio::test]
async fn migrators_at_the_same_time_apply_every_file_once() {
    let database = Database::empty().await;
    let way = owner(&database);
    let running: Vec<_> = (0..8)
        .map(|_| {
            let way = way.clone();
            tokio::spawn(async move { apply(&way, None, MIGRATIONS, |_| ()).await })
        })
        .collect();
    let mut total = 0;
    for task in running {
        total += task.await.expect("it does not panic").expect("it waits and finds the work done");
    }
    assert_eq!(total, MIGRATIONS.len());
    assert_eq!(applied(&database).await, i64::try_from(MIGRATIONS.len()).expect("a handful"));
}

#[tokio::test]
async fn a_file_that_fails_leaves_nothing_and_is_named() {
    let database = Database::empty().await;
    let (told, result) = run(&database, &[TABLE, BROKEN]).await;
    let error = result.expect_err("the second file repeats a table");
    assert!(matches!(error, MigrateError::Failed { name: "0002_broken.sql", .. }), "{error:?}");
    assert_eq!(told, ["0001_table.sql"]);
    assert!(exists(&database, "numbers").await);
    assert!(!exists(&database, "half").await);
    assert_eq!(applied(&database).await, 1);
}

#[tokio::test]
async fn after_a_failure_the_mended_file_applies() {
    let database = Database::empty().await;
    run(&database, &[TABLE, BROKEN]).await.1.expect_err("the second file repeats a table");
    let mended = Migration { name: "0002_broken.sql", sql: "create table whole (n integer)" };
    assert_eq!(run(&database, &[TABLE, mended]).await.1.expect("it is mended"), 1);
}

#[tokio::test]
async fn a_changed_file_is_refused() {
    let database = Database::empty().await;
    run(&database, &[TABLE]).await.1.expect("it applies");
    let changed = Migration { name: TABLE.name, sql: "create table numbers (n bigint)" };
    let error = run(&database, &[changed, INDEX]).await.1.expect_err("it was changed");
    assert!(matches!(error, MigrateError::Changed { name: "0001_table.sql" }), "{error:?}");
    assert!(!exists(&database, "numbers_n_idx").await);
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let database = Database::empty().await;
    run(&database, &[TABLE, INDEX]).await.1.expect("they apply");
    let error = run(&database, &[TABLE]).await.1.expect_err("the database knows more");
    assert!(matches!(error, MigrateError::Unknown { ref name } if name == "0002_index.sql"), "{error:?}");
}

#[tokio::test]
async fn a_concurrent_index_is_built_while_others_wait() {
    let database = Database::empty().await;
    let way = owner(&database);
    let running: Vec<_> = (0..4)
        .map(|_| {
            let way = way.clone();
            tokio::spawn(async move { apply(&way, None, &[TABLE, INDEX], |_| ()).await })
        })
        .collect();
    for task in running {
        task.await.expect("it does not panic").expect("a waiter's snapshot does not block the index");
    }
    let valid = "select indisvalid from pg_index where indexrelid = 'numbers_n_idx'::regclass";
    let row = database.owner().await.query_one(valid, &[]).await.expect("the index is there");
    assert!(row.get::<_, bool>(0));
}

#[tokio::test]
async fn a_database_that_is_away_is_an_error_and_no_panic() {
    let nobody: Settings = "postgres://streamly@127.0.0.1:1/streamly".parse().expect("well formed");
    let error = apply(&nobody, None, MIGRATIONS, |_| ()).await.expect_err("nothing listens there");
    assert!(matches!(error, MigrateError::Database { step: "connect", .. }), "{error:?}");
}

#[test]
fn the_list_is_the_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut found: Vec<String> = entries
        .map(|entry| entry.expect("it is readable").file_name().into_string().expect("plain names"))
        .filter(|name| name.as_bytes()[0].is_ascii_digit())
        .collect();
    found.sort();
    assert_eq!(found, MIGRATIONS.iter().map(|migration| migration.name).collect::<Vec<_>>());
}

#[track_caller]
fn check_config(variables: &[(&str, &str)], expected: Result<(), &str>) {
    let source: HashMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let read = read_from(&source, migrate::Config::read).map(|_| ()).map_err(|faults| faults.to_string());
    assert_eq!(read, expected.map_err(str::to_owned));
}

#[test]
fn faults_name_the_variable_and_never_the_value() {
    check_config(&[("DATABASE_URL", "postgres://streamly:secret@localhost/streamly")], Ok(()));
    check_config(&[], Err("invalid configuration: DATABASE_URL is not set"));
    check_config(
        &[("DATABASE_URL", "postgres://streamly:secret@localhost:port/x")],
        Err("invalid configuration: DATABASE_URL: not a libpq URL or key=value list"),
    );
    check_config(
        &[("DATABASE_URL", "postgres://streamly:secret@localhost/x?sslmode=verify-full")],
        Err("invalid configuration: DATABASE_CA_FILE is not set, and sslmode=verify-full needs it"),
    );
}
