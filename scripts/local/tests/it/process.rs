//! Programs that are started, die, are started again, and end.

use local::process::{Ending, Job, Process, ProcessError, Program, Watchdog};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{Folder, get};

/// A program, and what it tells.
fn program(folder: &Folder, path: &Path, variables: &[(&str, &str)]) -> (Program, UnboundedReceiver<String>) {
    let (tell, told) = unbounded_channel();
    let variables: BTreeMap<_, _> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let program = Program {
        name: "answers".to_owned(),
        path: path.to_owned(),
        variables,
        log: folder.path().join("answers.log"),
        progress: Arc::new(move |line: &str| drop(tell.send(line.to_owned()))),
    };
    (program, told)
}

/// The example of this package that is a function.
pub(crate) fn answers() -> PathBuf {
    let test = std::env::current_exe().expect("a program knows where it is");
    test.ancestors().nth(2).expect("cargo's folders").join("examples/answers")
}

/// The example of this package that is a job.
pub(crate) fn job() -> PathBuf {
    answers().with_file_name("job")
}

fn watchdog() -> Arc<Watchdog> {
    Arc::new(Watchdog::start(Stdio::null()).expect("every machine has a shell"))
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(number.cast_signed()).expect("a process id")
}

#[tokio::test]
async fn a_program_runs_with_its_variables_and_no_others() {
    let folder = Folder::new();
    let (program, _told) = program(&folder, &answers(), &[("GREETING", "hello")]);
    let process = Process::start(program, watchdog()).await.expect("it starts");
    let names = get(&format!("{}/variables", process.url())).await;
    let mut names: Vec<&str> = names.split(' ').collect();
    names.sort_unstable();
    assert_eq!(names, ["GREETING", "PORT"]);
    process.stop().await;
}

#[tokio::test]
async fn a_program_that_is_killed_is_started_again_at_the_same_address() {
    let folder = Folder::new();
    let (program, mut told) = program(&folder, &answers(), &[]);
    let process = Process::start(program, watchdog()).await.expect("it starts");
    let first = process.pid();
    assert_eq!(get(&process.url()).await, first.to_string());

    kill_process(pid(first), Signal::KILL).expect("it is ours");
    let line = told.recv().await.expect("a line");
    assert!(line.contains("answers died") && line.contains("signal: 9"), "{line}");
    assert_eq!(told.recv().await.as_deref(), Some("answers is back"));
    assert_ne!(process.pid(), first);
    assert_eq!(get(&process.url()).await, process.pid().to_string());
    process.stop().await;
}

#[tokio::test]
async fn a_stopped_program_is_gone_and_not_started_again() {
    let folder = Folder::new();
    let (program, mut told) = program(&folder, &answers(), &[]);
    let process = Process::start(program, watchdog()).await.expect("it starts");
    let last = process.pid();
    process.stop().await;
    assert_eq!(test_kill_process(pid(last)), Err(rustix::io::Errno::SRCH));
    assert_eq!(told.recv().await, None, "nothing is left that could tell");
}

#[tokio::test]
async fn what_it_says_is_in_its_log() {
    let folder = Folder::new();
    let (program, _told) = program(&folder, &answers(), &[]);
    let log = program.log.clone();
    let process = Process::start(program, watchdog()).await.expect("it starts");
    get(&format!("{}/a-path-of-this-test", process.url())).await;
    process.stop().await;
    let text = std::fs::read_to_string(log).expect("there is a log");
    assert!(
        text.lines().any(|line| line.starts_with('{') && line.contains("/a-path-of-this-test")),
        "{text}"
    );
}

#[tokio::test]
async fn a_fault_of_the_configuration_is_told_in_the_programs_own_words() {
    let folder = Folder::new();
    let (program, _told) = program(&folder, &answers(), &[("FUNCTION_SIGNATURE_TYPE", "event")]);
    let error = Process::start(program, watchdog()).await.err().expect("it cannot start");
    let ProcessError::Ended { status, output, .. } = error else { panic!("{error}") };
    assert_eq!(status.code(), Some(78));
    assert!(output.contains("FUNCTION_SIGNATURE_TYPE"), "{output}");
}

#[tokio::test]
async fn a_program_that_ends_at_once_or_is_not_there_is_an_error() {
    let folder = Folder::new();
    let (ends, _told) = program(&folder, Path::new("/bin/false"), &[]);
    let error = Process::start(ends, watchdog()).await.err().expect("it ends");
    assert!(matches!(error, ProcessError::Ended { .. }), "{error}");
    let (absent, _told) = program(&folder, &folder.path().join("absent"), &[]);
    let error = Process::start(absent, watchdog()).await.err().expect("it is not there");
    assert!(matches!(error, ProcessError::Spawn { .. }), "{error}");
}

#[test]
fn the_watchdog_ends_what_is_left_when_we_are_gone_and_nothing_that_it_was_told_to_forget() {
    let sleeper = || Command::new("/bin/sleep").arg("1000").spawn().expect("every machine has sleep");
    let (mut terminated, mut interrupted, mut forgotten) = (sleeper(), sleeper(), sleeper());
    let dog = Watchdog::start(Stdio::null()).expect("every machine has a shell");
    dog.watch(forgotten.id(), Ending::Terminate);
    dog.watch(terminated.id(), Ending::Terminate);
    dog.watch(interrupted.id(), Ending::Interrupt);
    dog.forget(forgotten.id());
    // The end of its input is what it notices of our end, whatever brings it.
    drop(dog);
    assert_eq!(terminated.wait().expect("it ends").signal(), Some(15));
    assert_eq!(interrupted.wait().expect("it ends").signal(), Some(2));
    assert!(forgotten.try_wait().expect("it is ours").is_none());
    forgotten.kill().expect("it is ours");
    forgotten.wait().expect("it ends");
}

#[test]
fn the_watchdog_keeps_a_lock_until_what_it_watches_has_ended() {
    let folder = Folder::new();
    let path = folder.path().join("lock");
    let open = || std::fs::File::create(&path).expect("the folder is ours");
    let held = open();
    held.try_lock().expect("nobody else has it");
    let mut sleeper = Command::new("/bin/sleep").arg("1000").spawn().expect("every machine has sleep");
    let dog = Watchdog::start(held).expect("every machine has a shell");
    dog.watch(sleeper.id(), Ending::Terminate);
    assert!(open().try_lock().is_err(), "the watchdog has it");
    drop(dog);
    open().lock().expect("it is free in the end");
    assert_eq!(sleeper.try_wait().expect("it is ours").and_then(|status| status.signal()), Some(15));
}

/// What a job's log says as soon as it says this often that it ran.
async fn log_with(folder: &Folder, runs: usize) -> String {
    let path = folder.path().join("answers.log");
    loop {
        let said = std::fs::read_to_string(&path).unwrap_or_default();
        if said.lines().count() >= runs {
            return said;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_job_runs_again_and_again() {
    let folder = Folder::new();
    let (program, _told) = program(&folder, &job(), &[]);
    let every = std::time::Duration::from_millis(1);
    let running = Job::start(program, &["marked", "replay"], every, watchdog()).expect("it starts");
    let said = log_with(&folder, 3).await;
    assert!(said.lines().all(|line| line == "ran marked replay"), "{said}");
    running.stop().await;
}

#[tokio::test]
async fn a_job_that_fails_is_told_of_once_and_runs_again() {
    let folder = Folder::new();
    let (program, mut told) = program(&folder, &job(), &[]);
    let every = std::time::Duration::from_millis(1);
    let running = Job::start(program, &["fail"], every, watchdog()).expect("it starts");
    log_with(&folder, 3).await;
    running.stop().await;
    let line = told.recv().await.expect("it is told");
    assert!(line.starts_with("answers failed (exit status: 1)"), "{line}");
    assert_eq!(told.recv().await, None, "once");
}

#[tokio::test]
async fn a_job_that_runs_is_ended_with_the_stack() {
    let folder = Folder::new();
    let (program, mut told) = program(&folder, &job(), &[]);
    let every = std::time::Duration::from_millis(1);
    let running = Job::start(program, &["wait"], every, watchdog()).expect("it starts");
    log_with(&folder, 1).await;
    running.stop().await;
    assert_eq!(std::fs::read_to_string(folder.path().join("answers.log")).expect("text"), "ran wait\n");
    assert_eq!(told.recv().await, None, "an end that was asked for is no failure");
}
