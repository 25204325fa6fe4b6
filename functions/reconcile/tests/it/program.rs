//! The whole program: its arguments, its one line, its exit status, its end by a signal.

use serde_json::{Value, json};
use std::process::{Output, Stdio};
use testkit::variables;
use tokio::process::Command;

use crate::world::{World, subscription};

fn program(world: &World) -> Command {
    let url = world.stripe.url();
    let mut command = Command::new(env!("CARGO_BIN_EXE_reconcile"));
    let variables = variables(&world.database, "reconcile", &[("STRIPE_API_BASE", &url)]);
    command.env_clear().envs(variables).stdin(Stdio::null()).kill_on_drop(true);
    command
}

pub(crate) async fn ended(world: &World, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } =
        program(world).args(arguments).output().await.expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (status.code(), text(stdout), text(stderr))
}

/// The last line of the log.
fn last(stdout: &str) -> Value {
    serde_json::from_str(stdout.lines().last().unwrap_or_default()).expect("a line of JSON")
}

#[tokio::test]
async fn the_exit_status_and_one_line_say_whether_anything_due_is_left() {
    let world = World::new().await;
    world.marked("sub_1").await;
    let (code, stdout, stderr) = ended(&world, &["marked"]).await;
    assert_eq!((code, stderr.as_str()), (Some(1), "not everything that was due is settled\n"));
    let line = last(&stdout);
    let found = ["severity", "reconcile.failed", "reconcile.settled", "reconcile.needs_sync"];
    assert_eq!(Value::from(found.map(|name| line[name].clone()).to_vec()), json!(["ERROR", 1, 0, 1]));
    assert!(line["reconcile.needs_sync_oldest_s"].as_i64() >= Some(7_200), "{line}");
    world.run_sql("update subscriptions set sync_after = null", &[]).await;
    world.stripe.knows(&subscription("sub_1", "unpaid", world.now));
    world.stripe.lists("subscriptions", &[subscription("sub_1", "unpaid", world.now)]);
    let (code, stdout, stderr) = ended(&world, &[]).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let line = last(&stdout);
    assert_eq!(Value::from(found.map(|name| line[name].clone()).to_vec()), json!(["INFO", 0, 2, 0]));
    assert!(!stdout.contains("sk_test") && !stdout.contains("example.com"), "{stdout}");
}

#[tokio::test]
async fn it_takes_the_names_of_its_passes_and_no_other_argument() {
    let world = World::new().await;
    let (code, stdout, _) = ended(&world, &["--help"]).await;
    assert_eq!(code, Some(0));
    for argument in
        ["marked", "overdue", "missed", "replay", "clean", "erase", "--dry-run", "--print-variables"]
    {
        assert!(stdout.contains(argument), "{argument}: {stdout}");
    }
    let (code, stdout, stderr) = ended(&world, &["marked", "--now"]).await;
    assert_eq!((code, stdout.as_str()), (Some(78), ""));
    assert!(stderr.contains("'--now'"), "{stderr}");
    let (code, stdout, _) = ended(&world, &["--print-variables"]).await;
    assert_eq!(code, Some(0));
    let listed: Vec<Value> = serde_json::from_str(&stdout).expect("JSON");
    let names: Vec<&str> = listed.iter().filter_map(|variable| variable["name"].as_str()).collect();
    let expected = [
        "DATABASE_CA_FILE",
        "DATABASE_POOL_SIZE",
        "DATABASE_URL",
        "GCP_PROJECT_ID",
        "PLANS",
        "STRIPE_API_BASE",
        "STRIPE_LIVEMODE",
        "STRIPE_SECRET_KEY",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_signal_ends_it_with_its_line_written() {
    let world = World::new().await;
    for number in 0..100 {
        let id = format!("sub_{number}");
        world.marked(&id).await;
        world.stripe.knows(&subscription(&id, "active", world.now));
    }
    for signal in ["TERM", "INT"] {
        let child = program(&world).arg("marked").stdout(Stdio::piped()).spawn().expect("the program runs");
        // With its first question it has begun, and a hundred take ten seconds.
        while world.stripe.asked().is_empty() {
            tokio::task::yield_now().await;
        }
        let pid = child.id().expect("it runs").to_string();
        let killed = Command::new("kill").args([&format!("-{signal}"), &pid]).status().await;
        assert!(killed.expect("every machine has kill").success());
        let output = child.wait_with_output().await.expect("it ends");
        assert_eq!(output.status.code(), Some(1));
        let line = last(&String::from_utf8(output.stdout).expect("text"));
        assert_eq!((&line["reconcile.interrupted"], &line["reconcile.failed"]), (&json!(true), &json!(0)));
    }
}
