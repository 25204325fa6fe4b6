//! Starts the local stack until it is told to stop, runs its reconcile job once, walks a customer's journey through it, or
//! makes keys. `scripts/dev`, `scripts/demo` and `scripts/keys` build this and hand over to it.

use clap::{Parser, Subcommand};
use functions_framework::env::Process;
use local::journey;
use local::keys::{KeyPair, KeySet, KeysError};
use local::stack::{Options, Stack, read_environment, reconcile};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// The exit status of a program that Ctrl-C ended.
const EXIT_INTERRUPTED: i32 = 130;

/// The local stack.
#[derive(Parser)]
#[command(name = "local")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts the whole product on loopback, until Ctrl-C.
    Up {
        /// Begins anew: an empty database and other keys.
        #[arg(long)]
        fresh: bool,
    },
    /// Runs the reconcile job once against the running stack.
    Reconcile {
        /// What the job is to do; everything where nothing is named.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Walks a customer's journey, against the running stack or one of its own.
    Demo,
    /// Makes and retires the keys of access tokens.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Makes a private key in a new file, and prints the set of public keys.
    Make {
        file: PathBuf,
        #[arg(long)]
        beside: Option<PathBuf>,
    },
    /// Prints the set of public keys of a private key that is there.
    Public {
        file: PathBuf,
        #[arg(long)]
        beside: Option<PathBuf>,
    },
    /// Prints a set without one of its keys.
    Drop {
        id: String,
        #[arg(long)]
        from: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Up { fresh } => up(fresh).await,
        Command::Reconcile { arguments } => run_reconcile(&arguments),
        Command::Demo => demo().await,
        Command::Keys { command } => keys(command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed stderr must not hide the exit status.
            let _ = writeln!(std::io::stderr(), "{}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn up(fresh: bool) -> Result<(), Box<dyn Error>> {
    let mut stopped = stop_requests()?;
    let mut options = Options::read(Arc::new(Process))?;
    options.fresh = fresh;
    options.progress = Arc::new(|line: &str| say(&format!("  {line}")));
    let stack = Stack::start(options).await?;
    // Asked for during the start, it is done right after it.
    if !*stopped.borrow() {
        announce(&stack);
        stopped.changed().await?;
    }
    say("stopping");
    stack.stop().await?;
    say("stopped");
    Ok(())
}

/// Becomes the job, so that its exit status and its signals are this program's.
fn run_reconcile(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let options = Options::read(Arc::new(Process))?;
    Err(reconcile(&options)?.args(arguments).exec().into())
}

/// A set goes to stdout, a key's id to stderr, and a private key to neither.
fn keys(command: KeysCommand) -> Result<(), Box<dyn Error>> {
    let read = |file: Option<PathBuf>| file.as_deref().map(KeySet::read).transpose();
    let set = match command {
        KeysCommand::Make { file, beside } => {
            let others = read(beside)?;
            published(&KeyPair::make(&file)?, others)?
        }
        KeysCommand::Public { file, beside } => published(&KeyPair::read(&file)?, read(beside)?)?,
        KeysCommand::Drop { id, from } => KeySet::read(&from)?.without(&id)?,
    };
    Ok(writeln!(std::io::stdout(), "{set}")?)
}

fn published(pair: &KeyPair, others: Option<KeySet>) -> Result<KeySet, KeysError> {
    // A closed stderr is no reason to print no set.
    let _ = writeln!(std::io::stderr(), "JWT_SIGNING_KEY_ID is {}", pair.id());
    others.map_or_else(|| Ok(pair.key_set()), |set| set.beside(pair))
}

async fn demo() -> Result<(), Box<dyn Error>> {
    let mut options = Options::read(Arc::new(Process))?;
    if let Some(environment) = read_environment(&options.folder)
        && journey::answers(&environment).await
    {
        return walk(&environment).await;
    }
    say("no stack answers, so this starts one and stops it at the end");
    options.progress = Arc::new(|line: &str| say(&format!("  {line}")));
    let stack = Stack::start(options).await?;
    let walked = walk(stack.environment()).await;
    stack.stop().await?;
    walked
}

async fn walk(environment: &BTreeMap<String, String>) -> Result<(), Box<dyn Error>> {
    let steps = journey::walk(environment, &say).await?;
    say(&format!("every step held, {steps} of them"));
    Ok(())
}

/// Turns true at the first Ctrl-C or SIGTERM; the second ends the program, and the watchdog ends its parts.
fn stop_requests() -> std::io::Result<watch::Receiver<bool>> {
    let mut signals =
        [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?];
    let (request, requested) = watch::channel(false);
    tokio::spawn(async move {
        let [interrupt, terminate, hangup] = &mut signals;
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            if request.send_replace(true) {
                kill();
            }
        }
    });
    Ok(requested)
}

#[expect(clippy::exit, reason = "whoever asks twice does not want to wait for anything")]
fn kill() -> ! {
    std::process::exit(EXIT_INTERRUPTED)
}

fn announce(stack: &Stack) {
    let folder = stack.folder().display();
    let of = |name: &str| stack.environment().get(name).map_or("", String::as_str);
    say(&format!(
        "\nStreamly runs.\n\n  demo page   {}\n  mail        {}\n  gateway     {}\n  API page    {}\n  database    {}\n  \
         logs        {folder}/logs\n  variables   {folder}/stack.env\n\n\
         Pay with card 4242 4242 4242 4242. Webhooks and Stripe's clock are switched by the page \"Behind Stripe\".\n\
         Ctrl-C stops everything.",
        of("STREAMLY_DEMO_URL"),
        stack.environment().get("STREAMLY_MAIL_URL").map_or("sent by your SMTP_URL", String::as_str),
        of("STREAMLY_GATEWAY_URL"),
        of("STREAMLY_API_URL"),
        of("DATABASE_URL")
    ));
}

/// One line on stdout. A reader that went away is no reason to stop.
fn say(line: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// An error and what it came from, on one line.
fn chain(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(inner) = source {
        texts.push(inner.to_string());
        source = inner.source();
    }
    texts.join(": ")
}
