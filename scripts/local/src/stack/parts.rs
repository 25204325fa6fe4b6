//! Starts the parts of a stack in the order in which they need each other.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::try_join_all;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use testkit::keys::{MUX_PRIVATE_KEY, MUX_PUBLIC_KEY, MUX_SIGNING_KEY};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_postgres::Client;

use super::database::{self, Database};
use super::options::Options;
use super::pages::{self, Pages};
use super::secrets::Secrets;
use super::settings::Settings;
use super::{StackError, seeds};
use crate::file;
use crate::gateway::{Backend, Document, Gateway};
use crate::mail::Catcher;
use crate::mux::{self, Mux};
use crate::process::{Job, Process, Program, Watchdog};
use crate::schedule::Schedule;
use crate::stripe::{self, Stripe};

/// The gateway's port where nothing else is asked for and it is free.
const GATEWAY_PORT: u16 = 8080;

/// The job that settles with Stripe what the webhook could not, and how often its passes run: oftener than in the cloud, so
/// that one sees it. `missed` compares everything and runs more seldom, so that a person who has switched webhooks off sees
/// what that does before it is mended.
pub(super) const RECONCILE: &str = "reconcile";
const PASSES: [(&[&str], Duration); 2] = [
    (&["marked", "overdue", "replay", "clean", "erase"], Duration::from_secs(30)),
    (&["missed"], Duration::from_mins(10)),
];

/// The function that no gateway knows, the path at which its scheduler asks it, and how often: oftener than in the cloud, so
/// that nobody waits for a mail.
pub(super) const MAILER: (&str, &str, Duration) = ("mailer", "/drain", Duration::from_secs(1));

/// What stands before anything runs.
pub(super) struct Ground {
    pub(super) options: Options,
    pub(super) folder: PathBuf,
    pub(super) document: Document,
    /// Every function that serves.
    pub(super) functions: Vec<String>,
    pub(super) secrets: Secrets,
    pub(super) watchdog: Arc<Watchdog>,
}

/// What runs beside the database.
pub(super) struct Parts {
    pub(super) gateway: Gateway,
    pub(super) functions: BTreeMap<String, Process>,
    pub(super) reconcile: Vec<Job>,
    pub(super) drains: Schedule,
    pub(super) catcher: Option<Catcher>,
    pub(super) stripe: Option<Stripe>,
    pub(super) mux: Option<Mux>,
    pub(super) pages: Pages,
}

impl Ground {
    fn tell(&self, line: &str) {
        (self.options.progress)(line);
    }

    /// The stack's own server, or the user's database.
    pub(super) async fn start_database(&self) -> Result<(Database, Client), StackError> {
        let outside = self.options.get("DATABASE_URL");
        if outside.is_some() && self.options.fresh {
            return Err(StackError::NotOurs);
        }
        self.tell(match outside {
            Some(_) => "database: yours, from DATABASE_URL",
            None => "database: starting",
        });
        Database::start(database::Options {
            folder: &self.folder,
            outside,
            ca_file: self.options.get("DATABASE_CA_FILE"),
            fresh: self.options.fresh,
            functions: &self.with_a_role(),
            progress: &self.options.progress,
            watchdog: &self.watchdog,
        })
        .await
    }

    /// Whatever has a role of its own in the database.
    fn with_a_role(&self) -> Vec<String> {
        self.functions.iter().cloned().chain([RECONCILE.to_owned()]).collect()
    }

    /// The stand-in for Stripe, unless a key of the user's says that the real one is meant.
    async fn start_stripe(
        &self,
        settings: &mut Settings<'_>,
        owner: &Client,
    ) -> Result<Option<Stripe>, StackError> {
        if let Some(key) = self.options.get("STRIPE_SECRET_KEY") {
            self.options.with("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET")?;
            self.options.with("STRIPE_SECRET_KEY", "PLANS")?;
            settings.set("STRIPE_API_BASE", "https://api.stripe.com");
            // `sk_live_…`, or `rk_live_…` for a restricted key.
            settings.set("STRIPE_LIVEMODE", key.contains("_live_").to_string());
            self.tell("Stripe: the real one, with your STRIPE_SECRET_KEY");
            return Ok(None);
        }
        let plans = settings.required("PLANS")?;
        let prices = stripe::prices_of_plans(&plans)
            .map_err(|fault| StackError::Variable("PLANS", fault.to_string()))?;
        let secret = settings.required("STRIPE_WEBHOOK_SECRET")?;
        let memory = self.folder.join("stripe.json");
        if self.options.fresh {
            file::remove(&memory).map_err(|error| StackError::File(memory.clone(), error))?;
        }
        if !memory.exists() && database::has_subscriptions(owner).await? {
            self.tell(
                "Stripe: the stand-in knows nothing of the subscriptions in this database, which reconcile will complain of; \
                 scripts/dev --fresh begins anew",
            );
        }
        let options = stripe::Options {
            prices,
            memory: Some(memory),
            ..stripe::Options::new(&*self.secrets.stripe_secret_key, secret)
        };
        let stripe =
            Stripe::start(options).await.map_err(|error| StackError::Server("the Stripe stand-in", error))?;
        settings.set("STRIPE_SECRET_KEY", &*self.secrets.stripe_secret_key);
        settings.set("STRIPE_API_BASE", stripe.url());
        settings.set("STRIPE_LIVEMODE", "false");
        self.tell("Stripe: a stand-in");
        Ok(Some(stripe))
    }

    /// The stand-in for Mux, unless a key of the user's says that the real one is meant.
    async fn start_mux(&self, settings: &mut Settings<'_>) -> Result<Option<Mux>, StackError> {
        if self.options.get("MUX_SIGNING_KEY").is_some() {
            self.options.with("MUX_SIGNING_KEY", "MUX_PRIVATE_KEY")?;
            settings.set("MUX_STREAM_BASE_URL", "https://stream.mux.com");
            settings.set("MUX_IMAGE_BASE_URL", "https://image.mux.com");
            self.tell("Mux: the real one, with your MUX_SIGNING_KEY");
            return Ok(None);
        }
        let assets = seeds::ALL.iter().map(|seed| (seed.playback_id.to_owned(), seed.asset())).collect();
        let options = mux::Options { assets, ..mux::Options::new(MUX_SIGNING_KEY, MUX_PUBLIC_KEY) };
        let mux = Mux::start(options).await.map_err(|error| StackError::Server("the Mux stand-in", error))?;
        settings.set("MUX_SIGNING_KEY", MUX_SIGNING_KEY);
        settings.set("MUX_PRIVATE_KEY", STANDARD.encode(MUX_PRIVATE_KEY));
        settings.set("MUX_STREAM_BASE_URL", mux.stream_url());
        settings.set("MUX_IMAGE_BASE_URL", mux.image_url());
        self.tell("Mux: a stand-in");
        Ok(Some(mux))
    }

    /// The catcher of mails, unless a relay of the user's is meant.
    async fn start_catcher(&self, settings: &mut Settings<'_>) -> Result<Option<Catcher>, StackError> {
        settings.set("MAIL_FROM", "Streamly <no-reply@streamly.example>");
        if self.options.get("SMTP_URL").is_some() {
            self.tell("mail: by your SMTP_URL");
            return Ok(None);
        }
        let catcher =
            Catcher::start().await.map_err(|error| StackError::Server("the mail catcher", error))?;
        settings.set("SMTP_URL", catcher.smtp_url());
        self.tell("mail: caught");
        Ok(Some(catcher))
    }

    /// The scheduler of the mailer.
    fn start_drains(&self, functions: &BTreeMap<String, Process>) -> Result<Schedule, StackError> {
        let (name, path, every) = MAILER;
        let url = functions.get(name).map(|process| format!("{}{path}", process.url())).unwrap_or_default();
        Schedule::start(name, &url, every, Arc::clone(&self.options.progress))
            .map_err(|error| StackError::Server("the scheduler of mails", error))
    }

    /// Every function at once; each gets the variables that it says it reads, and no others.
    async fn start_functions(
        &self,
        settings: &Settings<'_>,
        database: &Database,
    ) -> Result<BTreeMap<String, Process>, StackError> {
        let start = |name: &String| {
            let name = name.clone();
            async move {
                let program = self.program(&name, settings, database).await?;
                let process = Process::start(program, Arc::clone(&self.watchdog)).await?;
                self.tell(&format!("{name}: answers at {}", process.url()));
                Ok::<_, StackError>((name, process))
            }
        };
        Ok(try_join_all(self.functions.iter().map(start)).await?.into_iter().collect())
    }

    /// A program with the variables that it says it reads, and no others.
    async fn program(
        &self,
        name: &str,
        settings: &Settings<'_>,
        database: &Database,
    ) -> Result<Program, StackError> {
        let path = self.options.programs.join(name);
        let variables = settings.of_function(&wanted(&path).await?, &database.url(name));
        Ok(Program {
            log: self.folder.join("logs").join(format!("{name}.log")),
            progress: Arc::clone(&self.options.progress),
            name: name.to_owned(),
            path,
            variables,
        })
    }

    /// The job, which settles with Stripe what the webhook could not.
    async fn start_reconcile(
        &self,
        settings: &Settings<'_>,
        database: &Database,
    ) -> Result<Vec<Job>, StackError> {
        let mut jobs = Vec::new();
        for (passes, every) in PASSES {
            let program = self.program(RECONCILE, settings, database).await?;
            jobs.push(Job::start(program, passes, every, Arc::clone(&self.watchdog))?);
            let (passes, every) = (passes.join(", "), every.as_secs());
            self.tell(&format!("{RECONCILE}: runs {passes} every {every} s, see logs/{RECONCILE}.log"));
        }
        Ok(jobs)
    }
}

impl Parts {
    /// Starts everything before a database that is ready, and says what `stack.env` is to hold.
    pub(super) async fn start(
        ground: &Ground,
        database: &Database,
        owner: &Client,
    ) -> Result<(Self, BTreeMap<String, String>), StackError> {
        let mut settings = Settings::new(&ground.options, &ground.secrets);
        let stripe = ground.start_stripe(&mut settings, owner).await?;
        let mux = ground.start_mux(&mut settings).await?;
        let catcher = ground.start_catcher(&mut settings).await?;
        seeds::plant(owner, mux::CLIP_SECONDS).await?;
        // Bound first and served last: the pages name it, and it needs the functions, which need the pages.
        let (listener, gateway_url) = bind(ground.options.gateway_port).await?;
        let pages = Pages::start(&ground.document, &gateway_url).await?;
        pages.introduce(&mut settings);

        let functions = ground.start_functions(&settings, database).await?;
        let reconcile = ground.start_reconcile(&settings, database).await?;
        let drains = ground.start_drains(&functions)?;
        let backends = functions
            .iter()
            .filter(|(name, _)| *name != MAILER.0)
            .map(|(name, process)| (name.clone(), Backend::new(name, &process.url())))
            .collect();
        let gateway = Gateway::on(listener, &ground.document.render(&backends)?)
            .map_err(|error| StackError::Server("the gateway", error))?;
        let webhook = format!("{gateway_url}/v1/webhooks/stripe");
        match &stripe {
            Some(stripe) => stripe.deliver_to(&webhook),
            None => {
                ground
                    .tell(&format!("Stripe: send its events here by: stripe listen --forward-to {webhook}"));
            }
        }

        let (demo_url, reference_url) = (pages.demo.url(), pages.reference.url());
        let mail_url = catcher.as_ref().map(Catcher::url);
        let (mail, desk_url) = (mail_url.as_deref(), stripe.as_ref().map(Stripe::desk_url));
        let pages_of = (mail, desk_url.as_deref());
        pages.demo.publish(pages::config(
            &settings,
            &ground.document,
            &gateway_url,
            &reference_url,
            pages_of,
        )?);
        let mut environment = settings.shown();
        environment.insert("DATABASE_URL".to_owned(), database.owner_url().to_owned());
        environment.insert("STREAMLY_GATEWAY_URL".to_owned(), gateway_url);
        environment.insert("STREAMLY_API_URL".to_owned(), reference_url);
        environment.insert("STREAMLY_DEMO_URL".to_owned(), demo_url);
        environment.insert("STREAMLY_RECONCILE_DATABASE_URL".to_owned(), database.url(RECONCILE));
        environment.extend(desk_url.map(|url| ("STREAMLY_STRIPE_DESK_URL".to_owned(), url)));
        environment.extend(mail_url.map(|url| ("STREAMLY_MAIL_URL".to_owned(), url)));
        for (name, process) in &functions {
            let name = name.to_ascii_uppercase().replace('-', "_");
            environment.insert(format!("STREAMLY_{name}_URL"), process.url());
        }
        Ok((Self { gateway, functions, reconcile, drains, catcher, stripe, mux, pages }, environment))
    }
}

/// The gateway's listener: on the port that was asked for, else on the usual one where it is free.
async fn bind(port: Option<u16>) -> Result<(TcpListener, String), StackError> {
    let on = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = match port {
        Some(port) => on(port).await.map_err(|error| StackError::Port(port, error))?,
        None => match on(GATEWAY_PORT).await {
            Ok(listener) => listener,
            Err(_) => on(0).await.map_err(|error| StackError::Port(0, error))?,
        },
    };
    let address = listener.local_addr().map_err(|error| StackError::Server("the gateway", error))?;
    Ok((listener, format!("http://{address}")))
}

/// The variables that a function reads, by its own account.
async fn wanted(path: &Path) -> Result<Vec<String>, StackError> {
    #[derive(Deserialize)]
    struct Variable {
        name: String,
    }
    let answer: io::Result<_> = Command::new(path).arg("--print-variables").env_clear().output().await;
    let absent = || StackError::Program(path.to_owned());
    let variables: Vec<Variable> =
        serde_json::from_slice(&answer.map_err(|_| absent())?.stdout).map_err(|_| absent())?;
    Ok(variables.into_iter().map(|variable| variable.name).collect())
}
