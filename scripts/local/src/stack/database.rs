//! The stack's database: a server of its own, or the one that `DATABASE_URL` names; migrated, and with a login for each
//! function that may do what the function's role may, and no more.

use rustix::process::{Pid, WaitOptions, test_kill_process, waitpid};
use std::path::Path;
use std::time::Duration;
use streamly::db::{CaFile, Settings};
use testkit::postgres::{self, Server};
use tokio_postgres::Client;

use super::StackError;
use super::secrets::random_text;
use crate::process::{Ending, Progress, Watchdog};

/// The owner of the schema: may make roles, is no superuser, as in the cloud.
const OWNER: &str = "streamly";
/// The name of the database.
const NAME: &str = "streamly";
/// The most connections of the stack's own server.
const CONNECTIONS_MAX: u16 = 200;

/// The longest wait for the end of the server's process, in milliseconds, after its own word that it has stopped.
const GONE_MS_MAX: u64 = 2_000;
/// How often that is looked at, in milliseconds.
const POLL_MS: u64 = 5;

/// A database that is ready for the functions.
pub(super) struct Database {
    server: Option<Server>,
    owner_url: String,
    password: String,
}

/// How to come to the database.
pub(super) struct Options<'a> {
    /// Where a server of one's own keeps its files.
    pub(super) folder: &'a Path,
    /// The owner's address of another database.
    pub(super) outside: Option<String>,
    /// The certificates that verify it.
    pub(super) ca_file: Option<String>,
    /// Whether to begin with an empty database.
    pub(super) fresh: bool,
    /// The functions that get a login.
    pub(super) functions: &'a [String],
    pub(super) progress: &'a Progress,
    pub(super) watchdog: &'a Watchdog,
}

impl Database {
    /// Starts or finds it, and brings it to the newest schema.
    pub(super) async fn start(options: Options<'_>) -> Result<(Self, Client), StackError> {
        let (server, owner_url) = match options.outside.clone() {
            Some(url) => (None, url),
            None => own(&options).await.map(|(server, url)| (Some(server), url))?,
        };
        let settings: Settings = owner_url.parse().map_err(|fault: streamly::db::InvalidSettings| {
            StackError::Variable("DATABASE_URL", fault.to_string())
        })?;
        let ca: Option<CaFile> = match options.ca_file.as_deref().map(str::parse) {
            Some(read) => Some(read.map_err(|_| {
                StackError::Variable("DATABASE_CA_FILE", "the file holds no certificate".to_owned())
            })?),
            None => None,
        };
        let tell = |name: &str| (options.progress)(&format!("applied {name}"));
        migrate::apply(&settings, ca.as_ref(), migrate::MIGRATIONS, tell).await?;
        let client = settings.connect(ca.as_ref()).await.map_err(sql("connect"))?;
        let password = random_text();
        for function in options.functions {
            make_login(&client, function, &password).await?;
        }
        Ok((Self { server, owner_url, password }, client))
    }

    /// The owner's `DATABASE_URL`.
    pub(super) fn owner_url(&self) -> &str {
        &self.owner_url
    }

    /// A function's `DATABASE_URL`: the same place under its own login. What stands last in either form of address wins.
    pub(super) fn url(&self, function: &str) -> String {
        let (url, user, password) = (&self.owner_url, login(function), &self.password);
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return format!("{url} user={user} password={password}");
        }
        let sign = if url.contains('?') { '&' } else { '?' };
        format!("{url}{sign}user={user}&password={password}")
    }

    /// Ends the server, where it is ours.
    pub(super) async fn stop(&self) -> Result<(), StackError> {
        let Some(server) = &self.server else { return Ok(()) };
        let pid = pid(server);
        server.stop().await?;
        for _ in 0..GONE_MS_MAX / POLL_MS {
            if pid.is_none_or(is_gone) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(POLL_MS)).await;
        }
        Ok(())
    }
}

/// Whether there is a subscription, which Stripe or its stand-in should know of.
pub(super) async fn has_subscriptions(owner: &Client) -> Result<bool, StackError> {
    let found = owner.query_one("select exists (select from subscriptions)", &[]).await;
    Ok(found.map_err(sql("look for subscriptions"))?.get(0))
}

/// A server in the stack's folder, with the owner and its database.
async fn own(options: &Options<'_>) -> Result<(Server, String), StackError> {
    let progress = |what: &str| (options.progress)(what);
    let server = Server::start(postgres::Options {
        folder: &options.folder.join("postgres"),
        durable: true,
        tcp: true,
        connections_max: CONNECTIONS_MAX,
        progress: &progress,
    })
    .await?;
    if let Some(pid) = pid(&server) {
        options.watchdog.watch(pid.as_raw_nonzero().get().unsigned_abs(), Ending::Interrupt);
    }
    let client = server.superuser("postgres").connect(None).await.map_err(sql("connect"))?;
    if options.fresh {
        let drop = format!("drop database if exists {NAME} with (force)");
        client.batch_execute(&drop).await.map_err(sql("drop the database"))?;
    }
    let password = random_text();
    ensure_role(&client, OWNER, &format!("login createrole password '{password}'")).await?;
    let found = client.query_opt("select from pg_database where datname = $1", &[&NAME]).await;
    if found.map_err(sql("find the database"))?.is_none() {
        let create = format!("create database {NAME} owner {OWNER}");
        client.batch_execute(&create).await.map_err(sql("create the database"))?;
    }
    let port = server.port().ok_or(StackError::NoPort)?;
    let url = format!("postgres://{OWNER}:{password}@127.0.0.1:{port}/{NAME}?sslmode=disable");
    Ok((server, url))
}

/// The server's process, whose number is on the first line of the file that says that it runs.
fn pid(server: &Server) -> Option<Pid> {
    let running = std::fs::read_to_string(server.folder().join("data/postmaster.pid")).ok()?;
    Pid::from_raw(running.lines().next()?.trim().parse().ok()?)
}

/// Whether the server's process has ended. One that we have started ourselves is a zombie until we ask.
fn is_gone(pid: Pid) -> bool {
    match waitpid(Some(pid), WaitOptions::NOHANG) {
        Ok(ended) => ended.is_some(),
        Err(_) => test_kill_process(pid).is_err(),
    }
}

/// A login that has the rights of the function's role through it. Its password is new at each start.
async fn make_login(client: &Client, function: &str, password: &str) -> Result<(), StackError> {
    let (role, login) = (format!("streamly_{}", function.replace('-', "_")), login(function));
    ensure_role(client, &login, &format!("login password '{password}'")).await?;
    client.batch_execute(&format!("grant {role} to {login}")).await.map_err(sql("grant a role"))
}

fn login(function: &str) -> String {
    format!("local_{}", function.replace('-', "_"))
}

/// A role with these attributes. Names and passwords are ours, of letters, digits and `_`.
async fn ensure_role(client: &Client, role: &str, attributes: &str) -> Result<(), StackError> {
    let found = client.query_opt("select from pg_roles where rolname = $1", &[&role]).await;
    let verb = if found.map_err(sql("find a role"))?.is_some() { "alter" } else { "create" };
    client.batch_execute(&format!("{verb} role {role} {attributes}")).await.map_err(sql("make a role"))
}

/// What was being done when the database refused.
pub(super) fn sql(doing: &'static str) -> impl Fn(tokio_postgres::Error) -> StackError {
    move |source| StackError::Sql { doing, source }
}
