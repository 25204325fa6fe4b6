//! A whole stack, started and stopped. Its functions are one small program under all their names, so that what is tested is the
//! stack; the journeys' tests start it with the real ones.

use local::gateway::Document;
use local::stack::{Options, Stack, StackError, read_environment, seeds};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use streamly::db::Settings;
use tokio::sync::mpsc::unbounded_channel;

use crate::process::{answers, job};
use crate::{Folder, get};

const FUNCTIONS: [&str; 15] = [
    "account",
    "catalog",
    "checkout",
    "email",
    "login",
    "mailer",
    "password",
    "playback",
    "portal",
    "progress",
    "register",
    "subscription",
    "token",
    "video-webhook",
    "webhook",
];

/// The variable of a function's address.
fn address(name: &str) -> String {
    format!("STREAMLY_{}_URL", name.to_uppercase().replace('-', "_"))
}

/// A folder with the programs of the functions, and options of a stack beside them.
struct Scene {
    folder: Folder,
}

impl Scene {
    fn new() -> Self {
        let folder = Folder::new();
        for name in FUNCTIONS {
            std::os::unix::fs::symlink(answers(), folder.path().join(name)).expect("the folder is ours");
        }
        std::os::unix::fs::symlink(job(), folder.path().join("reconcile")).expect("the folder is ours");
        Self { folder }
    }

    fn options(&self) -> Options {
        let programs = self.folder.path().to_owned();
        Options { programs, ..Options::new(self.folder.path().join("stack")) }
    }

    fn with(&self, variables: &[(&str, &str)]) -> Options {
        let map: HashMap<String, String> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Options { outside: Arc::new(map), ..self.options() }
    }
}

async fn start(options: Options) -> Stack {
    Stack::start(options).await.unwrap_or_else(|error| panic!("{error:?}"))
}

async fn connect(url: &str) -> tokio_postgres::Client {
    url.parse::<Settings>().expect("a good address").connect(None).await.expect("it answers")
}

/// The processes of a stack: its functions and the database server.
fn processes(stack: &Stack) -> Vec<Pid> {
    let functions = FUNCTIONS.iter().map(|name| stack.function(name).expect("it runs").pid());
    functions.chain([postgres(stack.folder())]).map(pid).collect()
}

fn postgres(folder: &Path) -> u32 {
    let file = std::fs::read_to_string(folder.join("postgres/data/postmaster.pid")).expect("a server runs");
    file.lines().next().and_then(|pid| pid.parse().ok()).expect("its number")
}

/// A process that has ended; one whose parent does not ask for it stays a zombie, which does nothing any more.
#[track_caller]
fn assert_gone(process: Pid) {
    let state =
        std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).unwrap_or_default();
    let gone = test_kill_process(process) == Err(rustix::io::Errno::SRCH) || state.contains(") Z ");
    assert!(gone, "{process:?} still runs: {state}");
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(number.cast_signed()).expect("a process id")
}

#[tokio::test]
async fn everything_answers_at_the_addresses_of_stack_env() {
    let scene = Scene::new();
    let stack = start(scene.options()).await;
    let environment = read_environment(stack.folder()).expect("it is written");
    assert_eq!(environment["STREAMLY_GATEWAY_URL"], stack.gateway_url());
    let expected: BTreeMap<_, _> =
        stack.environment().iter().map(|(name, value)| (name.clone(), value.replace('\n', " "))).collect();
    assert_eq!(environment, expected);
    for name in FUNCTIONS {
        let url = &environment[&address(name)];
        assert_eq!(get(url).await, stack.function(name).expect("it runs").pid().to_string());
    }
    let login = stack.function("login").expect("it runs").pid().to_string();
    assert_eq!(get(&format!("{}/.well-known/jwks.json", stack.gateway_url())).await, login);
    assert_eq!(
        get(&format!("{}/openapi.yaml", environment["STREAMLY_API_URL"])).await,
        Document::project().text()
    );
    assert!(get(&environment["STREAMLY_DEMO_URL"]).await.contains("<html"));
    assert!(
        get(&format!("{}/config.json", environment["STREAMLY_DEMO_URL"]))
            .await
            .contains(&stack.gateway_url())
    );
    stack.stop().await.expect("it stops");
}

#[tokio::test]
async fn each_function_has_its_own_way_to_a_migrated_database_with_videos() {
    let scene = Scene::new();
    let stack = start(scene.options()).await;
    let owner = connect(&stack.environment()["DATABASE_URL"]).await;
    let count = owner.query_one("select count(*) from videos", &[]).await.expect("it is migrated");
    assert_eq!(count.get::<_, i64>(0), i64::try_from(seeds::ALL.len()).expect("a few"));
    let durable = owner.query_one("show fsync", &[]).await.expect("everyone may ask");
    assert_eq!(durable.get::<_, String>(0), "on");

    let url = stack.function("playback").expect("it runs").url();
    let playback = connect(&get(&format!("{url}/variables/DATABASE_URL")).await).await;
    let user = playback.query_one("select current_user", &[]).await.expect("everyone may ask");
    assert_eq!(user.get::<_, String>(0), "local_playback");
    playback.query("select id from videos", &[]).await.expect("its role may read them");
    let refused = playback.batch_execute("delete from videos").await.expect_err("its role may not");
    assert_eq!(refused.code(), Some(&tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE));
    stack.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_stopped_stack_leaves_no_process_and_no_file_that_says_it_runs() {
    let scene = Scene::new();
    let stack = start(scene.options()).await;
    let (running, folder) = (processes(&stack), stack.folder().to_owned());
    assert_eq!(running.len(), FUNCTIONS.len() + 1);
    stack.stop().await.expect("it stops");
    for process in running {
        // The server was started by this very process, so its number stays until that ends: as a zombie at most.
        let state =
            std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).unwrap_or_default();
        let gone = test_kill_process(process) == Err(rustix::io::Errno::SRCH) || state.contains(") Z ");
        assert!(gone, "{process:?} still runs: {state}");
    }
    assert!(read_environment(&folder).is_none());
    assert!(!folder.join("postgres/data/postmaster.pid").exists());
}

/// Asks the stack's stand-in for Stripe about a customer, or for a new one.
async fn stripe(stack: &Stack, method: &str, customer: &str) -> (u16, serde_json::Value) {
    let of = |name: &str| stack.environment()[name].as_str();
    let path = if customer.is_empty() { String::new() } else { format!("/{customer}") };
    let request = http::Request::builder()
        .method(method)
        .uri(format!("{}/v1/customers{path}", of("STRIPE_API_BASE")))
        .header("authorization", format!("Bearer {}", of("STRIPE_SECRET_KEY")))
        .body(bytes::Bytes::new())
        .expect("a request");
    let answer = local::client::send(request).await.expect("it answers");
    (answer.status().as_u16(), serde_json::from_slice(answer.body()).expect("JSON"))
}

#[tokio::test]
async fn data_and_keys_outlive_a_restart_and_end_with_a_fresh_start() {
    let scene = Scene::new();
    let stack = start(scene.options()).await;
    let keys = stack.environment()["JWT_VERIFY_KEYS"].clone();
    let owner = connect(&stack.environment()["DATABASE_URL"]).await;
    owner.batch_execute("update videos set title = 'kept'").await.expect("the owner may");
    let customer = stripe(&stack, "POST", "").await.1["id"].as_str().expect("a customer").to_owned();
    stack.stop().await.expect("it stops");

    let kept = "select count(*) from videos where title = 'kept'";
    let stack = start(scene.options()).await;
    assert_eq!(stack.environment()["JWT_VERIFY_KEYS"], keys);
    let owner = connect(&stack.environment()["DATABASE_URL"]).await;
    assert_eq!(owner.query_one(kept, &[]).await.expect("the same database").get::<_, i64>(0), 4);
    assert_eq!(stripe(&stack, "GET", &customer).await.0, 200, "what Stripe's stand-in knows is data too");
    stack.stop().await.expect("it stops");

    let stack = start(Options { fresh: true, ..scene.options() }).await;
    assert_ne!(stack.environment()["JWT_VERIFY_KEYS"], keys);
    let owner = connect(&stack.environment()["DATABASE_URL"]).await;
    assert_eq!(owner.query_one(kept, &[]).await.expect("another database").get::<_, i64>(0), 0);
    assert_eq!(stripe(&stack, "GET", &customer).await.0, 404);
    stack.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_stand_in_that_has_lost_its_memory_is_told_where_the_database_has_subscriptions() {
    let scene = Scene::new();
    let said = || {
        let (lines, told) = std::sync::mpsc::channel();
        let progress: local::process::Progress =
            Arc::new(move |line: &str| drop(lines.send(line.to_owned())));
        (progress, told)
    };
    let warns = |told: std::sync::mpsc::Receiver<String>| {
        told.try_iter().any(|line| line.contains("knows nothing of the subscriptions"))
    };
    let (progress, told) = said();
    let stack = start(Options { progress, ..scene.options() }).await;
    assert!(!warns(told), "an empty database has none");
    let owner = connect(&stack.environment()["DATABASE_URL"]).await;
    let person = testkit::Person::new(&owner).await;
    testkit::Subscription::default().insert(&owner, &person).await;
    let file = stack.folder().join("stripe.json");
    stack.stop().await.expect("it stops");
    for (is_lost, expected) in [(false, false), (true, true)] {
        if is_lost {
            std::fs::remove_file(&file).expect("it is there");
        }
        let (progress, told) = said();
        start(Options { progress, ..scene.options() }).await.stop().await.expect("it stops");
        assert_eq!(warns(told), expected, "lost: {is_lost}");
    }
}

#[tokio::test]
async fn a_function_that_dies_is_back_behind_the_same_gateway() {
    let scene = Scene::new();
    let (tell, mut told) = unbounded_channel();
    let progress = Arc::new(move |line: &str| drop(tell.send(line.to_owned())));
    let stack = start(Options { progress, ..scene.options() }).await;
    let first = stack.function("login").expect("it runs").pid();
    kill_process(pid(first), Signal::KILL).expect("it is ours");
    while told.recv().await.expect("the stack tells") != "login is back" {}
    let answer = get(&format!("{}/.well-known/jwks.json", stack.gateway_url())).await;
    assert_ne!(answer, first.to_string());
    assert_eq!(answer, stack.function("login").expect("it runs").pid().to_string());
    stack.stop().await.expect("it stops");
}

#[tokio::test]
async fn one_folder_has_one_stack_and_another_folder_another() {
    let (scene, other) = (Scene::new(), Scene::new());
    let stack = start(scene.options()).await;
    let refused = Stack::start(scene.options()).await.err().expect("it runs already");
    assert!(matches!(refused, StackError::Busy(_)), "{refused}");
    assert!(read_environment(stack.folder()).is_some(), "the first one's file is still there");

    let beside = start(other.options()).await;
    assert_ne!(beside.gateway_url(), stack.gateway_url());
    beside.stop().await.expect("it stops");
    stack.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_gateway_port_that_is_taken_is_an_error_and_leaves_nothing_running() {
    let scene = Scene::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port();
    let refused = Stack::start(Options { gateway_port: Some(port), ..scene.options() }).await.err();
    assert!(matches!(refused, Some(StackError::Port(refused, _)) if refused == port));
    assert!(!scene.folder.path().join("stack/postgres/data/postmaster.pid").exists());
}

#[tokio::test]
async fn what_is_set_beforehand_takes_the_place_of_a_stand_in() {
    let scene = Scene::new();
    let server = start(scene.options()).await;
    let database = server.environment()["DATABASE_URL"].clone();

    let other = Scene::new();
    let plans = server.environment()["PLANS"].clone();
    let variables = [
        ("DATABASE_URL", &*database),
        ("STRIPE_SECRET_KEY", "sk_test_real"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_real"),
        ("PLANS", &plans),
        ("JWT_ISSUER", "https://issuer.example"),
    ];
    let stack = start(other.with(&variables)).await;
    let environment = stack.environment();
    assert_eq!(environment["DATABASE_URL"], database);
    assert_eq!(environment["STRIPE_SECRET_KEY"], "sk_test_real");
    assert_eq!(environment["STRIPE_API_BASE"], "https://api.stripe.com");
    let url = stack.function("login").expect("it runs").url();
    assert_eq!(get(&format!("{url}/variables/JWT_ISSUER")).await, "https://issuer.example");
    assert!(!stack.folder().join("postgres").exists(), "no server of its own");
    stack.stop().await.expect("it stops");
    connect(&database).await.batch_execute("select").await.expect("the other's server still runs");

    let half = other.with(&[("STRIPE_SECRET_KEY", "sk_test_real")]);
    let refused = Stack::start(half).await.err().expect("half a configuration").to_string();
    assert!(refused.contains("STRIPE_WEBHOOK_SECRET"), "{refused}");
    let fresh = Options { fresh: true, ..other.with(&[("DATABASE_URL", &*database)]) };
    assert!(matches!(Stack::start(fresh).await.err(), Some(StackError::NotOurs)));
    server.stop().await.expect("it stops");
}

/// The program as `scripts/dev` starts it, beside the functions.
fn program(scene: &Scene) -> Child {
    let path = scene.folder.path().join("local");
    std::fs::copy(env!("CARGO_BIN_EXE_local"), &path).expect("the folder is ours");
    let mut command = Command::new(path);
    command.arg("up").stdout(Stdio::piped()).env("STREAMLY_GATEWAY_PORT", "0");
    command.env("STREAMLY_LOCAL_DIR", scene.folder.path().join("stack")).spawn().expect("it starts")
}

/// Reads what the program says until it says that it runs.
fn wait_until_it_runs(child: &mut Child) -> BufReader<std::process::ChildStdout> {
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut said = String::new();
    while !said.contains("Ctrl-C stops everything") {
        assert_ne!(output.read_line(&mut said).expect("text"), 0, "it ended: {said}");
    }
    output
}

/// The processes that the folder's files and addresses tell of.
async fn processes_of(scene: &Scene) -> Vec<u32> {
    let folder = scene.folder.path().join("stack");
    let environment = read_environment(&folder).expect("it is written");
    let mut found = vec![postgres(&folder)];
    for name in FUNCTIONS {
        let answer = get(&environment[&address(name)]).await;
        found.push(answer.parse().expect("its number"));
    }
    found
}

#[tokio::test]
async fn the_program_stops_everything_at_sigterm_and_exits_with_success() {
    let scene = Scene::new();
    let mut child = program(&scene);
    let mut output = wait_until_it_runs(&mut child);
    let running = processes_of(&scene).await;
    kill_process(pid(child.id()), Signal::TERM).expect("it is ours");
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut output, &mut rest).expect("text");
    assert_eq!(rest, "stopping\nstopped\n");
    assert!(child.wait().expect("it ends").success());
    running.into_iter().map(pid).for_each(assert_gone);
    assert!(read_environment(&scene.folder.path().join("stack")).is_none());
}

#[tokio::test]
async fn a_program_that_is_told_to_stop_while_it_starts_stops_all_the_same() {
    let scene = Scene::new();
    let mut child = program(&scene);
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut said = String::new();
    output.read_line(&mut said).expect("text");
    kill_process(pid(child.id()), Signal::TERM).expect("it is ours");
    std::io::Read::read_to_string(&mut output, &mut said).expect("text");
    assert!(said.ends_with("stopping\nstopped\n"), "{said}");
    assert!(!said.contains("Streamly runs"), "{said}");
    assert!(child.wait().expect("it ends").success());
}

#[tokio::test]
async fn a_program_that_is_told_twice_ends_at_once_and_the_next_start_is_whole() {
    let scene = Scene::new();
    let mut child = program(&scene);
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    output.read_line(&mut String::new()).expect("text");
    kill_process(pid(child.id()), Signal::TERM).expect("it is ours");
    kill_process(pid(child.id()), Signal::INT).expect("it is ours");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    start(scene.options()).await.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_killed_program_takes_everything_with_it_and_the_next_start_finds_the_data() {
    let scene = Scene::new();
    let mut child = program(&scene);
    let output = wait_until_it_runs(&mut child);
    let running = processes_of(&scene).await;
    child.kill().expect("it is ours");
    child.wait().expect("it ends");
    drop(output);
    // Which waits until the watchdog of the killed one has ended its parts.
    let stack = start(scene.options()).await;
    stack.stop().await.expect("it stops");
    running.into_iter().map(pid).for_each(assert_gone);
}
