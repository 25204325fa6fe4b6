//! A database for each test: a copy of a migrated template, on a server that the tests of one target folder share.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use streamly::db::{Pool, PoolSize, Settings};
use tokio_postgres::Client;

use crate::postgres::{Options, Server};

/// The owner of the schema: may make roles, is no superuser, as in the cloud.
const OWNER: &str = "streamly";
/// The most connections of the shared server: some tests ask with 200 at once.
const CONNECTIONS_MAX: u16 = 500;

/// Ends the server once no test has touched the file `$1` for 15 minutes; `$2` holds the server's process id.
const WATCH: &str = "
while sleep 60 && kill -0 \"$(head -n 1 \"$2\")\"; do
  [ -n \"$(find \"$1\" -mmin -15)\" ] || kill -INT \"$(head -n 1 \"$2\")\"
done";

/// A fresh, migrated database, dropped at the end.
#[derive(Debug)]
pub struct Database {
    server: Server,
    name: String,
}

impl Database {
    /// A copy of the template, made on first use.
    pub async fn new() -> Self {
        Self::copied(template().await).await
    }

    /// The same on a server of its own in this folder, which keeps what is committed as a deployed one does; whoever asked
    /// for it stops the server.
    pub async fn durable(folder: &Path) -> Self {
        Self::copied(template_in(folder, true).await).await
    }

    async fn copied((server, template): (Server, String)) -> Self {
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let client = connect(&server.superuser("postgres")).await;
        let create = format!("create database {name} template {template} owner {OWNER}");
        client.batch_execute(&create).await.expect("the template is copied");
        Self { server, name }
    }

    /// A database without a schema, for the tests of the migrations.
    pub async fn empty() -> Self {
        let (server, _) = template().await;
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let client = connect(&server.superuser("postgres")).await;
        client
            .batch_execute(&format!("create database {name} owner {OWNER}"))
            .await
            .expect("a database is made");
        Self { server, name }
    }

    /// `DATABASE_URL` for a function, under its own role.
    pub fn url(&self, function: &str) -> String {
        self.server.socket_url(&format!("test_{}", function.replace('-', "_")), &self.name)
    }

    /// `DATABASE_URL` of the owner.
    pub fn owner_url(&self) -> String {
        self.server.socket_url(OWNER, &self.name)
    }

    /// A pool of two connections for a function, under its own role.
    pub fn pool(&self, function: &str) -> Pool {
        Pool::new(self.url(function).parse().expect("our own address"), None, PoolSize::default())
    }

    /// The owner's connection, to arrange and to count rows.
    pub async fn owner(&self) -> Client {
        connect(&self.owner_url().parse().expect("our own address")).await
    }

    /// A superuser's connection, to end other connections.
    pub async fn superuser(&self) -> Client {
        connect(&self.server.superuser(&self.name)).await
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder of its server's programs' socket.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Ends every connection of a function's role, as a restart of the server would.
    pub async fn end_connections(&self, function: &str) {
        let client = self.superuser().await;
        let role = format!("test_{}", function.replace('-', "_"));
        let end =
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and datname = $2";
        client.query(end, &[&role, &self.name]).await.expect("a superuser may end connections");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (way, name) = (self.server.superuser("postgres"), self.name.clone());
        // The test's own runtime may be inside this very call, so another thread has another one.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(async {
                // What cannot be dropped now goes with the server's next start.
                if let Ok(client) = way.connect(None).await {
                    let _ =
                        client.batch_execute(&format!("drop database if exists {name} with (force)")).await;
                }
            });
        });
        let _ = thread.join();
    }
}

async fn connect(settings: &Settings) -> Client {
    settings.connect(None).await.expect("the test server answers")
}

/// The shared server and the name of the template of this program's migrations, one process at a time.
async fn template() -> (Server, String) {
    template_in(&target().join("test-postgres"), false).await
}

/// The same of the server in this folder.
async fn template_in(folder: &Path, durable: bool) -> (Server, String) {
    fs::create_dir_all(folder).expect("the target folder is ours");
    // The watch looks for it from elsewhere.
    let folder = &folder.canonicalize().expect("it was just made");
    let lock = fs::File::create(folder.join("lock")).expect("the target folder is ours");
    lock.lock().expect("files can be locked");
    fs::write(folder.join("used"), "").expect("the target folder is ours");
    let progress = |what: &str| {
        // Seen with --no-capture; the first run may fetch a server.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{what}\n").as_bytes());
    };
    let options =
        Options { folder, durable, tcp: false, connections_max: CONNECTIONS_MAX, progress: &progress };
    let server = Server::start(options).await.unwrap_or_else(|error| panic!("{error}"));
    let client = connect(&server.superuser("postgres")).await;
    if server.was_started() {
        watch(&server, &folder.join("used"));
        prepare(&client).await;
    }
    let template = format!("template_{}", fingerprint());
    let found = client.query_opt("select from pg_database where datname = $1", &[&template]).await;
    if found.expect("the catalogue is readable").is_none() {
        build(&server, &client, &template).await;
    }
    (server, template)
}

/// The owner, and an end to what an interrupted run left.
async fn prepare(client: &Client) {
    let owner = format!(
        "do $$ begin create role {OWNER} login createrole; exception when duplicate_object then null; end $$"
    );
    client.batch_execute(&owner).await.expect("a superuser makes roles");
    let left = client.query("select datname from pg_database where datname like 'test\\_%'", &[]).await;
    for row in left.expect("the catalogue is readable") {
        let name: String = row.get(0);
        client.batch_execute(&format!("drop database {name} with (force)")).await.expect("nobody uses it");
    }
}

/// Under a passing name first: what has the template's name is whole.
async fn build(server: &Server, client: &Client, template: &str) {
    let unfinished = format!("{template}_unfinished");
    let make = [
        format!("drop database if exists {unfinished} with (force)"),
        format!("create database {unfinished} owner {OWNER}"),
    ];
    for statement in make {
        client.batch_execute(&statement).await.expect("a superuser makes databases");
    }
    let way: Settings = server.socket_url(OWNER, &unfinished).parse().expect("our own address");
    migrate::apply(&way, None, migrate::MIGRATIONS, |_| ()).await.expect("the migrations apply");
    let logins = r"
        do $$
        declare
          role text;
          login text;
        begin
          for role in select rolname from pg_roles where rolname like 'streamly\_%' loop
            login := replace(role, 'streamly_', 'test_');
            if not exists (select from pg_roles where rolname = login) then
              execute format('create role %I login in role %I', login, role);
            end if;
          end loop;
        end
        $$";
    client.batch_execute(logins).await.expect("a superuser makes roles");
    // Connections to a template must have ended, and the migrator's may linger a moment.
    let end =
        format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{unfinished}'");
    client.batch_execute(&end).await.expect("a superuser may end connections");
    let name = format!("alter database {unfinished} rename to {template}");
    client.batch_execute(&name).await.expect("the template is whole");
}

fn watch(server: &Server, used: &Path) {
    let pid = server.folder().join("data/postmaster.pid");
    let mut command = Command::new("/bin/sh");
    command.args(["-c", WATCH, "sh"]).arg(used).arg(pid).current_dir("/").process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // It outlives this program, so nobody can wait for it.
    drop(command.spawn().expect("every machine has a shell"));
}

/// A name for the migrations' text: another schema is another template.
fn fingerprint() -> String {
    let text: String =
        migrate::MIGRATIONS.iter().map(|migration| [migration.name, migration.sql].concat()).collect();
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, text.as_bytes()).simple().to_string()
}

/// The folder into which this program was built.
fn target() -> PathBuf {
    let program = std::env::current_exe().expect("a program knows where it is");
    let profile = program.ancestors().find(|folder| folder.join("deps").is_dir()).expect("cargo built it");
    profile.parent().expect("a profile lies in a target folder").to_owned()
}

#[cfg(test)]
mod tests {
    use super::Database;

    #[tokio::test]
    async fn every_test_has_a_migrated_database_of_its_own() {
        let (one, other) = (Database::new().await, Database::new().await);
        let (first, second) = (one.owner().await, other.owner().await);
        let insert = "insert into videos (id, title, provider, access) values (gen_random_uuid(), 'one', 'mux', 'free')";
        first.batch_execute(insert).await.expect("the owner may insert");
        let count = second.query_one("select count(*) from videos", &[]).await.expect("the owner may read");
        assert_eq!(count.get::<_, i64>(0), 0);
    }

    #[tokio::test]
    async fn a_function_has_its_own_role() {
        let database = Database::new().await;
        let connection = database.pool("playback").get().await.expect("the role may connect");
        let row = connection.query_one("select current_user", &[]).await.expect("everyone may ask");
        assert_eq!(row.get::<_, String>(0), "test_playback");
        let refused = connection.batch_execute("delete from users").await.expect_err("playback may not");
        assert_eq!(refused.code(), Some(&tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE));
    }
}
