//! The migrate job: brings the database to the newest schema, and exits 0 once it is there. Safe to run twice, and beside
//! itself.
//!
//! Variables: `DATABASE_URL` (the owner's), `DATABASE_CA_FILE`.

use functions_framework::{Error, Severity, env, log};
use std::process::ExitCode;

fn main() -> ExitCode {
    functions_framework::main(async {
        let config = env::read_job(migrate::Config::read)?;
        let applied = migrate::apply(&config.database, config.ca.as_ref(), migrate::MIGRATIONS, |name| {
            log(Severity::Info, &format!("applied {name}"), &[("migration", name.into())]);
        })
        .await
        .map_err(Error::from)?;
        log(
            Severity::Info,
            &format!("the schema is up to date, {applied} applied"),
            &[("applied", applied.into())],
        );
        Ok(())
    })
}
